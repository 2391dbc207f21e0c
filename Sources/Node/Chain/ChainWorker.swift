internal import DequeModule
internal import Dispatch
internal import EventLoop
internal import Framing
internal import Ledger
internal import Mempool
internal import Primitives
internal import ProtocolCore
internal import Storage
internal import Sync
internal import Synchronization

/// The chain's own thread: the one writer of the store. Commands come in from the loop, reports go back in batches.
///
/// Preparing ranges does not wait in line: it runs on all cores while the thread applies the range before.
final class ChainWorker: ChainService, Sendable {
    typealias Report = @Sendable ([ChainReport]) -> Void
    typealias Answer = @Sendable (_ id: ConnectionID, _ frame: [UInt8]?) -> Void

    /// Who listens. Set once before the first command.
    struct Outputs: Sendable {
        var report: Report
        var answer: Answer
        /// Blocks that a peer asked for could not be read.
        var readFailed: @Sendable (_ range: HeightRange, _ reason: String) -> Void
        /// The store failed: the node must stop. Called once.
        var failed: @Sendable (_ reason: String) -> Void
    }

    private enum Job: Sendable {
        case command(ChainCommand)
        case prepared(SyncTicket, Result<[PreparedBlock], MalformedRange>)
        case call(@Sendable (ChainProcessor) -> Void)
        case stop(@Sendable () -> Void)
    }

    private struct Inbox: Sendable {
        var jobs: Deque<Job> = []
        var isStopped = false
    }

    /// Bounded by what the core has outstanding: `SyncConfiguration.heldRanges`, `CoreLimits.uncheckedTransactionsPerPeer` for
    /// each peer, one block in production, a few in validation.
    private let inbox = Mutex(Inbox())
    private let wake = DispatchSemaphore(value: 0)
    private let pool: SignaturePool
    /// Gone once the worker has stopped: it holds the store's files open.
    private let reader: Mutex<StoreReader?>
    private let preparing = DispatchQueue(label: "podoru.prepare", qos: .userInitiated)
    private let serving = DispatchQueue(label: "podoru.serve", qos: .utility)
    private let outputs = Mutex<Outputs?>(nil)
    private let maxFrameBytes: Int
    private let isPaused = Atomic(false)
    /// Transactions in the mempool after the last command, for whoever wants to know where the node stands.
    private let pendingTransactions = Atomic(0)

    /// How often the mempool is looked at for what has waited too long.
    private static let housekeepingInterval = DispatchTimeInterval.seconds(10)

    init(pool: SignaturePool, reader: StoreReader, maxFrameBytes: Int) {
        self.pool = pool
        self.reader = Mutex(reader)
        self.maxFrameBytes = maxFrameBytes
    }

    /// Starts the thread. It owns `processor` from here on.
    func start(_ processor: sending ChainProcessor, outputs: Outputs) {
        self.outputs.withLock { $0 = outputs }
        let handover = Handover(processor)
        SystemThread.start(name: "chain") { [self] in
            var done: (@Sendable () -> Void)?
            if let processor = handover.take() { done = run(processor, outputs) }
            // The processor is gone, and with it the writing end of the store. Reads under way end first, then its files close.
            reader.withLock { $0 = nil }
            serving.sync {}
            done?()
        }
    }

    /// Brings the processor to its thread, which alone holds it from then on.
    // Unchecked: written before the thread starts, taken once by the thread.
    private final class Handover: @unchecked Sendable {
        private var processor: ChainProcessor?

        init(_ processor: sending ChainProcessor) {
            self.processor = processor
        }

        func take() -> ChainProcessor? {
            defer { processor = nil }
            return processor
        }
    }

    func submit(_ command: ChainCommand) {
        if case .prepareRange(let ticket, let range, let payload) = command {
            // Cutting the answer into blocks is work too, so it is not done on the loop's thread either.
            preparing.async { [self] in
                pool.prepare(range: range, payload: payload) { result in self.post(.prepared(ticket, result)) }
            }
        } else {
            post(.command(command))
        }
    }

    /// Runs `body` on the chain's thread, between two commands.
    func perform(_ body: @escaping @Sendable (ChainProcessor) -> Void) {
        post(.call(body))
    }

    /// For reads beside the writer; `nil` once the worker has stopped.
    var storeReader: StoreReader? { reader.withLock { $0 } }

