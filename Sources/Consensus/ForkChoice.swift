public import Ledger

/// Which of two competing chains every node settles on: the one of greater total weight (2 for a block in turn, 1 out
/// of turn: `ChainRules.weight`), and of equal ones the one with the lower head hash (`ledger.md`, "Proof of authority").
/// It depends on nothing but the chains, so all nodes that see both choose alike.
///
/// Only the comparison stands here. The reorganisation comes later, in this place: the block index that keeps side
/// chains with their weights, finding the fork point by asking a peer for single heights further and further back,
/// undoing to it (`ChainEngine.undoHead`), applying the winner, and handing the loser's transactions to
/// `Mempool.blockUndone`.
public enum ForkChoice {
    /// Whether a node whose head is `current` moves to `candidate`.
    ///
    /// - Parameters:
    ///   - forkHeight: the last height that both chains share.
    ///   - finalityFloor: the height below which nothing is undone: a fork point below it is never taken. 0 today, where
    ///     only the genesis is final; explicit votes will raise it. Weight alone never does: under a partition two halves
    ///     can each count an authority that changed sides.
    public static func prefers(
        _ candidate: Head, over current: Head, forkHeight: UInt64, finalityFloor: UInt64 = 0
    ) -> Bool {
        guard forkHeight >= finalityFloor else { return false }
        if candidate.totalWeight != current.totalWeight { return candidate.totalWeight > current.totalWeight }
        return candidate.hash < current.hash
    }
}
