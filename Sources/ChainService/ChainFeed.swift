package import Chain
package import Ledger
package import Mempool
internal import Synchronization

/// Carries what the chain's thread changes to those who watch: keeps the `MempoolView` and calls the observers.
///
/// It hears of changes one by one and tells the observers of all that one command changed together, in `flush`.
// Unchecked: `events` and `hasMempoolChanged` are touched on the chain's thread only; the rest has its locks.
package final class ChainFeed: ChainObserver, @unchecked Sendable {
    package typealias Handler = @Sendable ([NodeEvent]) -> Void

    package let mempool = MempoolView()
    /// By number, in the order in which they came.
    private let handlers = Mutex<(list: [(number: UInt64, handler: Handler)], last: UInt64)>(([], 0))
    /// Whether there are handlers, without the lock.
    private let isObserved = Atomic(false)
    /// Of the command under way. Bounded by the largest batch of transactions or the `NodeEvent.maxToldBlocks`.
    private var events: [NodeEvent] = []
    private var hasMempoolChanged = false
    private let sharing = CoreSharing()

    // MARK: Observers, from any thread

    package func observe(_ handler: @escaping Handler) -> NodeObservation {
        let number = handlers.withLock { handlers in
            handlers.last += 1
            handlers.list.append((handlers.last, handler))
            isObserved.store(true, ordering: .relaxed)
            return handlers.last
        }
        return NodeObservation { [weak self] in self?.forget(number) }
    }

    private func forget(_ number: UInt64) {
        handlers.withLock { handlers in
            handlers.list.removeAll { $0.number == number }
            isObserved.store(!handlers.list.isEmpty, ordering: .relaxed)
        }
    }

    // MARK: Changes, on the chain's thread

    package func admitted(_ transaction: PreparedTransaction) {
        defer { sharing.yield() }
        mempool.add(transaction)
        hasMempoolChanged = true
        if isObserved.load(ordering: .relaxed) { events.append(.transaction(transaction)) }
    }

    package func removed(_ removals: [MempoolRemoval]) {
        mempool.remove(removals)
        hasMempoolChanged = true
    }

    package func moved(_ move: HeadMove, blocks: [PreparedBlock]) {
        guard isObserved.load(ordering: .relaxed) else { return }
        events.append(.headMoved(move, blocks: blocks.count <= NodeEvent.maxToldBlocks ? blocks : []))
    }

    /// Tells the observers what happened since the last call.
    func flush() {
        defer { hasMempoolChanged = false }
        guard isObserved.load(ordering: .relaxed) else {
            events.removeAll()
            return
        }
        if hasMempoolChanged { events.append(.mempool(count: mempool.count)) }
        guard !events.isEmpty else { return }
        var told: [NodeEvent] = []
        swap(&told, &events)
        // Called without the lock: a handler may cancel its observation.
        for (_, handler) in handlers.withLock({ $0.list }) { handler(told) }
    }
}
