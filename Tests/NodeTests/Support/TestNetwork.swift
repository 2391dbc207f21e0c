import ChainService
import ChainTools
import Foundation
import Ledger
import Logging
import PodoruConfiguration
import Primitives
import Storage
import Synchronization
import TestKit

@testable import Node

/// A small chain of its own and the nodes on it: real sockets on the loopback, real stores in a temporary directory.
final class TestNetwork: Sendable {
    let directory = TemporaryDirectory()
    let authorities: [PrivateKey]
    let user: PrivateKey
    let genesis: Genesis
    /// The genesis lies this far back, so that a generated chain fits before now: a day of blocks a second apart.
    static let age: Int64 = 86_400

    /// - Parameter name: makes a chain of another hash.
    init(authorities count: Int = 1, name: ByteString = "test") throws {
        authorities = try (1...count).map { try PrivateKey(bytes: [UInt8](repeating: UInt8($0), count: 32)) }
        user = try PrivateKey(bytes: [UInt8](repeating: 99, count: 32))
        genesis = try Genesis(
            .test(
                timestamp: Int64(Date().timeIntervalSince1970) - TestNetwork.age, keys: authorities, fees: GasConfiguration(),
                balances: [user.address: "1000000000000000000000"], state: ["chain:name": name]))
        try Data(genesis.configuration.json).write(to: URL(fileURLWithPath: genesisPath))
        for (index, key) in authorities.enumerated() { try write(key, to: keyPath(index)) }
    }

    var genesisPath: String { directory.file("genesis.json") }
    func keyPath(_ authority: Int) -> String { directory.file("authority-\(authority).key") }
    func dataPath(_ name: String) -> String { directory.file("\(name).data") }

    func write(_ key: PrivateKey, to path: String, mode: Int = 0o600) throws {
        try Data(Hex.encode(key.secretBytes)).write(to: URL(fileURLWithPath: path))
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
    }

    // MARK: Nodes

    /// A full node's configuration, or an authority's, on a free port.
    func configuration(_ name: String, authority: Int? = nil, bootstrap: [UInt16] = []) -> NodeConfiguration {
        var configuration = NodeConfiguration()
        configuration.dataDir = dataPath(name)
        configuration.genesisPath = genesisPath
        configuration.p2pBindAddr = "127.0.0.1"
        configuration.p2pPort = 0
        configuration.apiEnabled = false
        configuration.bootstrapPeers = bootstrap.map { .of("127.0.0.1:\($0)") }
        if let authority {
            configuration.nodeType = .producer
            configuration.privateKey = keyPath(authority)
        }
        return configuration
    }

    // MARK: Chains

    /// The blocks of a valid chain above the genesis, each with one transaction.
    func makeBlocks(_ count: Int) throws -> [[UInt8]] {
        let engine = try ChainEngine(genesis: genesis, store: MemoryChainStore())
        let moment = Moment(uptime: 0, unixMilliseconds: 4_000_000_000_000)
        return try (1...count).map { height in
            let key = authorities[height % authorities.count]
            let transaction = PreparedTransaction(set("block", nonce: UInt64(height)))
            let timestamp = engine.head.timestamp + 1
            let block = try engine.buildBlock(transactions: [transaction], timestamp: timestamp, key: key).block
            // Its signatures are our own.
            var prepared = PreparedBlock(unverified: block)
            prepared.verify(isAuthority: { _ in true }, knownSender: { _, _ in self.user.address })
            try engine.begin()
            try engine.apply(prepared, now: moment)
            try engine.commit()
            return prepared.json
        }
    }

    /// A transaction of the user that sets a key.
    func set(_ key: ByteString, nonce: UInt64) -> Transaction {
        Transaction(
            operations: [Operation(type: .set, key: key, value: Array("\(nonce)".utf8))], timestamp: genesis.configuration.timestamp,
            nonce: nonce, key: user)
    }

    /// Imports blocks into the store of a node that does not run.
    func importBlocks(_ blocks: [[UInt8]], into name: String) throws {
        try ReferenceChain.importBlocks(blocks, genesis: genesis, into: dataPath(name), scratch: directory)
    }
}

extension ReferenceChain {
    static func importBlocks(_ blocks: [[UInt8]], genesis: Genesis, into path: String, scratch: TemporaryDirectory) throws {
        let file = scratch.file("import-\(UUID().uuidString)")
        try write(blocks, to: file)
        let chain = try ChainDirectory(path, genesis: genesis)
        let importer = BlockImporter(engine: chain.engine, pool: SignaturePool(rules: genesis.rules), now: { now })
        if let fault = try importer.run(try BlockFileReader(path: file)).fault { throw fault }
    }
}

extension Node {
    /// Starts a node whose log nobody reads.
    static func start(
        _ configuration: NodeConfiguration, log: LogRecorder = LogRecorder(), _ adjust: (inout Options) -> Void = { _ in }
    ) async throws -> Node {
        var options = Options(logger: Logger(label: "test") { _ in log })
        adjust(&options)
        return try await Node.start(configuration, options: options)
    }

    /// `status()` of a node that runs.
    var now: NodeStatus {
        get async throws {
            guard let status = await status() else { throw TestFailure("the node has stopped") }
            return status
        }
    }
}

/// Keeps what a node logs.
struct LogRecorder: LogHandler {
    struct Line: Sendable {
        let message: String
        let metadata: [String: String]
    }

    private final class Storage: Sendable {
        let lines = Mutex<[Line]>([])
    }

    private let storage = Storage()
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?
    var logLevel = Logger.Level.debug

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let line = Line(message: "\(event.message)", metadata: event.metadata?.mapValues { "\($0)" } ?? [:])
        storage.lines.withLock { $0.append(line) }
    }

    var lines: [Line] { storage.lines.withLock { $0 } }

    /// The reasons with which connections ended so far.
    var disconnectReasons: [String] { lines.compactMap { $0.metadata["reason"] } }
}
