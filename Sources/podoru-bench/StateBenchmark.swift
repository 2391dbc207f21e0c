internal import ChainService
internal import Ledger
internal import Node
internal import Primitives
internal import Storage

/// A block of 30 writes on a state of 100,000 keys in LMDB, its signatures checked before: execution, state root, records, and
/// then the commit, which waits for the disk.
func runStateBenchmark() throws -> [BenchmarkRow] {
    let scratch = try BenchFolder()
    defer { scratch.remove() }
    let chain = try StateChain(scratch.path)
    for _ in 0..<10 { _ = try chain.applyNext() }
    let times = try (0..<200).map { _ in try chain.applyNext() }
    let whole = times.map { $0.apply + $0.commit }
    return [
        .figure("keys in the state", Double(chain.engine.stateKeyCount), ""),
        .atMost(3, "a block of 30 writes, without the commit, p50", median(times.map(\.apply)), "ms"),
        .figure("its commit with fsync, p50", median(times.map(\.commit)), "ms"),
        .atMost(3, "a block of 30 writes, commit with fsync included, p50", median(whole), "ms"),
        .figure("a block of 30 writes, commit with fsync included, p95", percentile(whole, 0.95), "ms"),
    ]
}

private final class StateChain {
    private static let keyCount = 100_000
    private static let writes = 30

    let engine: ChainEngine
    private let authorities: [PrivateKey]
    private let user: PrivateKey
    private var random = SplitMix64(seed: 5)
    private var nonce: UInt64 = 0

    init(_ directory: String) throws {
        authorities = try ChainFixture.authorityKeys()
        user = authorities[0]
        let state = Dictionary(
            uniqueKeysWithValues: (0..<StateChain.keyCount).map { (ByteString(StateChain.key($0)), ByteString("value of key \($0)")) })
        let genesis = try Genesis(
            GenesisConfiguration(
                timestamp: 1_700_000_000, authorities: authorities.map(\.address.checksummed), initialState: state))
        engine = try ChainDirectory(directory, genesis: genesis).engine
    }

    private static func key(_ number: Int) -> String { "bench:state:\(number)" }

    /// Builds the next block and applies it. Milliseconds.
    func applyNext() throws -> (apply: Double, commit: Double) {
        let timestamp = engine.head.timestamp + 5
        let transactions = (0..<StateChain.writes).map { _ in
            let key = StateChain.key(Int.random(in: 0..<StateChain.keyCount, using: &random))
            let value = withUnsafeBytes(of: random.next()) { Array($0) }
            defer { nonce += 1 }
            return PreparedTransaction(
                Transaction(
                    operations: [Operation(type: .set, key: ByteString(key), value: value)], timestamp: timestamp, nonce: nonce, key: user))
        }
        let producer = authorities[Int(engine.head.height + 1) % authorities.count]
        let built = try engine.buildBlock(transactions: transactions, timestamp: timestamp, key: producer)
        guard built.refused.isEmpty else { throw BenchmarkError("the block was refused: \(built.refused[0].reason)") }
        let rules = engine.rules
        let block = try PreparedBlock.prepare(PreparedBlock(unverified: built.block).json, isAuthority: rules.isAuthority)
        let now = Moment(uptime: 0, unixMilliseconds: timestamp * 1000)
        let started = seconds()
        try engine.begin()
        try engine.apply(block, now: now)
        let applied = seconds()
        try engine.commit()
        return ((applied - started) * 1000, (seconds() - applied) * 1000)
    }
}
