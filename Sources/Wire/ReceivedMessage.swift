public import Primitives

/// What one frame of a peer says, with what its envelope tells beside it.
///
/// What is wrong inside an envelope is a value here, not an error: whether the peer may say anything yet and whose signatures are
/// expected of it comes before what its payload holds, and only the core knows.
public struct ReceivedMessage: Hashable, Sendable {
    public enum Content: Hashable, Sendable {
        case message(Message)
        /// Of a type that this version does not know, by its number on the wire: to be ignored and counted.
        case unknown(UInt64)
        /// Of a known type, and not what that type demands, or signed by nobody.
        case malformed(MessageType, Violation)
    }

    public var content: Content
    /// Whose key signed it; `nil` when it is unsigned, or signed by nobody. Not yet compared with anything.
    public var signer: Address?
    /// The bytes of its frame with the prefix, for the counters.
    public var byteCount: Int

    public init(_ content: Content, signer: Address? = nil, byteCount: Int) {
        self.content = content
        self.signer = signer
        self.byteCount = byteCount
    }

    /// The type, if this version knows it.
    public var type: MessageType? {
        switch content {
        case .message(let message): message.type
        case .malformed(let type, _): type
        case .unknown: nil
        }
    }
    /// Checks that what is signed is signed by `expected`, the identity that the sender's handshake named, where it named one.
    public func checkSigner(expected: Address?) throws(Violation) {
        try Violation.check(signer: signer, expected: expected)
    }
}
