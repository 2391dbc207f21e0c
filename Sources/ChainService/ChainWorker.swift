package import Chain
internal import DequeModule
internal import Dispatch
internal import EventLoop
internal import Ledger
internal import Mempool
package import Network
internal import Platform
package import Primitives
package import Storage
internal import Sync
internal import Synchronization
internal import WholeFiles

/// The chain's own thread: the one writer of the store. Commands come in from the loop, reports go back in batches.
///
/// Preparing ranges does not wait in line: it runs on all cores while the thread applies the range before.
package final class ChainWorker: Sendable {
    package typealias Report = @Sendable ([ChainReport]) -> Void
    package typealias Answer = @Sendable (_ id: PeerID, _ frame: [UInt8]?) -> Void
    package typealias ThreadStarter = @Sendable (_ name: String, _ body: @escaping @Sendable () -> Void) -> Bool

    /// Who listens. Set once before the first command.
    package struct Outputs: Sendable {
        var report: Report
        var answer: Answer
        /// Blocks that a peer asked for could not be read.
        var readFailed: @Sendable (_ range: HeightRange, _ reason: String) -> Void
        /// The store failed: the node must stop. Called once.
        var failed: @Sendable (_ reason: String) -> Void

        package init(
            report: @escaping Report, answer: @escaping Answer,
            readFailed: @escaping @Sendable (_ range: HeightRange, _ reason: String) -> Void,
            failed: @escaping @Sendable (_ reason: String) -> Void
        ) {
            self.report = report
            self.answer = answer
            self.readFailed = readFailed
            self.failed = failed
        }
    }

    private enum Job: Sendable {
        case command(ChainCommand)
        case prepared(SyncTicket, Result<[PreparedBlock], MalformedRange>)
        /// Submissions wait at the desk.
        case submissions
        /// Transactions of the last run wait to be taken back.
        case kept
    }

    /// How far the thread has come.
    private enum Phase {
        case running
        /// It is to end after the job under way.
        case stopping
        /// The store failed: nothing is taken any more.
        case failed
        /// There is no thread, and what it held is gone.
        case ended
    }

    private struct Inbox {
        var jobs: Deque<Job> = []
        var phase = Phase.ended
        /// Who wants to know of the end. One for each call of `stop`.
        var stopWaiters: [@Sendable () -> Void] = []
    }

    /// Bounded by what the core has outstanding: `SyncConfiguration.heldRanges`, `CoreLimits.uncheckedTransactionsPerPeer` for
    /// each peer, one block in production, a few in validation. Submissions wait at the desk, with one job here for all of them.
    private let inbox = Mutex(Inbox())
    private let wake = DispatchSemaphore(value: 0)
    private let pool: SignaturePool
    /// Gone once the worker has stopped: it holds the store's files open.
    let reader: Mutex<StoreReader?>
    private let preparing = DispatchQueue(label: "podoru.prepare", qos: .userInitiated)
    let serving = DispatchQueue(label: "podoru.serve", qos: .utility)
    let outputs = Mutex<Outputs?>(nil)
    let maxFrameBytes: Int
    private let startThread: ThreadStarter
    private let desk = SubmissionDesk()
    /// Carries the mempool over a restart; `nil` for a mempool that begins and ends empty.
    private let keeper: MempoolKeeper?
    /// The mempool and the events for those outside.
    package let feed = ChainFeed()
    /// How long it took until a block that came by gossip was found valid.
    private let validation = Mutex(Histogram(Histogram.workBounds))

    /// How often the mempool is looked at for what has waited too long.
    private static let housekeepingInterval: Nanoseconds = .seconds(10)

    /// - Parameter startThread: starts a thread of that name, or returns false when there is none left.
    package init(
        pool: SignaturePool, reader: StoreReader, maxFrameBytes: Int, keeper: MempoolKeeper? = nil,
        startThread: @escaping ThreadStarter = { SystemThread.start(name: $0, $1) }
    ) {
        self.pool = pool
        self.reader = Mutex(reader)
        self.maxFrameBytes = maxFrameBytes
        self.keeper = keeper
        self.startThread = startThread
    }

    /// Starts the thread. It owns `processor` from here on.
    ///
    /// - Returns: false when the system has no thread left; the processor and the store's reader are gone then, as after `stop`.
    package func start(_ processor: sending ChainProcessor, outputs: Outputs) -> Bool {
        self.outputs.withLock { $0 = outputs }
        inbox.withLock { $0.phase = .running }
        let handover = Handover(processor)
        let hasStarted = startThread("chain") { [self] in
            if let processor = handover.take() { run(processor, outputs) }
            end()
        }
        if !hasStarted {
            _ = handover.take()
            desk.close()
            end()
        }
        return hasStarted
    }

    /// The processor is gone, and with it the writing end of the store. Reads under way end first, then its files close.
    private func end() {
        reader.withLock { $0 = nil }
        serving.sync {}
        let waiters = inbox.withLock { inbox in
            inbox.phase = .ended
            defer { inbox.stopWaiters = [] }
            return inbox.stopWaiters
        }
        for waiter in waiters { waiter() }
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

    package func submit(_ command: ChainCommand) {
        if case .prepareRange(let ticket, let range, let payload) = command {
            // Cutting the answer into blocks is work too, so it is not done on the loop's thread either.
            preparing.async { [self] in
                pool.prepare(range: range, payload: payload) { result in self.post(.prepared(ticket, result)) }
            }
        } else {
            post(.command(command))
        }
    }

    /// Has a transaction of this node's own clients checked, admitted and relayed. `answer` is called once: on the chain's thread, or
    /// at once when it is not taken (`SubmissionLimits`, after the end). From any thread.
    package func submit(_ candidate: TransactionCandidate, _ answer: @escaping SubmissionDesk.Answer) {
        if desk.add(candidate, answer) { post(.submissions) }
    }

    package var validationTimes: Histogram { validation.withLock { $0 } }

    /// Finishes the command under way, drops the rest, keeps what is pending, closes the store, and calls back on the chain's thread; at
    /// once when that has happened already.
    package func stop(_ done: @escaping @Sendable () -> Void) {
        let hasEnded = inbox.withLock { inbox in
            if inbox.phase == .ended { return true }
            inbox.phase = .stopping
            inbox.jobs.removeAll()
            inbox.stopWaiters.append(done)
            return false
        }
        desk.close()
        if hasEnded { done() } else { wake.signal() }
    }

    private func post(_ job: Job) {
        let isAccepted = inbox.withLock { inbox in
            if inbox.phase == .running { inbox.jobs.append(job) }
            return inbox.phase == .running
        }
        if isAccepted { wake.signal() }
    }

    // MARK: The thread

    /// Works until it is told to stop.
    private func run(_ processor: ChainProcessor, _ outputs: Outputs) {
        processor.observer = feed
        var reports: [ChainReport] = []
        var lastTick = SystemClock.uptime
        keeper?.load(at: ChainWorker.moment)
        if keeper?.hasWaiting == true { post(.kept) }
        while true {
            _ = wake.wait(timeout: .now() + .nanoseconds(Int(ChainWorker.housekeepingInterval)))
            let (job, isStopping) = inbox.withLock { ($0.jobs.popFirst(), $0.phase == .stopping) }
            if isStopping {
                keeper?.saveAtEnd(processor.mempool, at: ChainWorker.moment)
                return
            }
            if let job { take(job, processor, outputs, &reports) }
            // Not only when nothing comes for so long: commands may come all the time.
            let now = ChainWorker.moment
            if now.uptime - lastTick >= ChainWorker.housekeepingInterval {
                lastTick = now.uptime
                processor.tick(at: now)
                keeper?.saveIfDue(processor.mempool, at: now)
            }
            if !reports.isEmpty {
                outputs.report(reports)
                reports.removeAll(keepingCapacity: true)
            }
            feed.flush()
        }
    }

    private func take(_ job: Job, _ processor: ChainProcessor, _ outputs: Outputs, _ reports: inout [ChainReport]) {
        switch job {
        case .command(let command): handle(command, processor, outputs, &reports)
        case .prepared(let ticket, let result): processor.install(ticket, result) { reports.append($0) }
        case .submissions: checkSubmissions(processor, outputs, &reports)
        case .kept: takeBackKept(processor, outputs, &reports)
        }
    }

    private func handle(_ command: ChainCommand, _ processor: ChainProcessor, _ outputs: Outputs, _ reports: inout [ChainReport]) {
        let began = SystemClock.uptime
        attempt(outputs) { () throws(ChainError) in
            try processor.handle(command, at: ChainWorker.moment) { report in
                if case .headMoved(_, .gossip) = report {
                    validation.withLock { $0.observe(SystemClock.uptime - began) }
                    // At once: the relay must not wait for the disk.
                    outputs.report(reports + [report])
                    reports.removeAll(keepingCapacity: true)
                } else {
                    reports.append(report)
                }
            }
        }
    }

    /// Does something to the chain. When its store fails, nothing is taken any more.
    private func attempt(_ outputs: Outputs, _ body: () throws(ChainError) -> Void) {
        do throws(ChainError) {
            try body()
        } catch {
            inbox.withLock { inbox in
                // Unless it is to stop already.
                if inbox.phase == .running { inbox.phase = .failed }
                inbox.jobs.removeAll()
            }
            desk.close()
            outputs.failed("\(error)")
        }
    }

    /// Checks what waits at the desk, a batch of it: blocks that came meanwhile have their turn before the next. The senders
    /// have their answers before the core relays.
    private func checkSubmissions(_ processor: ChainProcessor, _ outputs: Outputs, _ reports: inout [ChainReport]) {
        let (batch, hasMore) = desk.take()
        if hasMore { post(.submissions) }
        guard !batch.isEmpty else { return }
        var verdicts: [TransactionVerdict] = []
        attempt(outputs) { () throws(ChainError) in
            verdicts = try processor.check(batch.map(\.candidate), at: ChainWorker.moment)
        }
        desk.answer(batch, verdicts.map { Submission($0.outcome) })
        if !verdicts.isEmpty { reports.append(.transactionsChecked(verdicts)) }
    }

    /// Takes back some of what the last run kept, as if it were submitted anew; blocks and submissions have their turn between. What does not
    /// hold any more is nobody's fault and is not counted as one.
    private func takeBackKept(_ processor: ChainProcessor, _ outputs: Outputs, _ reports: inout [ChainReport]) {
        guard let keeper else { return }
        let now = ChainWorker.moment
        var verdicts: [TransactionVerdict] = []
        attempt(outputs) { () throws(ChainError) in
            verdicts = try processor.check(keeper.next(SubmissionLimits.batch, at: now), at: now)
        }
        keeper.note(verdicts)
        let admitted = verdicts.filter { if case .admitted = $0.outcome { true } else { false } }
        if !admitted.isEmpty { reports.append(.transactionsChecked(admitted)) }
        if keeper.hasWaiting { post(.kept) }
    }

    static var moment: Moment { Moment(uptime: SystemClock.uptime, unixMilliseconds: SystemClock.unixMilliseconds) }
}
