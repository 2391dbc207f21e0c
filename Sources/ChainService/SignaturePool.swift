public import Chain
internal import DequeModule
internal import EventLoop
public import Ledger
public import Network
internal import Platform
public import Primitives
internal import Storage

/// Threads, one a core, for what costs nine tenths of a block: decoding, hashing, recovering signers. None of it needs state.
///
/// Work comes as jobs of equal chunks. Threads take the chunks of the first job, then of the next, so that a job is done as
/// early as it can be and no thread idles while any job has chunks left. A job marked urgent goes to the front: a block at the
/// head does not wait for a range. Taking a chunk costs one lock, well under 1 µs, against chunks of 0.2 to 10 ms.
///
/// The threads end when the pool is released.
public final class SignaturePool: Preparer, Sendable {
    /// Blocks of a range in one chunk: about 10 ms of work, so that the last chunks of a range do not leave cores idle for long.
    public static let blocksPerChunk = 8
    /// Transactions in one chunk: about 0.2 ms of work, twenty times what waking a thread costs.
    public static let transactionsPerChunk = 4
    /// Submitted and relayed transactions in one chunk: so many, 0.7 ms of work, are checked where they came in. Nobody waits for them as for
    /// a block, and a load that one core can carry leaves the other to the loop.
    public static let looseTransactionsPerChunk = 16
    /// Jobs that may wait; whoever brings one more waits until there is room. Above the 16 ranges that sync holds
    /// (`SyncConfiguration.heldRanges`) plus one urgent job each of the few threads that validate.
    public static let maxJobs = 32

    /// How many threads there are.
    public let threadCount: Int
    private let rules: ChainRules
    private let queue: JobQueue
    private let sharing = CoreSharing()

    /// - Parameter threadCount: as many as the process may use cores when `nil`.
    public init(rules: ChainRules, threadCount: Int? = nil) {
        self.rules = rules
        let wanted = max(1, threadCount ?? SystemThread.usableCores)
        let queue = JobQueue()
        self.queue = queue
        var started = 0
        for index in 0..<wanted where SystemThread.start(name: "verify-\(index)", { queue.work() }) { started += 1 }
        queue.expect(threads: started)
        // With no thread at all, callers do their work themselves (`Batch.wait`).
        self.threadCount = started
    }

    deinit {
        queue.stop()
    }

    // MARK: Any work

    /// Starts to map `items` on the pool's threads; results come in the order of the items.
    ///
    /// - Parameter completed: called once with all results, on the thread that finished the last chunk.
    public func start<Item: Sendable, Result: Sendable>(
        _ items: [Item], perChunk: Int, urgent: Bool = false, _ body: @escaping @Sendable (Item) -> Result,
        completed: @escaping @Sendable ([Result]) -> Void = { _ in }
    ) -> Batch<Result> {
        let chunks = (items.count + perChunk - 1) / perChunk
        let results = Monitor([[Result]?](repeating: nil, count: chunks))
        let batch = Batch(results: results, queue: queue)
        guard chunks > 0 else {
            completed([])
            return batch
        }
        let job = Job(chunks: chunks) { [sharing] chunk in
            let part = items[chunk * perChunk..<min((chunk + 1) * perChunk, items.count)].map { sharing.work(on: $0, body) }
            let all = results.withLockThenWake { results -> [Result]? in
                results[chunk] = part
                return results.contains { $0 == nil } ? nil : results.flatMap { $0 ?? [] }
            }
            if let all { completed(all) }
        }
        batch.job = job
        queue.add(job, urgent: urgent)
        return batch
    }

    /// Maps `items` on all cores, the calling thread among them, and waits for the last.
    public func map<Item: Sendable, Result: Sendable>(
        _ items: [Item], perChunk: Int, urgent: Bool = false, _ body: @escaping @Sendable (Item) -> Result
    ) -> [Result] {
        guard items.count > perChunk else { return items.map { sharing.work(on: $0, body) } }
        return start(items, perChunk: perChunk, urgent: urgent, body).wait(helping: true)
    }

