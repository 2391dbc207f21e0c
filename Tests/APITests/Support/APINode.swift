import ChainService
import ChainTools
import Foundation
import Ledger
import Logging
import NIOHTTP1
import Node
import PodoruConfiguration
import Primitives
import Storage
import Synchronization
import TestKit

@testable import API

/// A real node with its API on free ports, in a directory of its own, on the reference's genesis.
final class APINode: Sendable {
    let node: Node
    let server: APIServer
    let configuration: NodeConfiguration
    let directory: TemporaryDirectory

    var port: UInt16 { server.port }

    private init(node: Node, server: APIServer, configuration: NodeConfiguration, directory: TemporaryDirectory) {
        self.node = node
        self.server = server
        self.configuration = configuration
        self.directory = directory
    }

    /// - Parameters:
    ///   - chain: whether it has imported the reference's chain of 130 blocks before it starts.
    ///   - routes: endpoints beside the API's own.
    static func start(
        chain: Bool = false, genesis: String = "genesis.json", limits: APILimits = APILimits(), routes: [Route] = [], commit: String? = nil,
        configure: (inout NodeConfiguration) -> Void = { _ in }
    ) async throws -> APINode {
        let directory = TemporaryDirectory()
        var configuration = NodeConfiguration()
        configuration.dataDir = directory.file("data")
        configuration.genesisPath = Vectors.folder.appendingPathComponent(genesis).path
        configuration.p2pBindAddr = "127.0.0.1"
        configuration.p2pPort = 0
        configuration.apiPort = 0
        configure(&configuration)
        if chain { try importChain(into: configuration) }
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        var options = Node.Options(logger: logger)
        options.commit = commit
        let node = try await Node.start(configuration, options: options)
        do {
            let server = try await APIServer.start(
                node: node, configuration: configuration, logger: logger, limits: limits, routes: routes)
            return APINode(node: node, server: server, configuration: configuration, directory: directory)
        } catch {
            await node.stop()
            throw error
        }
    }

    private static func importChain(into configuration: NodeConfiguration) throws {
        let genesis = try Genesis(decoding: Array(Data(contentsOf: URL(fileURLWithPath: configuration.genesisPath))))
        let chain = try ChainDirectory(configuration.dataDir, genesis: genesis)
        let later = Moment(uptime: 0, unixMilliseconds: 4_000_000_000_000)
        let importer = BlockImporter(engine: chain.engine, pool: SignaturePool(rules: genesis.rules), now: { later })
        let path = Vectors.folder.appendingPathComponent("chain-130.jsonl.gz").path
        if let fault = try importer.run(try BlockFileReader(path: path)).fault { throw fault }
    }

    func stop() async {
        await server.stop()
        await node.stop()
    }

    // MARK: Requests

    /// One request on a connection of its own.
    func send(
        _ method: String, _ path: String, headers: [String: String] = [:], body: [UInt8]? = nil
    ) async throws -> HTTPAnswer {
        let client = try await RawClient.connect(port: port)
        defer { client.close() }
        return try await client.send(method, path, headers: headers, body: body)
    }

    func get(_ path: String, headers: [String: String] = [:]) async throws -> HTTPAnswer {
        try await send("GET", path, headers: headers)
    }

    func post(_ path: String, json: String) async throws -> HTTPAnswer {
        try await send("POST", path, headers: ["Content-Type": "application/json"], body: Array(json.utf8))
    }
}

/// Runs `body` with a node that is stopped after it, whichever way it ends. The parameters are those of `APINode.start`.
func withAPINode(
    chain: Bool = false, genesis: String = "genesis.json", limits: APILimits = APILimits(), routes: [Route] = [], commit: String? = nil,
    configure: (inout NodeConfiguration) -> Void = { _ in }, _ body: (APINode) async throws -> Void
) async throws {
    await NodeGate.shared.enter()
    defer { Task { await NodeGate.shared.leave() } }
    let api = try await APINode.start(chain: chain, genesis: genesis, limits: limits, routes: routes, commit: commit, configure: configure)
    do {
        try await body(api)
    } catch {
        await api.stop()
        throw error
    }
    await api.stop()
}

/// Lets so many nodes of `withAPINode` run at once. All tests begin together, and each node's store reserves a part of the address
/// space, of which there is room for about a hundred.
private actor NodeGate {
    static let shared = NodeGate()

    private var free = 8
    private var waiting: [CheckedContinuation<Void, Never>] = []

    func enter() async {
        if free > 0 {
            free -= 1
        } else {
            await withCheckedContinuation { waiting.append($0) }
        }
    }

    func leave() {
        if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() }
    }
}
