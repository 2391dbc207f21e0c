internal import ChainService
public import Ledger
internal import Platform
public import Primitives
internal import Storage
internal import WholeFiles

/// Checks a whole store: each page of its file, each block by all rules from the genesis on, each index and undo record
/// against what applying the blocks again gives.
///
/// Applies the chain into a scratch store beside it, so it takes as long as an import, as much memory, and as much disk as the
/// store for the time of the check. Nothing of the store is written.
public struct StoreVerifier {
    private let directory: String
    private let genesis: Genesis?
    private let threadCount: Int?
    private let now: () -> Moment

    /// - Parameters:
    ///   - genesis: needed for stores that do not know theirs.
    ///   - threadCount: as `SignaturePool`.
    public init(directory: String, genesis: Genesis? = nil, threadCount: Int? = nil, now: @escaping () -> Moment) {
        self.directory = directory
        self.genesis = genesis
        self.threadCount = threadCount
        self.now = now
    }

    /// - Returns: an outcome whose `fault` is the first thing that is not right.
    /// - Throws: `ChainDirectoryError` when the store cannot be opened, which is how damaged pages and a damaged state are told;
    ///   `ChainError.store` and `StoreError` when it fails on the way.
    public func run(progress report: (TransferProgress) -> Void = { _ in }) throws -> TransferOutcome {
        let started = now().uptime
        let chain = try ChainDirectory(
            directory, genesis: genesis, access: .existing, options: StoreOptions(fullCheckBytes: .max))
        let scratch = ScratchDirectory(beside: directory)
        defer { scratch.remove() }
        let genesis = try genesis ?? chain.wholeGenesis()
        let replay = try ChainDirectory(scratch.path, genesis: genesis)
        let pool = SignaturePool(rules: chain.engine.rules, threadCount: threadCount)
        var progress = TransferProgress()
        var fault = try compareGenesis(genesis, chain, replay)
        while fault == nil, progress.height < chain.engine.head.height {
            fault = try checkBatch(chain, replay, pool, &progress)
            progress.seconds = Double(now().uptime - started) / 1e9
            progress.fraction = Double(progress.height) / Double(chain.engine.head.height)
            report(progress)
        }
        if fault == nil { fault = try compareTotals(chain, replay) }
        return TransferOutcome(
            head: replay.engine.head, blocks: progress.blocks, skipped: 0, seconds: Double(now().uptime - started) / 1e9,
            fault: fault)
    }

    /// The clock has no part in this: a block that was accepted is not in the future.
    private static let endOfTime = Moment(uptime: 0, unixMilliseconds: Int64.max / 4)

    private func checkBatch(
        _ chain: ChainDirectory, _ replay: ChainDirectory, _ pool: SignaturePool, _ progress: inout TransferProgress
    ) throws -> TransferFault? {
        let first = progress.height + 1
        var blocks: [[UInt8]] = []
        var bytes = 0
        while blocks.count < BlockImporter.blocksPerBatch, bytes < BlockImporter.bytesPerBatch,
            let block = try chain.store.block(atHeight: first + UInt64(blocks.count))
        {
            blocks.append(block)
            bytes += block.count
        }
        guard !blocks.isEmpty else { return TransferFault(height: first, reason: "the store has no such block below its tip") }
        var fault: TransferFault?
        try replay.engine.begin()
        for (offset, result) in pool.prepare(blocks: blocks).enumerated() {
            fault = try apply(result, blocks[offset], first + UInt64(offset), replay.engine)
            if fault != nil { break }
        }
        try replay.engine.commit()
        while progress.height < replay.engine.head.height {
            if let difference = try compare(progress.height + 1, chain, replay) { return difference }
            progress.height += 1
            progress.blocks += 1
        }
        return fault
    }

    private func apply(
        _ result: Result<PreparedBlock, DecodingError>, _ json: [UInt8], _ height: UInt64, _ engine: ChainEngine
    ) throws -> TransferFault? {
        switch result {
        case .failure(let error): return TransferFault(height: height, reason: "\(error)")
        case .success(let block):
            guard block.json == json else { return TransferFault(height: height, reason: "the stored JSON is not canonical") }
            do throws(ChainError) {
                try engine.apply(block, now: StoreVerifier.endOfTime)
                return nil
            } catch {
                guard case .rejected(let rejection) = error else { throw error }
                return TransferFault(height: height, reason: rejection.description)
            }
        }
    }

    /// The one block that is not applied again: it follows from the genesis. Its undo record is never read, and older programs kept more there.
    private func compareGenesis(_ genesis: Genesis?, _ chain: ChainDirectory, _ replay: ChainDirectory) throws -> TransferFault? {
        func fault(_ what: String) -> TransferFault { TransferFault(height: 0, reason: what) }
        guard try chain.store.block(atHeight: 0) == replay.store.block(atHeight: 0) else {
            return fault("the genesis block is another one than the genesis makes")
        }
        guard try chain.store.undoRecord(atHeight: 0)?.block == replay.store.undoRecord(atHeight: 0)?.block else {
            return fault("the undo record is wrong")
        }
        for (index, id) in (genesis?.transactionHashes ?? []).enumerated() {
            let stored = try chain.store.transactionLocation(id: id)
            guard stored?.height == 0, stored?.index == index else {
                return fault("the index has transaction \(id.prefixedHex) in the wrong place")
            }
        }
        return nil
    }

    // MARK: Indexes

    /// Compares what both stores keep of one block.
    private func compare(_ height: UInt64, _ chain: ChainDirectory, _ replay: ChainDirectory) throws -> TransferFault? {
        func fault(_ what: String) -> TransferFault { TransferFault(height: height, reason: what) }
        guard let undo = try replay.store.undoRecord(atHeight: height) else { return fault("the block cannot be applied again") }
        guard try chain.store.undoRecord(atHeight: height) == undo else { return fault("the undo record is wrong") }
        guard try chain.store.height(ofBlock: undo.block.hash) == height else { return fault("the index of block hashes is wrong") }
        for id in undo.transactions {
            let (stored, right) = (try chain.store.transactionLocation(id: id), try replay.store.transactionLocation(id: id))
            guard stored?.height == right?.height, stored?.index == right?.index else {
                return fault("the index has transaction \(id.prefixedHex) in the wrong place")
            }
        }
        for used in undo.nonces where try !chain.store.isNonceUsed(sender: used.sender, nonce: used.nonce) {
            return fault("the index does not have nonce \(used.nonce) of \(used.sender)")
        }
        return nil
    }

    /// Everything that must be there is there; equal counts say that there is nothing else. The state's root was compared
    /// when the chain was opened.
    private func compareTotals(_ chain: ChainDirectory, _ replay: ChainDirectory) throws -> TransferFault? {
        let stored = try chain.store.reader.read { try $0.counts() }
        let right = try replay.store.reader.read { try $0.counts() }
        guard stored == right else {
            return TransferFault(reason: "the indexes hold \(stored), and should hold \(right)")
        }
        guard chain.engine.head == replay.engine.head else {
            return TransferFault(height: chain.engine.head.height, reason: "the stored tip is not the last block")
        }
        return nil
    }
}

/// The directory of a scratch store, removed when the work is done.
struct ScratchDirectory {
    let path: String

    /// Among `directory`'s own files. The store's lock keeps a second check out; what one that was killed left goes first.
    init(beside directory: String) {
        path = "\(directory)/verify-scratch"
        remove()
    }

    func remove() {
        for file in ["data.mdb", "lock.mdb", "LOCK"] { try? FileSystem.removeFile("\(path)/\(file)") }
        try? FileSystem.removeFolder(path)
    }
}
