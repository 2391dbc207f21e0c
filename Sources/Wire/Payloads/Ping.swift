/// The payload of Ping (8) and Pong (9): the answer repeats the nonce and carries the answerer's own height.
public struct Ping: Hashable, Sendable {
    /// What ties the answer to the question.
    public var nonce: UInt64
    /// The best height of the sender of this message.
    public var height: UInt64

    public init(nonce: UInt64, height: UInt64) {
        self.nonce = nonce
        self.height = height
    }
}
