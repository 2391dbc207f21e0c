public import Network
public import Primitives

/// How messages stand in frames. Two links of one node may speak different ones, so a message is encoded once for each dialect among its
/// receivers.
///
/// An enum and no protocol: dialects are few and known, a link's is a value that can be compared and remembered for an address, and the
/// `switch` costs nothing per message. Whoever adds a case is shown each place by the compiler. The dialect of the published Go nodes
/// (`Violation.payloadIsObject`) will be the next; a link of which it is not known yet finds it out from the peer's first frame.
public enum Dialect: Hashable, Sendable, CaseIterable {
    /// That of `docs/protocol.md`: an envelope with the payload in base64.
    case podoru

    /// Whether messages of this type can be said in it; what cannot is not sent.
    public func expresses(_ type: MessageType) -> Bool {
        switch self {
        case .podoru: true
        }
    }

    /// Reads one whole frame without its prefix.
    ///
    /// Cost: one pass over the envelope and one allocation for the payload, one more for each transaction of a batch; a key recovery, about
    /// 40 µs, for a signed message.
    ///
    /// - Throws: when the envelope is none. What is wrong inside it is `ReceivedMessage.Content.malformed`.
    public func decode(_ frame: UnsafeRawBufferPointer) throws(Violation) -> ReceivedMessage {
        switch self {
        case .podoru: try PodoruDialect.decode(frame)
        }
    }

    /// Writes a message into a whole frame with its prefix, the same for all who speak this dialect.
    ///
    /// - Parameters:
    ///   - timestamp: unix seconds.
    ///   - identity: signs what this dialect signs, the handshake alone, which costs about 30 µs: blocks and transactions carry
    ///     signatures of their own, and who relays another's bytes sends them unsigned.
    /// - Returns: `nil` when the dialect has no words for it or its frame would pass `maxFrameBytes`. Whoever makes messages
    ///   keeps them short enough, so nothing is sent then.
    public func encode(
        _ message: Message, timestamp: Int64, identity: PrivateKey? = nil, maxFrameBytes: Int = NetworkLimits.maxFrameBytes
    ) -> [UInt8]? {
        guard expresses(message.type) else { return nil }
        switch self {
        case .podoru: return PodoruDialect.encode(message, timestamp: timestamp, identity: identity, maxFrameBytes: maxFrameBytes)
        }
    }
}
