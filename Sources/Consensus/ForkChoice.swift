public import Primitives

/// The weight of a chain: 2 for each block in turn, 1 for each out of turn (`ledger.md`, "Proof of authority").
///
/// A chain of blocks in turn is thus heavier than any chain of takeovers of the same length.
public struct ChainWeight: Hashable, Comparable, Sendable {
    public private(set) var total: UInt64

    public static let zero = ChainWeight(total: 0)
    public static let blockInTurn: UInt64 = 2
    public static let blockOutOfTurn: UInt64 = 1

    public init(total: UInt64) {
        self.total = total
    }

    /// The weight with one more block on top. `rank` is `ProducerSchedule.takeoverRank`: 0 in turn.
    public func adding(blockOfRank rank: Int) -> ChainWeight {
        let (sum, overflow) = total.addingReportingOverflow(rank == 0 ? Self.blockInTurn : Self.blockOutOfTurn)
        return ChainWeight(total: overflow ? .max : sum)
    }

    public static func < (left: ChainWeight, right: ChainWeight) -> Bool { left.total < right.total }
}

/// One of several competing chains, seen from its tip.
public struct ChainCandidate: Hashable, Sendable {
    /// Of the whole chain, or of the part above the fork point: the same measure on both sides.
    public var weight: ChainWeight
    public var tipHash: Hash32

    public init(weight: ChainWeight, tipHash: Hash32) {
        self.weight = weight
        self.tipHash = tipHash
    }
}

/// Which of two competing chains every node settles on: the heavier one, and of equal ones the one with the lower tip
/// hash (`ledger.md`). It depends on nothing but the chains, so all nodes that see both choose alike.
///
/// Only the comparison stands here. The reorganisation comes later, in this place: the block index that keeps side
/// chains with their weights, finding the fork point by asking a peer for single heights further and further back,
/// undoing to it (`ChainEngine.undoTip`), applying the winner, and handing the loser's transactions to
/// `Mempool.blockUndone`.
public enum ForkChoice {
    /// Whether a node on `current` moves to `candidate`.
    ///
    /// - Parameters:
    ///   - forkHeight: the last height that both chains share.
    ///   - finalityFloor: the height below or at which nothing is undone. 0 today, where only the genesis is final;
    ///     explicit votes will raise it. Weight alone never does: under a partition two halves can each count an
    ///     authority that changed sides.
    public static func prefers(
        _ candidate: ChainCandidate, over current: ChainCandidate, forkHeight: UInt64, finalityFloor: UInt64 = 0
    ) -> Bool {
        guard forkHeight >= finalityFloor else { return false }
        if candidate.weight != current.weight { return candidate.weight > current.weight }
        return candidate.tipHash < current.tipHash
    }
}