    // MARK: Blocks and transactions

    /// Starts to prepare blocks, each by itself.
    public func startPreparing(
        blocks: [[UInt8]], completed: @escaping @Sendable ([Result<PreparedBlock, DecodingError>]) -> Void = { _ in }
    ) -> Batch<Result<PreparedBlock, DecodingError>> {
        let rules = rules
        return start(
            blocks, perChunk: SignaturePool.blocksPerChunk,
            { json in
                Result { () throws(DecodingError) -> PreparedBlock in
                    try PreparedBlock.prepare(json, isAuthority: rules.isAuthority)
                }
            }, completed: completed)
    }

    /// Prepares blocks and waits for them.
    public func prepare(blocks: [[UInt8]]) -> [Result<PreparedBlock, DecodingError>] {
        startPreparing(blocks: blocks).wait(helping: true)
    }

    /// Prepares the answer to a range request without waiting: cuts it, prepares its blocks, checks that they are the run that
    /// was asked for. `completed` is called on a thread of the pool; on the caller's when the payload is no array of blocks.
    public func prepare(
        range: HeightRange, payload: [UInt8],
        completed: @escaping @Sendable (Result<[PreparedBlock], MalformedRange>) -> Void
    ) {
        do throws(MalformedRange) {
            let answer = try RangeAnswer(to: range, payload: payload)
            _ = startPreparing(blocks: answer.blocks) { completed(answer.run(of: $0)) }
        } catch {
            completed(.failure(error))
        }
    }

    /// Prepares one block, its transactions spread over the cores, those that `knownSender` knows excepted. A block by a
    /// stranger is refused whatever its transactions are: nothing of it is recovered but its own signature.
    public func prepare(
        block json: [UInt8], knownSender: PreparedTransaction.KnownSender
    ) throws(DecodingError) -> PreparedBlock {
        var block = try PreparedBlock(unverified: json)
        block.verifyProducer()
        guard block.transactions.count <= Limits.maxBlockTransactions, block.json.count <= Limits.maxBlockBytes,
            block.signatureFault == nil, rules.isAuthority(block.producer)
        else { return block }
        var unknown: [IndexedTransaction] = []
        for (index, entry) in block.transactions.enumerated() {
            guard var transaction = entry else { continue }
            if let signature = transaction.transaction.signature, knownSender(transaction.hash, signature) != nil {
                transaction.verify(knownSender: knownSender)
                block.install(transaction, at: index)
            } else {
                unknown.append(IndexedTransaction(index: index, transaction: transaction))
            }
        }
        let verified = map(unknown, perChunk: SignaturePool.transactionsPerChunk, urgent: true) { entry in
            var entry = entry
            entry.transaction.verify()
            return entry
        }
        for entry in verified { block.install(entry.transaction, at: entry.index) }
        return block
    }

    private struct IndexedTransaction: Sendable {
        let index: Int
        var transaction: PreparedTransaction
    }

    /// Decodes transactions where that is not done, and recovers their signers, in order.
    public func prepare(transactions candidates: [TransactionCandidate]) -> [Result<PreparedTransaction, DecodingError>] {
        map(candidates, perChunk: SignaturePool.looseTransactionsPerChunk, urgent: true) { $0.prepare() }
    }
}

/// Results that are on their way.
public final class Batch<Result: Sendable> {
    private let results: Monitor<[[Result]?]>
    private let queue: JobQueue
    fileprivate var job: Job?

    fileprivate init(results: Monitor<[[Result]?]>, queue: JobQueue) {
        self.results = results
        self.queue = queue
    }

    /// Waits for all results, in the order of the items.
    ///
    /// - Parameter helping: the waiting thread takes chunks of this job too. It does so in any case when the pool has no threads.
    public func wait(helping: Bool = false) -> [Result] {
        if helping || queue.hasNoThreads, let job { queue.help(job) }
        return results.wait { results in
            results.contains { $0 == nil } ? nil : results.flatMap { $0 ?? [] }
        }
    }
}