    /// Transactions that wait for a block.
    var mempoolCount: Int { pendingTransactions.load(ordering: .relaxed) }

    var isProductionPaused: Bool { isPaused.load(ordering: .relaxed) }

    /// Makes no more blocks, whatever the core orders.
    func pauseProduction() {
        isPaused.store(true, ordering: .relaxed)
    }

    /// Finishes the command under way, drops the rest, closes the store, and calls back on the chain's thread.
    func stop(_ done: @escaping @Sendable () -> Void) {
        inbox.withLock { inbox in
            inbox.jobs.removeAll()
            inbox.jobs.append(.stop(done))
        }
        wake.signal()
    }

    private func post(_ job: Job) {
        let isAccepted = inbox.withLock { inbox in
            if !inbox.isStopped { inbox.jobs.append(job) }
            return !inbox.isStopped
        }
        if isAccepted { wake.signal() }
    }

    // MARK: The thread

    /// Works until it is told to stop; returns who wants to know of the end.
    private func run(_ processor: ChainProcessor, _ outputs: Outputs) -> @Sendable () -> Void {
        var reports: [ChainReport] = []
        while true {
            let hasTimedOut = wake.wait(timeout: .now() + ChainWorker.housekeepingInterval) == .timedOut
            if hasTimedOut {
                processor.tick(at: ChainWorker.moment)
                continue
            }
            guard let job = inbox.withLock({ $0.jobs.popFirst() }) else { continue }
            switch job {
            case .command(.produceBlock(let timestamp)) where isPaused.load(ordering: .relaxed):
                reports.append(.productionSkipped(timestamp: timestamp, reason: "producing is paused"))
            case .command(let command):
                do {
                    try processor.handle(command, at: ChainWorker.moment) { report in
                        if case .blockValidated = report {
                            // At once: the relay must not wait for the disk.
                            outputs.report(reports + [report])
                            reports.removeAll(keepingCapacity: true)
                        } else {
                            reports.append(report)
                        }
                    }
                } catch {
                    inbox.withLock { inbox in
                        inbox.isStopped = true
                        inbox.jobs.removeAll { if case .stop = $0 { false } else { true } }
                    }
                    outputs.failed("\(error)")
                }
            case .prepared(let ticket, let result): processor.install(ticket, result) { reports.append($0) }
            case .call(let body): body(processor)
            case .stop(let done):
                inbox.withLock { $0.isStopped = true }
                return done
            }
            pendingTransactions.store(processor.mempool.count, ordering: .relaxed)
            if !reports.isEmpty {
                outputs.report(reports)
                reports.removeAll(keepingCapacity: true)
            }
        }
    }

    private static var moment: Moment { Moment(uptime: SystemClock.uptime, unixMilliseconds: SystemClock.unixMilliseconds) }

    // MARK: Serving blocks

    /// Reads from a snapshot of its own, beside the writer; one request after the other, so that serving takes one core at most.
    func readBlocks(_ range: HeightRange, isSingle: Bool, for id: ConnectionID) {
        guard let outputs = outputs.withLock({ $0 }) else { return }
        serving.async { [self] in
            var payload = isSingle ? [] : BlockResponse.encode([]).payload
            do {
                payload = try self.payload(of: range, isSingle: isSingle)
            } catch {
                // Answers are told apart by their order only, so a peer is told that we have none rather than nothing.
                outputs.readFailed(range, "\(error)")
            }
            let timestamp = ChainWorker.moment.unixSeconds
            outputs.answer(
                id, try? FrameEncoder.frame(type: .blockResponse, payload: payload, timestamp: timestamp, maxFrameBytes: maxFrameBytes))
        }
    }

    private func payload(of range: HeightRange, isSingle: Bool) throws -> [UInt8] {
        // After the end there is nothing to read from, and nobody to answer.
        guard let reader = reader.withLock({ $0 }) else { return [] }
        return try reader.read { snapshot in
            if isSingle { return try snapshot.block(atHeight: range.first) ?? [] }
            let room = FrameEncoder.maxPayloadBytes(maxFrameBytes: maxFrameBytes)
            return try snapshot.blocks(from: range.first, count: min(range.count, NetworkLimits.rangeCount), maximumBytes: room).payload
        }
    }
}
