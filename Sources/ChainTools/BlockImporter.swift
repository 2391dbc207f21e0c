public import ChainService
internal import DequeModule
public import Ledger
public import Primitives
internal import WholeFiles

/// Reads a file of blocks into a chain. Each block is checked like one from a peer.
///
/// The pool prepares batches k+1 and k+2 while this thread applies batch k and the disk takes its commit, so all cores are
/// busy with signatures and the order of the blocks costs nothing. Stops at the first bad block; what came before it stays.
public struct BlockImporter {
    /// Blocks of one commit: the seed's range (`networking.md`, "Batch synchronisation").
    public static let blocksPerBatch = 100
    /// Bytes of JSON of one batch: bounds memory when blocks are at their limit of 1 MiB.
    public static let bytesPerBatch = 8 << 20
    /// Batches that are being prepared or wait: one applied, one ready, one in the making.
    public static let batchesInFlight = 3

    private let engine: ChainEngine
    private let pool: SignaturePool
    private let now: () -> Moment

    /// - Parameter now: the clock: its wall time judges timestamps, its uptime measures.
    public init(engine: ChainEngine, pool: SignaturePool, now: @escaping () -> Moment) {
        self.engine = engine
        self.pool = pool
        self.now = now
    }

    private struct Pending {
        let lines: [Int]
        let json: [[UInt8]]
        let blocks: Batch<Result<PreparedBlock, DecodingError>>
    }

    /// Lines that the pool can have, and what stands behind them.
    private struct Reading {
        var lines: [Int] = []
        var blocks: [[UInt8]] = []
        var skipped = 0
        var isAtEnd = false
        var fault: TransferFault?
    }

    /// Imports all blocks of `file` that the chain does not have. The file begins at height 0 or at any height up to the next;
    /// blocks that the chain has must be the same.
    ///
    /// - Parameter progress: called after each commit.
    /// - Throws: `ChainError.store` when the store fails. A bad block or a damaged file is no error here but the outcome's `fault`.
    public func run(_ file: BlockFileReader, progress report: (TransferProgress) -> Void = { _ in }) throws(ChainError) -> TransferOutcome {
        let started = now().uptime
        let firstNew = engine.head.height + 1
        var progress = TransferProgress()
        var pending: Deque<Pending> = []
        var fault: TransferFault?
        var isAtEnd = false
        while fault == nil {
            while !isAtEnd, pending.count < BlockImporter.batchesInFlight {
                let read = try read(file, firstNew: firstNew)
                progress.skipped += read.skipped
                isAtEnd = read.isAtEnd
                if !read.blocks.isEmpty {
                    pending.append(Pending(lines: read.lines, json: read.blocks, blocks: pool.startPreparing(blocks: read.blocks)))
                }
                if let stop = read.fault {
                    // What was read before it comes first.
                    fault = try drain(&pending, &progress) ?? stop
                }
            }
            guard fault == nil, let next = pending.popFirst() else { break }
            fault = try apply(next, &progress)
            update(&progress, since: started, file)
            report(progress)
        }
        update(&progress, since: started, file)
        if fault == nil, progress.blocks == 0, progress.skipped == 0 { fault = TransferFault(reason: "it holds no block") }
        return TransferOutcome(
            head: engine.head, blocks: progress.blocks, skipped: progress.skipped, seconds: progress.seconds, fault: fault)
    }

    private func update(_ progress: inout TransferProgress, since started: Nanoseconds, _ file: BlockFileReader) {
        progress.height = engine.head.height
        progress.seconds = Double(now().uptime - started) / 1e9
        progress.fraction = file.fraction ?? 0
    }

    // MARK: Reading

