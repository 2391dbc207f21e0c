public import Ledger
public import Primitives

/// A transaction that has left the mempool, and why.
public struct MempoolRemoval: Hashable, Sendable {
    public enum Reason: Hashable, Sendable {
        /// A block holds it.
        case included
        /// A block holds another transaction of the sender that takes its nonce (strict rules: its nonce or a higher one).
        case nonceTaken
        /// The sender's balance fell below what its pending transactions need together.
        case cannotPay
        /// The pool was full, and its sender had the most in it.
        case evicted
        /// It waited for `MempoolLimits.lifetime`.
        case expired
        /// The ledger refused it when a block was made of it.
        case refused(TransactionRejection)
    }

    public var hash: Hash32
    public var reason: Reason

    public init(hash: Hash32, reason: Reason) {
        self.hash = hash
        self.reason = reason
    }
}

/// What came into the mempool or left it, one step of a change with several.
public enum MempoolChange: Sendable {
    case admitted(PreparedTransaction)
    case removed(MempoolRemoval)
}
