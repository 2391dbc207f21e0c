public import Chain
public import Ledger
internal import Synchronization

/// What happened to the chain and the mempool of a running node, for those who watch it.
///
/// A move of the head is told once it is on disk and the transactions of its new blocks have left the mempool: whoever hears of it can read
/// them (`Node.chain`). A transaction is told once it is in `Node.mempool`; those of undone blocks that wait again are told after the move.
public enum NodeEvent: Sendable {
    /// The chain has another head: a block by gossip, our own, a range that sync applied, or in time another branch. `blocks` are those that
    /// were applied, or none of them when they are more than `NodeEvent.maxToldBlocks`.
    case headMoved(HeadMove, blocks: [PreparedBlock])
    /// Admitted to the mempool.
    case transaction(PreparedTransaction)
    /// The mempool changed and has this many transactions now. Told once for all that one piece of work changed, after its other events.
    case mempool(count: Int)

    /// Blocks of one move that are told one by one. A watcher that was a few blocks behind misses none; a node that
    /// syncs a thousand blocks a second does not build an event for every transaction of the past.
    public static let maxToldBlocks = 10
}

/// Somebody listens to a node's events for as long as this value lives.
public final class NodeObservation: Sendable {
    private let end: Mutex<(@Sendable () -> Void)?>

    init(onCancel: @escaping @Sendable () -> Void) {
        end = Mutex(onCancel)
    }

    /// Ends the observation. A call of the handler that is under way on the chain worker's thread may still come to its end after
    /// this returns; no other begins. Further calls do nothing.
    public func cancel() {
        let end = end.withLock { end in
            defer { end = nil }
            return end
        }
        end?()
    }

    deinit {
        cancel()
    }
}
