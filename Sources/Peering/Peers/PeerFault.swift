public import Wire

/// What a peer did wrong, as the other parts of the node report it. A fault has a weight, and some end the connection
/// at once. Weights add up per address and are forgiven slowly (`PeeringLimits.forgiveInterval`).
public enum PeerFault: Hashable, Sendable {
    /// Bytes or a message against the protocol.
    case violation(Violation)
    /// A block that breaks the rules of the ledger. A relay checks before it passes on, so the sender knew or made it.
    case invalidBlock
    /// A transaction that no state of the chain could accept.
    case invalidTransaction
    /// Asked for a height that it had claimed, the peer did not have it.
    case falseHeight
    /// A request was not answered in time.
    case stalled
    /// An answer that nobody had asked for.
    case unsolicitedAnswer
    /// The message rate was exceeded for longer than the configuration allows (`protocol.md`, "Rates").
    case rateLimitExceeded
    /// The write queue to the peer stayed over its high-water mark.
    case slowReader

    /// The weight; `PeeringLimits.banScore` bans.
    public var score: Int {
        switch self {
        case .violation(.payloadIsObject): 0
        case .violation(.frameTooSlow): 20
        case .violation: PeerFault.violationScore
        case .invalidBlock: 100
        case .invalidTransaction: 10
        case .falseHeight: 20
        case .stalled: 10
        case .unsolicitedAnswer: 2
        case .rateLimitExceeded: 50
        case .slowReader: 0
        }
    }

    /// Two violations in short time are no accident.
    static let violationScore = 50

    /// The reason with which the connection ends at once; `nil` when the score alone counts.
    public var disconnectReason: DisconnectReason? {
        switch self {
        case .violation(let violation): violation.reason
        case .invalidBlock: .invalidBlock
        case .rateLimitExceeded: .rateLimitExceeded
        case .slowReader: .slowReader
        case .invalidTransaction, .falseHeight, .stalled, .unsolicitedAnswer: nil
        }
    }
}

extension Violation {
    /// The reason with which such a connection ends.
    fileprivate var reason: DisconnectReason {
        switch self {
        case .payloadIsObject: .otherDialect
        case .frameTooSlow: .frameTimeout
        case .badSignature, .foreignSignature: .badSignature
        default: .protocolViolation
        }
    }
}
