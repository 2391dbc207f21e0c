internal import ChainService
internal import ChainTools
internal import Ledger
internal import Node
internal import Platform
internal import Primitives
internal import WholeFiles

/// A chain to measure with: strict rules, a few authorities that take turns, blocks full of signed SET transactions. Always
/// the same bytes, made once and kept in the temporary directory.
struct ChainFixture {
    let genesis: Genesis
    let genesisPath: String
    /// The blocks from height 0 on as JSON lines.
    let chainPath: String
    /// Without the genesis block.
    let blockCount: Int
    let transactionsPerBlock: Int
    let writes: Writes

    /// Which keys the transactions set.
    enum Writes: String {
        /// One of 1000 at random: after a while each write changes a value, as with accounts and settings.
        case updates
        /// A new one each, its place in the order of the keys at random, as with keys that are hashes: the state grows to
        /// 60 000 keys, and each new key moves all leaves behind it in the state's merkle tree, which by the ledger's rule
        /// makes other nodes of them.
        case inserts
    }

    private static let updatedKeys = 1000

    /// Changes with what the generator makes, so that an old file is not taken for a new one.
    private static let version = 1
    private static let authorityCount = 3
    private static let userCount = 100
    private static let valueBytes = 64
    private static let startTimestamp: Int64 = 1_700_000_000
    private static let blockTimeSeconds: Int64 = 5
    /// Blocks in one write of the generator's store in memory, which copies itself at `begin`.
    private static let blocksPerWrite = 500

    /// The chain of `blocks` blocks with `transactions` transactions each, from the temporary directory or made now (about
    /// 80 µs a transaction and core).
    static func load(_ writes: Writes = .updates, blocks: Int = 2000, transactions: Int = 30) throws -> ChainFixture {
        let folder = "\(temporaryDirectory())/podoru-bench-chain-v\(version)-\(blocks)x\(transactions)-\(writes.rawValue)"
        let fixture = ChainFixture(
            genesis: try makeGenesis(), genesisPath: "\(folder)/genesis.json", chainPath: "\(folder)/chain.jsonl",
            blockCount: blocks, transactionsPerBlock: transactions, writes: writes)
        if !FileSystem.allows(.read, fixture.chainPath) {
            try? FileSystem.makeFolder(folder, mode: 0o700)
            try fixture.make()
        }
        return fixture
    }

    /// Where scratch files go: `TMPDIR`, else `/tmp`.
    static func temporaryDirectory() -> String {
        FileSystem.temporaryFolder
    }

    // MARK: Keys

    private static func key(_ name: String) throws -> PrivateKey {
        try PrivateKey(bytes: SHA256.hash(Array("podoru-bench-\(name)".utf8)).bytes)
    }

    /// The keys of the authorities, in the genesis's order: for benchmarks that go on producing.
    static func authorityKeys() throws -> [PrivateKey] {
        try (0..<authorityCount).map { try key("authority-\($0)") }
    }

    private static func makeGenesis() throws -> Genesis {
        try Genesis(
            GenesisConfiguration(
                timestamp: startTimestamp, authorities: try authorityKeys().map(\.address.checksummed),
                initialState: ["chain:rules": "strict", "chain:block_time": ByteString("\(blockTimeSeconds)s")]))
    }

    // MARK: Making

    private func make() throws {
        try Files.write(genesis.configuration.json, to: genesisPath, as: "genesis file", mode: 0o600, replaces: true)
        let file = try BlockFileWriter(path: chainPath)
        try file.write(genesis.blockJSON ?? [])
        let engine = try ChainEngine(genesis: genesis, store: MemoryChainStore())
        let pool = SignaturePool(rules: genesis.rules)
        let users = try (0..<ChainFixture.userCount).map { try ChainFixture.key("user-\($0)") }
        let authorities = try ChainFixture.authorityKeys()
        var random = SplitMix64(seed: 1)
        for first in stride(from: 1, through: blockCount, by: ChainFixture.blocksPerWrite) {
            let heights = Array(first..<min(first + ChainFixture.blocksPerWrite, blockCount + 1))
            let drafts = heights.flatMap { height in
                (0..<transactionsPerBlock).map { draft(height: height, index: $0, &random) }
            }
            let signed = pool.map(drafts, perChunk: 16) { draft in
                PreparedTransaction(
                    Transaction(
                        operations: [draft.operation], timestamp: draft.timestamp, nonce: draft.nonce, key: users[draft.user]))
            }
            try engine.begin()
            for height in heights {
                let start = (height - first) * transactionsPerBlock
                let key = authorities[height % authorities.count]
                let built = try engine.buildBlock(
                    transactions: Array(signed[start..<start + transactionsPerBlock]), timestamp: ChainFixture.timestamp(height), key: key)
                guard built.refused.isEmpty else { throw BenchmarkError("block \(height) of the fixture: \(built.refused[0].reason)") }
                var block = PreparedBlock(unverified: built.block)
                for index in 0..<transactionsPerBlock { block.install(signed[start + index], at: index) }
                try engine.apply(block, now: Moment(uptime: 0, unixMilliseconds: ChainFixture.timestamp(height) * 1000))
                try file.write(block.json)
            }
            try engine.commit()
        }
        try file.finish()
    }

    private struct Draft: Sendable {
        let user: Int
        let nonce: UInt64
        let timestamp: Int64
        let operation: Operation
    }

    private static func timestamp(_ height: Int) -> Int64 { startTimestamp + Int64(height) * blockTimeSeconds }

    private func draft(height: Int, index: Int, _ random: inout SplitMix64) -> Draft {
        let number = (height - 1) * transactionsPerBlock + index
        var value: [UInt8] = []
        while value.count < ChainFixture.valueBytes { withUnsafeBytes(of: random.next()) { value.append(contentsOf: $0) } }
        let key =
            switch writes {
            case .updates: "bench:item:\(Int.random(in: 0..<ChainFixture.updatedKeys, using: &random))"
            case .inserts: "bench:\(Hex.string(SHA256.hash(Array("\(number)".utf8)).bytes.prefix(12)))"
            }
        return Draft(
            user: number % ChainFixture.userCount, nonce: UInt64(number / ChainFixture.userCount),
            timestamp: ChainFixture.timestamp(height), operation: Operation(type: .set, key: ByteString(key), value: value))
    }
}
