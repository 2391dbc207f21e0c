internal import Consensus
public import Ledger
public import Mempool
public import Primitives
internal import Sync

/// Does the chain's work, command by command: validates, applies and commits blocks, keeps the mempool, makes blocks.
///
/// Synchronous and without a thread, a clock or a socket: the node runs it on the chain worker's thread over LMDB, a
/// simulation in its own thread over `MemoryChainStore`. What costs most, decoding and signatures, can be done elsewhere
/// beforehand and handed in (`install`).
public final class ChainProcessor {
    public typealias Report = (ChainReport) -> Void

    public let engine: ChainEngine
    public internal(set) var mempool: Mempool
    let key: PrivateKey?
    var signGuard: DoubleSignGuard
    /// Prepared ranges that wait to be applied. Bounded by `SyncConfiguration.heldRanges`.
    var ranges: [SyncTicket: [PreparedBlock]] = [:]
    let preparer: any Preparer
    /// Who hears of what changes. Its owner sets it before the first command.
    public var observer: (any ChainObserver)?

    /// - Parameters:
    ///   - key: the authority's key, for a producer.
    ///   - preparer: does the expensive work; here and now unless told otherwise.
    /// - Throws: when the record of what this key signed last cannot be read.
    public init(
        engine: ChainEngine, limits: MempoolLimits = MempoolLimits(), key: PrivateKey? = nil, preparer: (any Preparer)? = nil
    ) throws {
        self.engine = engine
        self.key = key
        mempool = Mempool(rules: engine.rules, limits: limits)
        var metadata: [UInt8]?
        if let key { metadata = try engine.store.metadata(DoubleSignGuard.metadataKey(for: key.address)) }
        signGuard = try DoubleSignGuard(metadata: metadata)
        self.preparer = preparer ?? SequentialPreparer(rules: engine.rules)
    }

    /// The head as the core knows it.
    public var head: Head { engine.head }

    /// Does one command and reports what became of it.
    ///
    /// `report` is called as soon as something is known: a valid block before its commit, so that it can be relayed while the
    /// disk works.
    /// - Throws: `ChainError.store` when the store failed. Engine and store agree then, and nothing committed is lost, but a node
    ///   whose disk fails should stop.
    public func handle(_ command: ChainCommand, at now: Moment, report: Report) throws(ChainError) {
        switch command {
        case .validateBlock(let block): try validate(block, at: now, report: report)
        case .prepareRange(let ticket, let range, let payload):
            install(ticket, ChainProcessor.split(range, payload).flatMap { prepareAll($0, range) }, report: report)
        case .applyRange(let ticket): try applyRange(ticket, at: now, report: report)
        case .discardRange(let ticket): ranges[ticket] = nil
        case .checkTransactions(let candidates): report(.transactionsChecked(try check(candidates, at: now)))
        case .listPending(let id): listPending(id, report: report)
        case .produceBlock(let timestamp): try produce(timestamp, at: now, report: report)
        }
    }

    /// Removes what has waited in the mempool for too long.
    public func tick(at now: Moment) {
        tellRemoved(mempool.tick(now.uptime))
    }

    // MARK: A block at the head

    private func validate(_ block: ReceivedBlock, at now: Moment, report: Report) throws(ChainError) {
        let prepared: PreparedBlock
        do throws(DecodingError) {
            prepared = try preparer.prepare(block: block.payload, knownSender: mempool.knownSender)
        } catch {
            report(.blockRejected(hash: block.hash, fault: .body, reason: "\(error)"))
            return
        }
        do throws(ChainError) {
            try engine.begin()
            let applied = try engine.apply(prepared, now: now)
            let count = prepared.transactions.count
            report(.blockValidated(hash: block.hash, head: applied.head, transactionCount: count))
            try engine.commit()
            try follow([prepared])
            report(.blockCommitted(head))
        } catch {
            engine.abort()
            guard case .rejected(let rejection) = error else { throw error }
            report(.blockRejected(hash: block.hash, fault: rejection.fault, reason: rejection.description))
        }
    }

    // MARK: After a commit

    /// Lets the mempool and the observer follow blocks that are on disk now, the last of them the head.
    func follow(_ blocks: [PreparedBlock]) throws(ChainError) {
        guard !blocks.isEmpty else { return }
        for block in blocks {
            do { tellRemoved(try mempool.blockApplied(block, on: engine.store)) } catch { throw .store(error) }
        }
        observer?.committed(blocks, head: engine.head)
    }

    func tellRemoved(_ removals: [MempoolRemoval]) {
        if !removals.isEmpty { observer?.removed(removals) }
    }
}

/// Hears of what a `ChainProcessor` changes, within the call that changes it and in the order of the changes.
///
/// What it hears suffices to keep a copy of the mempool. It must not call the processor.
public protocol ChainObserver: AnyObject {
    /// It is in the mempool now.
    func admitted(_ transaction: PreparedTransaction)
    /// These have left the mempool; never an empty list. What had to make room for an admission is told before it.
    func removed(_ removals: [MempoolRemoval])
    /// These are on disk, in the order of their heights and without a gap, and `head` is the last of them: one block, or a range that sync
    /// applied. What they removed from the mempool was told before.
    func committed(_ blocks: [PreparedBlock], head: Head)
}

/// Does the expensive, stateless part of checking blocks and transactions.
public protocol Preparer {
    /// - Throws: `DecodingError` when `json` is no block.
    func prepare(block json: [UInt8], knownSender: PreparedTransaction.KnownSender) throws(DecodingError) -> PreparedBlock
    /// In order, a result for each. What is read already has its signature checked only.
    func prepare(transactions candidates: [TransactionCandidate]) -> [Result<PreparedTransaction, DecodingError>]
}

/// Prepares one after the other on the calling thread.
struct SequentialPreparer: Preparer {
    let rules: ChainRules

    func prepare(block json: [UInt8], knownSender: PreparedTransaction.KnownSender) throws(DecodingError) -> PreparedBlock {
        try PreparedBlock.prepare(json, isAuthority: rules.isAuthority, knownSender: knownSender)
    }

    func prepare(transactions candidates: [TransactionCandidate]) -> [Result<PreparedTransaction, DecodingError>] {
        candidates.map { $0.prepare() }
    }
}

extension TransactionCandidate {
    /// Reads it, unless that is done, and recovers its signer.
    public func prepare() -> Result<PreparedTransaction, DecodingError> {
        Result { () throws(DecodingError) -> PreparedTransaction in
            guard var prepared else { return try PreparedTransaction(decoding: payload) }
            prepared.verify()
            return prepared
        }
    }
}