    /// Reads one batch. Lines of blocks that the chain has are compared and left out.
    private func read(_ file: BlockFileReader, firstNew: UInt64) throws(ChainError) -> Reading {
        var reading = Reading()
        var bytes = 0
        while reading.blocks.count < BlockImporter.blocksPerBatch, bytes < BlockImporter.bytesPerBatch {
            let json: [UInt8]
            do throws(BlockFileError) {
                guard let line = try file.next() else {
                    reading.isAtEnd = true
                    return reading
                }
                json = line
            } catch {
                reading.isAtEnd = true
                reading.fault = TransferFault(line: file.line + 1, reason: error.detail)
                return reading
            }
            switch try standing(of: json, firstNew: firstNew) {
            case .known: reading.skipped += 1
            case .wrong(let height, let reason):
                reading.isAtEnd = true
                reading.fault = TransferFault(line: file.line, height: height, reason: reason)
                return reading
            case .new:
                reading.lines.append(file.line)
                bytes += json.count
                reading.blocks.append(json)
            }
        }
        return reading
    }

    private enum Standing {
        case new
        case known
        case wrong(height: UInt64, String)
    }

    /// What the chain that we began with says of a block. What cannot be read is new: the pool says what is wrong with it.
    private func standing(of json: [UInt8], firstNew: UInt64) throws(ChainError) -> Standing {
        guard let (header, _) = try? HeaderPeek.readTrusted(json), header.height < firstNew else { return .new }
        let stored: [UInt8]?
        do { stored = try engine.store.block(atHeight: header.height) } catch { throw .store(error) }
        if let stored, json.starts(with: stored), json[stored.count...].allSatisfy(BlockImporter.isBlank) { return .known }
        // In other words, or not whole: the header alone says nothing of what stands behind it.
        let block: PreparedBlock
        do throws(DecodingError) {
            block = try PreparedBlock(unverified: json)
        } catch {
            return .wrong(height: header.height, BlockImporter.reason(error, json))
        }
        let height: UInt64?
        do { height = try engine.store.height(ofBlock: block.hash) } catch { throw .store(error) }
        guard height == header.height else {
            let ours = stored.flatMap { try? HeaderPeek.readTrusted($0).hash } ?? .zero
            return .wrong(height: header.height, "the chain here has another block of this height, \(ours.prefixedHex)")
        }
        // The hash commits to the root of the transactions, not to what stands in their place. The genesis block has none.
        let isWhole = header.height == 0 || block.block.header?.merkleRoot == block.merkleRoot.bytes
        return isWhole ? .known : .wrong(height: header.height, BlockRejection.wrongMerkleRoot.description)
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0D || byte == 0x09 }

    /// Why a line is no block.
    private static func reason(_ error: DecodingError, _ line: [UInt8]) -> String {
        let text = line.reversed().drop(while: isBlank)
        if text.contains(0x0D) { return "\(error); lines end with a line feed, and in this one there are carriage returns instead" }
        if case .json(.syntax(.trailingBytes, _)) = error { return "\(error); each line is one block" }
        return "\(error)"
    }

    // MARK: Applying

    private func drain(_ pending: inout Deque<Pending>, _ progress: inout TransferProgress) throws(ChainError) -> TransferFault? {
        while let next = pending.popFirst() {
            if let fault = try apply(next, &progress) { return fault }
        }
        return nil
    }

    /// Applies a batch in one commit; a bad block ends it and what came before it is kept.
    private func apply(_ batch: Pending, _ progress: inout TransferProgress) throws(ChainError) -> TransferFault? {
        let results = batch.blocks.wait()
        var fault: TransferFault?
        var applied = 0
        try engine.begin()
        do throws(ChainError) {
            for (index, result) in results.enumerated() {
                fault = try apply(result, batch.lines[index], batch.json[index])
                if fault != nil { break }
                applied += 1
            }
            try engine.commit()
        } catch {
            engine.abort()
            throw error
        }
        progress.blocks += applied
        return fault
    }

    private func apply(
        _ result: Result<PreparedBlock, DecodingError>, _ line: Int, _ json: [UInt8]
    ) throws(ChainError) -> TransferFault? {
        switch result {
        case .failure(let error): return TransferFault(line: line, reason: BlockImporter.reason(error, json))
        case .success(let block):
            do throws(ChainError) {
                try engine.apply(block, now: now())
                return nil
            } catch {
                guard case .rejected(let rejection) = error else { throw error }
                return TransferFault(line: line, height: block.block.header?.height, reason: rejection.description)
            }
        }
    }
}
