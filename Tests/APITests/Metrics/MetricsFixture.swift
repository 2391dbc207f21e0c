import Foundation
import Logging
import Node
import PodoruConfiguration
import TestKit

@testable import API

/// Nodes of the reference's chain on free ports, without a server: routes are called directly. Stopped after `body`.
func withBareNodes(_ count: Int = 1, _ body: ([Node]) async throws -> Void) async throws {
    let directory = TemporaryDirectory()
    var nodes: [Node] = []
    var failure: (any Error)?
    do {
        for index in 0..<count {
            var configuration = NodeConfiguration()
            configuration.genesisPath = Vectors.folder.appendingPathComponent("genesis.json").path
            configuration.dataDir = directory.file("\(index)")
            configuration.p2pBindAddr = "127.0.0.1"
            configuration.p2pPort = 0
            configuration.apiEnabled = false
            // Each dials the one before it.
            configuration.bootstrapPeers = nodes.suffix(1).map { .of("127.0.0.1:\($0.port)") }
            nodes.append(
                try await Node.start(configuration, options: Node.Options(logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })))
        }
        try await body(nodes)
    } catch {
        failure = error
    }
    for node in nodes { await node.stop() }
    if let failure { throw failure }
}
