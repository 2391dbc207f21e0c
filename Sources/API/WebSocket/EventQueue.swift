internal import Chain
internal import ChainService
internal import Ledger
internal import Node
internal import Synchronization

/// What happened and was not yet told, on its way from the chain worker's thread to the API's. Bounded.
///
/// Of the mempool only the last count is kept, so that it never takes another event's place. A queue that is full drops events, new
/// ones first; it is full only when the API's thread has stood still for seconds, and clients see the gap in the heights.
final class EventQueue: Sendable {
    struct Batch: Sendable {
        /// Moves of the head and transactions, in order.
        var events: [NodeEvent] = []
        /// The mempool's last count, when it changed.
        var mempoolCount: Int?
        /// Events that the queue had no room for.
        var dropped = 0
        /// What the events will be rendered to.
        fileprivate var weight = 0
    }

    private let waiting = Mutex(Batch())
    private let capacity: Int

    /// - Parameter capacity: events, a move of the head counting as one, one for each block and one for each transaction in them.
    init(capacity: Int) {
        self.capacity = capacity
    }

    /// Takes events in; true when nothing waited before, so that somebody must be told to `drain`.
    func append(_ events: [NodeEvent]) -> Bool {
        waiting.withLock { batch in
            let wasEmpty = batch.events.isEmpty && batch.mempoolCount == nil && batch.dropped == 0
            for event in events {
                let weight: Int
                switch event {
                case .mempool(let count):
                    batch.mempoolCount = count
                    continue
                case .headMoved(_, let blocks): weight = 1 + blocks.reduce(0) { $0 + 1 + $1.transactions.count }
                case .transaction: weight = 1
                }
                // A move alone in the queue is told whatever its size. Where there is no room for its blocks, it is told by its head.
                guard batch.weight + weight <= capacity || batch.events.isEmpty else {
                    batch.dropped += 1
                    if case .headMoved(let move, _) = event, batch.weight < capacity {
                        batch.weight += 1
                        batch.events.append(.headMoved(move, blocks: []))
                    }
                    continue
                }
                batch.weight += weight
                batch.events.append(event)
            }
            return wasEmpty
        }
    }

    /// Everything that waits.
    func drain() -> Batch {
        waiting.withLock { batch in
            defer { batch = Batch() }
            return batch
        }
    }
}
