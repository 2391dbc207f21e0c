internal import Consensus
internal import Gossip
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
    /// What undone blocks gave back to the mempool and the core was not told of yet: empty between two commands.
    var readmitted: [GossipTransaction] = []
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
        case .validateBlock(let hash, let payload): try validate(hash, payload, at: now, report: report)
        case .prepareRange(let ticket, let range, let payload):
            install(ticket, preparer.prepare(range: range, payload: payload), report: report)
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

    private func validate(_ hash: Hash32, _ payload: [UInt8], at now: Moment, report: Report) throws(ChainError) {
        let prepared: PreparedBlock
        do throws(DecodingError) {
            prepared = try preparer.prepare(block: payload, knownSender: mempool.knownSender)
        } catch {
            report(.blockRejected(hash: hash, fault: .body, reason: "\(error)"))
            return
        }
        do throws(ChainError) {
            let isValid = { (move: HeadMove) in report(.headMoved(move, .gossip(hash))) }
            _ = try write(at: now, isValid: isValid) { moving throws(ChainError) in
                moving.add(try engine.apply(prepared, now: now))
            }
            reportCommitted(report)
        } catch {
            guard case .rejected(let rejection) = error else { throw error }
            report(.blockRejected(hash: hash, fault: rejection.fault, reason: rejection.description))
        }
    }

    // MARK: After a commit

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
    /// The head is another block, and on disk. What new blocks removed from the mempool was told before, what returns to it from undone
    /// ones is told after.
    ///
    /// - Parameter blocks: those of `move.applied`, in the same order.
    func moved(_ move: HeadMove, blocks: [PreparedBlock])
}
