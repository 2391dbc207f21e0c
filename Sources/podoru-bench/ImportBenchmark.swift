internal import ChainService
internal import ChainTools
internal import Ledger
internal import Node
internal import Platform
internal import Primitives
internal import Storage
internal import WholeFiles

/// `podoru import` of 2000 blocks × 30 transactions into a fresh store, against the signatures that the same cores
/// recover each second. Nothing of an import but the signatures is worth a core; the rest must hide behind them.
///
/// Twice, because it depends on what the transactions write: changing a value costs a path of the state's merkle tree,
/// a new key half of the tree.
func runImportBenchmark() throws -> [BenchmarkRow] {
    try measureImport(.updates) + measureImport(.inserts)
}

private func measureImport(_ writes: ChainFixture.Writes) throws -> [BenchmarkRow] {
    let fixture = try ChainFixture.load(writes)
    let pool = SignaturePool(rules: fixture.genesis.rules)
    let sample = try RecoverySample(fixture)
    var recoveries: [Measured] = []
    var imports: [Measured] = []
    var storeBytes = 0
    // Turn by turn, so that a machine whose speed drifts slows both.
    for _ in 0..<importRounds {
        recoveries.append(sample.measure(pool))
        imports.append(try importOnce(fixture, &storeBytes))
    }
    recoveries.append(sample.measure(pool))
    let perBlock = Double(fixture.transactionsPerBlock)
    let recoveryRate = median(recoveries.map(\.perSecond))
    let importRate = median(imports.map(\.perSecond))
    let signatureCPU = median(recoveries.map(\.cpuMicroseconds)) * perBlock
    let importCPU = median(imports.map(\.cpuMicroseconds))
    let name = "\(writes), \(fixture.blockCount) × \(fixture.transactionsPerBlock)"
    let chainBytes = try Files.read(fixture.chainPath, as: "chain of blocks", maxBytes: 1 << 30).count
    return [
        .figure("\(name): signature recoveries, \(pool.threadCount) threads", recoveryRate, "/s"),
        .figure("\(name): import", importRate, "blocks/s"),
        .atLeast(0.8, "\(name): import ÷ (recoveries ÷ \(fixture.transactionsPerBlock))", importRate * perBlock / recoveryRate, ""),
        .figure("\(name): CPU of a block's signatures", signatureCPU, "µs"),
        .figure("\(name): CPU of a block's import, all threads", importCPU, "µs"),
        // What the ratio above could be at best, were every core always busy.
        .figure("\(name): signatures' part of that CPU", signatureCPU / importCPU, ""),
        .figure("\(name): store", Double(storeBytes) / 1e6, "MB"),
        .figure("\(name): store ÷ JSON of the blocks", Double(storeBytes) / Double(chainBytes), ""),
    ]
}

/// A rate, and the processor time that one of what it counts took on all threads together. The time tells what the work
/// costs when other programs take the cores away.
private struct Measured {
    let perSecond: Double
    let cpuMicroseconds: Double

    /// Runs `body`, which says how many it did.
    init(_ body: () throws -> Int) rethrows {
        let (started, cpuStarted) = (benchMoment().uptime, Measured.cpuNanoseconds())
        let count = Double(try body())
        perSecond = count / (Double(benchMoment().uptime - started) / 1e9)
        cpuMicroseconds = Double(Measured.cpuNanoseconds() - cpuStarted) / 1000 / count
    }

    private static func cpuNanoseconds() -> Int64 {
        SystemClock.processTime
    }
}

private let importRounds = 3

/// Imports the chain into a store of its own, whose size it tells.
private func importOnce(_ fixture: ChainFixture, _ storeBytes: inout Int) throws -> Measured {
    let scratch = try BenchFolder()
    defer { scratch.remove() }
    let chain = try ChainDirectory(scratch.path, genesis: fixture.genesis)
    let pool = SignaturePool(rules: fixture.genesis.rules)
    let importer = BlockImporter(engine: chain.engine, pool: pool, now: benchMoment)
    defer { storeBytes = chain.store.reader.usedBytes }
    return try Measured {
        let outcome = try importer.run(try BlockFileReader(path: fixture.chainPath))
        if let fault = outcome.fault { throw BenchmarkError("import: \(fault)") }
        guard outcome.blocks == fixture.blockCount else { throw BenchmarkError("import: only \(outcome.blocks) blocks") }
        return outcome.blocks
    }
}

/// Signatures as the import recovers them: different ones, made before the clock runs.
private struct RecoverySample {
    private struct Entry: Sendable {
        let signature: Signature
        let hash: Hash32
    }

    private let entries: [Entry]
    /// About half a second on two cores.
    private static let count = 24_000
    /// As many as one chunk of blocks holds.
    private static let perChunk = 240

    init(_ fixture: ChainFixture) throws {
        let file = try BlockFileReader(path: fixture.chainPath)
        var entries: [Entry] = []
        while entries.count < RecoverySample.count, let line = try file.next() {
            for case let transaction? in try PreparedBlock(unverified: line).transactions {
                guard let signature = transaction.transaction.signature.flatMap({ Signature($0) }) else { continue }
                entries.append(Entry(signature: signature, hash: transaction.hash))
            }
        }
        self.entries = entries
    }

    func measure(_ pool: SignaturePool) -> Measured {
        Measured {
            pool.start(entries, perChunk: RecoverySample.perChunk) { try? $0.signature.recoverAddress($0.hash) }.wait().count
        }
    }
}
