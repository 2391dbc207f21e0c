internal import ChainService
internal import Ledger
internal import Node
internal import Primitives
internal import Supervisor
internal import WholeFiles

/// Reads of the API where they could become slow: on a large state, and while the node fetches a chain.
func measureReads(_ fixture: ChainFixture) throws -> [BenchmarkRow] {
    try measureStateSizes() + measureReadsWhileSyncing(fixture)
}

private let infoPath = "/api/v1/chain/info"

// MARK: The size of the state

private let fewKeys = 10
private let manyKeys = 1_000_000
private let sizeRounds = 3

/// `chain/info` of a node with a handful of keys and of one with a million, in turn.
private func measureStateSizes() throws -> [BenchmarkRow] {
    guard Wrk.isInstalled else { return [] }
    let scratch = try BenchFolder()
    defer { scratch.remove() }
    let chain = try KeyChain(scratch.path)
    let small = try BenchNode(chain.fixture, hasAPI: true, prepare: { try chain.fill($0, keys: fewKeys) })
    defer { small.stop() }
    let large = try BenchNode(chain.fixture, hasAPI: true, prepare: { try chain.fill($0, keys: manyKeys) })
    defer { large.stop() }
    var rates: (small: [Double], large: [Double]) = ([], [])
    for _ in 0..<sizeRounds {
        rates.small.append(try Wrk.run(port: small.apiPort, path: infoPath))
        rates.large.append(try Wrk.run(port: large.apiPort, path: infoPath))
    }
    let ratios = zip(rates.large, rates.small).map { $0 / $1 }
    return [
        .figure("chain/info with \(fewKeys) keys in the state", median(rates.small), "requests/s"),
        .figure("chain/info with \(manyKeys) keys", median(rates.large), "requests/s"),
        .atLeast(0.9, "chain/info with \(manyKeys) keys ÷ with \(fewKeys)", median(ratios), ""),
    ]
}

/// Chains of one genesis whose blocks set so many keys, thousands in a transaction.
private struct KeyChain {
    /// Of one transaction, whose JSON has about 60 bytes a key and must stay below 1 MiB.
    private static let keysPerBlock = 12_000
    private static let blockTimeSeconds: Int64 = 5

    /// What `BenchNode` asks of it: the genesis.
    let fixture: ChainFixture

    init(_ folder: String) throws {
        let genesis = try Genesis(
            GenesisConfiguration(
                timestamp: 1_700_000_000, authorities: try ChainFixture.authorityKeys().map(\.address.checksummed),
                initialState: ["chain:rules": "strict", "chain:block_time": ByteString("\(KeyChain.blockTimeSeconds)s")]))
        fixture = ChainFixture(
            genesis: genesis, genesisPath: "\(folder)/genesis.json", chainPath: "", blockCount: 0, transactionsPerBlock: 1,
            writes: .inserts)
        try Files.write(genesis.configuration.json, to: fixture.genesisPath, as: "genesis file", mode: 0o600, replaces: true)
    }

    /// Makes a store with `keys` keys, those of the genesis among them.
    func fill(_ directory: String, keys: Int) throws {
        let engine = try ChainDirectory(directory, genesis: fixture.genesis).engine
        let authorities = try ChainFixture.authorityKeys()
        var first = engine.stateKeyCount
        while first < keys {
            let last = min(first + KeyChain.keysPerBlock, keys)
            let timestamp = engine.head.timestamp + KeyChain.blockTimeSeconds
            // Ascending, so that no leaf of the state's tree moves.
            let operations = (first..<last).map { number in
                Operation(type: .set, key: ByteString("key:\(10_000_000 + number)"), value: Array("\(number)".utf8))
            }
            let producer = authorities[Int(engine.head.height + 1) % authorities.count]
            let transaction = Transaction(operations: operations, timestamp: timestamp, nonce: engine.head.height, key: authorities[0])
            let built = try engine.buildBlock(transactions: [PreparedTransaction(transaction)], timestamp: timestamp, key: producer)
            guard built.refused.isEmpty else { throw BenchmarkError("the block was refused: \(built.refused[0].reason)") }
            let json = PreparedBlock(unverified: built.block).json
            let block = try PreparedBlock.prepare(json, isAuthority: engine.rules.isAuthority)
            try engine.begin()
            try engine.apply(block, now: Moment(uptime: 0, unixMilliseconds: timestamp * 1000))
            try engine.commit()
            first = last
        }
        guard engine.stateKeyCount == keys else { throw BenchmarkError("the state has \(engine.stateKeyCount) keys, not \(keys)") }
    }
}

// MARK: A node that syncs

private let syncRounds = 3
private let readConnections = 4
private let readRate = 1000.0
private let readsPerBatch = 200
private let idleBatches = 25
private let syncTimeoutSeconds = 120.0

/// `chain/info` and a key of the state in turn at a steady rate, while the node fetches the fixture's chain and once it has it.
private func measureReadsWhileSyncing(_ fixture: ChainFixture) throws -> [BenchmarkRow] {
    let server = try BenchNode(fixture, prepare: { _ = try fillStore($0, fixture) })
    defer { server.stop() }
    // A key of the genesis: it is there from the first moment on.
    let requests = (0..<readsPerBatch).map { HTTPLoad.get($0 % 2 == 0 ? infoPath : "/api/v1/state/chain:rules") }
    var (idles, syncs): ([[Double]], [[Double]]) = ([], [])
    for _ in 0..<syncRounds {
        let client = try BenchNode(fixture, peers: [server.port], hasAPI: true)
        defer { client.stop() }
        let load = try HTTPLoad(port: client.apiPort, connections: readConnections)
        var milliseconds: [Double] = []
        let end = seconds() + syncTimeoutSeconds
        while client.blocks.last?.height != UInt64(fixture.blockCount) {
            guard seconds() < end else { throw BenchmarkError("the sync did not end in time") }
            milliseconds += try load.run(requests, perSecond: readRate).milliseconds
            client.pump(milliseconds: 0)
            server.pump(milliseconds: 0)
        }
        syncs.append(milliseconds)
        idles.append(try (0..<idleBatches).flatMap { _ in try load.run(requests, perSecond: readRate).milliseconds })
    }
    func middle(_ rounds: [[Double]], _ part: Double) -> Double { median(rounds.map { percentile($0, part) }) }
    return [
        .figure("chain/info and state/{key} at \(Int(readRate))/s, idle, p50", middle(idles, 0.5), "ms"),
        .figure("the same, p99", middle(idles, 0.99), "ms"),
        .figure("the same while the node syncs, p50", middle(syncs, 0.5), "ms"),
        .figure("the same while the node syncs, p99", middle(syncs, 0.99), "ms"),
    ]
}

extension HTTPLoad {
    static func get(_ path: String) -> [UInt8] { Array("GET \(path) HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8) }
}
