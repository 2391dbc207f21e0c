internal import Ledger
internal import Primitives

/// A transaction in the mempool: valid by itself, its signature verified.
///
/// A class, so that the queue of a sender and the index by hash hold one copy; immutable, so that it may cross threads.
final class PendingTransaction: Sendable {
    let prepared: PreparedTransaction
    let sender: Address
    // Beside the transaction, because a search among many looks at nothing else of them.
    let nonce: UInt64
    let hash: Hash32
    let size: Int
    /// What it takes from its sender (`ChainRules.spending`). What it may pay to its sender itself is not
    /// counted, so its order among others does not matter.
    let spending: Amount
    /// What it counts against the bounds of the pool.
    let charge: Int
    /// Its place in the order of admission; never used twice.
    let arrival: UInt64
    let admittedAt: Nanoseconds

    init(
        _ prepared: PreparedTransaction, sender: Address, spending: Amount, charge: Int, arrival: UInt64,
        admittedAt: Nanoseconds
    ) {
        self.prepared = prepared
        self.sender = sender
        nonce = prepared.nonce
        hash = prepared.hash
        size = prepared.size
        self.spending = spending
        self.charge = charge
        self.arrival = arrival
        self.admittedAt = admittedAt
    }
}
