import Foundation
import TestKit

/// A real node in a process of its own, on a free port and in a folder of its own.
final class RunningNode {
    private let directory = TemporaryDirectory()
    private let node: NodeProcess

    /// Starts a full node and waits until it listens.
    ///
    /// - Parameters:
    ///   - genesis: the genesis file's bytes; the reference's unless told otherwise.
    ///   - settings: further lines of its configuration.
    ///   - prepare: puts further files into its folder.
    init(genesis: Data? = nil, settings: [String] = [], prepare: (URL) throws -> Void = { _ in }) async throws {
        node = NodeProcess(in: directory.url)
        try (genesis ?? Vectors.data("genesis.json")).write(to: folder.appendingPathComponent("genesis.json"))
        try prepare(folder)
        // A key of the configuration stands once.
        let type = settings.contains { $0.hasPrefix("node_type:") } ? [] : ["node_type: full"]
        let lines = type + ["genesis_path: \"genesis.json\"", "data_dir: \"data\"", "api_enabled: false"] + settings
        try node.configure(NodeProcess.loopback + lines.joined(separator: "\n") + "\n")
        try await node.start(until: .listens)
    }

    var folder: URL { directory.url }
    var address: String { node.peerAddress }
    var log: String { node.log }
    var process: TestProcess { get throws { try node.process } }

    /// Waits until `condition` holds.
    func wait(_ what: String, _ condition: () -> Bool) async throws { try await process.wait(what, condition) }

    /// Ends it as an operator does, and returns its exit code.
    func stop() async throws -> Int32 { try await node.stop() }

    var residentBytes: Int { (try? process.residentBytes) ?? 0 }
    var processorTime: Double { (try? process.processorTime) ?? 0 }
}
