internal import ChainService
internal import ChainTools
internal import Ledger
internal import Node
internal import Primitives
internal import Supervisor

/// A node that joins: it fetches the chain from one other node, both `podoru run` in processes of their own on this machine,
/// against the import of the same chain. Both nodes share the cores that the import has for itself.
func runSyncBenchmark() throws -> [BenchmarkRow] {
    let fixture = try ChainFixture.load()
    var imports: [Double] = []
    var syncs: [Double] = []
    // Turn by turn: the import that fills the server's store is the one that the sync is held against.
    for _ in 0..<syncRounds {
        let round = try syncOnce(fixture)
        imports.append(round.imported)
        syncs.append(round.synced)
    }
    let ratios = zip(syncs, imports).map { $0 / $1 }
    return [
        .figure("import of the same chain", median(imports), "blocks/s"),
        .figure("network sync, from start to the last commit", median(syncs), "blocks/s"),
        .atLeast(0.75, "sync ÷ import", median(ratios), ""),
    ]
}

private let syncRounds = 3
private let syncTimeoutSeconds = 120.0

private func syncOnce(_ fixture: ChainFixture) throws -> (imported: Double, synced: Double) {
    var imported = 0.0
    let server = try BenchNode(fixture, prepare: { imported = try fillStore($0, fixture) })
    defer { server.stop() }
    let client = try BenchNode(fixture, peers: [server.port])
    defer { client.stop() }
    // The node listens: from here on it dials, shakes hands and asks.
    let started = seconds()
    let end = started + syncTimeoutSeconds
    while client.blocks.last?.height != UInt64(fixture.blockCount) {
        guard seconds() < end else {
            throw BenchmarkError("the sync did not end in time; it is at \(client.blocks.last?.height ?? 0)")
        }
        client.pump(milliseconds: 5)
        server.pump(milliseconds: 0)
    }
    return (imported, Double(fixture.blockCount) / (seconds() - started))
}

/// Imports the fixture into a data directory and says how many blocks a second that were.
func fillStore(_ directory: String, _ fixture: ChainFixture) throws -> Double {
    let chain = try ChainDirectory(directory, genesis: fixture.genesis)
    let importer = BlockImporter(engine: chain.engine, pool: SignaturePool(rules: fixture.genesis.rules), now: benchMoment)
    let outcome = try importer.run(try BlockFileReader(path: fixture.chainPath))
    if let fault = outcome.fault { throw BenchmarkError("import: \(fault)") }
    return Double(outcome.blocks) / outcome.seconds
}
