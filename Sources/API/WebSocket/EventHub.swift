internal import Chain
internal import ChainService
internal import DequeModule
internal import Ledger
internal import Logging
internal import NIOCore
internal import NIOWebSocket
internal import Node
internal import Platform
internal import Primitives

/// Tells WebSocket clients what happens on the node. On the API's thread.
///
/// It observes the node only while there are clients, and renders an event only when one of them wants its kind. What several
/// clients want is one buffer that all of them share: with four kinds there are at most fifteen different ones, however many
/// clients.
// Unchecked: after `init` it is used on the loop's thread only; the observation's handler touches the queue and the executor, which are Sendable.
final class EventHub: @unchecked Sendable {
    private let node: Node
    private let loop: any EventLoop
    private let executor: LoopExecutor
    private var limits: APILimits
    private let logger: Logger
    private let queue: EventQueue
    private let authorities: [ByteString]

    private var clients: [ObjectIdentifier: WebSocketConnection] = [:] {
        didSet { counters.setWebSocketClients(clients.count) }
    }
    private let counters: APICounters
    private var observation: NodeObservation?
    /// The newest admitted transactions, the newest last.
    private var recent: Deque<Hash32> = []
    private var mempoolCount: Int?
    private var lastMempoolUpdate: NIODeadline
    private var mempoolTimer: Scheduled<Void>?

    init(node: Node, loop: any EventLoop, executor: LoopExecutor, limits: APILimits, logger: Logger, counters: APICounters) {
        self.node = node
        self.loop = loop
        self.executor = executor
        self.limits = limits
        self.logger = logger
        self.counters = counters
        queue = EventQueue(capacity: limits.waitingEvents)
        authorities = node.chain.genesis.authorities
        lastMempoolUpdate = loop.now - limits.mempoolInterval
    }

    // MARK: Clients

    var clientCount: Int { clients.count }
    var isObserving: Bool { observation != nil }
    var isFull: Bool { clients.count >= limits.webSocketClients }

    /// Takes changed limits. Clients above a smaller one stay.
    func take(_ limits: APILimits) { self.limits = limits }

    func add(_ client: WebSocketConnection) {
        clients[ObjectIdentifier(client)] = client
        guard observation == nil else { return }
        let (queue, executor) = (queue, executor)
        recent = Deque(node.mempool.oldest(EventHub.seedCount).suffix(limits.recentHashes).map(\.hash))
        weak let hub = self
        observation = node.observe { events in
            if queue.append(events) { executor.perform { hub?.drain() } }
        }
    }

    /// Pending transactions that are looked through for the newest when the first client comes: about 0.2 ms.
    private static let seedCount = 2000

    func remove(_ client: WebSocketConnection) {
        clients[ObjectIdentifier(client)] = nil
        if clients.isEmpty { end() }
    }

    /// Observes no more.
    func end() {
        observation?.cancel()
        observation = nil
        mempoolTimer?.cancel()
        mempoolTimer = nil
        mempoolCount = nil
        _ = queue.drain()
    }

    // MARK: Events

    private func drain() { take(queue.drain()) }

    /// As if the node had told these, for tests.
    func take(_ events: [NodeEvent]) {
        _ = queue.append(events)
        drain()
    }

    private func take(_ batch: EventQueue.Batch) {
        guard !clients.isEmpty else { return }
        if batch.dropped > 0 { logger.warning("\(batch.dropped) events were not told: too many at once") }
        for event in batch.events {
            guard case .transaction(let transaction) = event else { continue }
            if recent.count >= limits.recentHashes { recent.removeFirst() }
            recent.append(transaction.hash)
        }
        let wanted = clients.values.reduce(into: EventKinds()) { $0.formUnion($1.subscription.wanted) }
        tell(render(batch.events, wanted))
        if let count = batch.mempoolCount {
            mempoolCount = count
            updateMempool()
        }
    }

    private struct Rendered {
        var kind: EventKinds
        var text: [UInt8]
    }

    private func render(_ events: [NodeEvent], _ wanted: EventKinds) -> [Rendered] {
        var rendered: [Rendered] = []
        func add(_ kind: EventKinds, _ text: @autoclosure () -> [UInt8]) {
            if wanted.contains(kind) { rendered.append(Rendered(kind: kind, text: text())) }
        }
        for event in events {
            switch event {
            case .transaction(let transaction):
                add(.newTransaction, EventRenderer.newTransaction(transaction, status: "pending"))
            case .headMoved(let move, let blocks):
                // What was undone is told with the first head after it.
                var undone = move.undone
                for block in blocks {
                    add(.newBlock, EventRenderer.newBlock(block))
                    for transaction in block.transactions {
                        guard let transaction else { continue }
                        add(.newTransaction, EventRenderer.newTransaction(transaction, status: "confirmed"))
                    }
                    let header = block.block.header ?? BlockHeader()
                    add(.chainUpdate, chainUpdate(header.height, block.hash, header.timestamp, undone))
                    undone = []
                }
                if blocks.isEmpty { add(.chainUpdate, chainUpdate(move.to.height, move.to.hash, move.to.timestamp, undone)) }
            case .mempool: break
            }
        }
        return rendered
    }

    private func chainUpdate(_ height: UInt64, _ hash: Hash32, _ timestamp: Int64, _ undone: [Hash32]) -> [UInt8] {
        EventRenderer.chainUpdate(height: height, hash: hash, timestamp: timestamp, authorities: authorities, undone: undone)
    }

    /// Writes to each client what it wants of these, all in one buffer.
    private func tell(_ events: [Rendered]) {
        guard !events.isEmpty else { return }
        var buffers: [EventKinds: ByteBuffer] = [:]
        for client in Array(clients.values) {
            let wanted = client.subscription.wanted
            if buffers[wanted] == nil {
                var buffer = ByteBuffer()
                for event in events where wanted.contains(event.kind) { FrameWriter.write(.text, event.text, into: &buffer) }
                buffers[wanted] = buffer
            }
            if let buffer = buffers[wanted], buffer.readableBytes > 0 { client.tell(buffer) }
        }
    }

    // MARK: The mempool, a few times a second

    private func updateMempool() {
        guard mempoolTimer == nil else { return }
        let due = lastMempoolUpdate + limits.mempoolInterval
        if loop.now >= due {
            tellMempool()
        } else {
            mempoolTimer = loop.scheduleTask(deadline: due) { [weak self] in
                self?.mempoolTimer = nil
                self?.tellMempool()
            }
        }
    }

    private func tellMempool() {
        guard let count = mempoolCount else { return }
        mempoolCount = nil
        lastMempoolUpdate = loop.now
        guard clients.values.contains(where: { $0.subscription.wanted.contains(.mempoolUpdate) }) else { return }
        let mempool = node.mempool
        recent.removeAll { mempool.transaction($0) == nil }
        let text = EventRenderer.mempoolUpdate(count: count, recent: recent.reversed(), now: SystemClock.unixSeconds)
        tell([Rendered(kind: .mempoolUpdate, text: text)])
    }
}
