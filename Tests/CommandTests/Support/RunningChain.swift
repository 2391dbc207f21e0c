import Foundation
import TestKit

/// A chain with one producer on this machine: `podoru run` in a process of its own, with its API on a free port unless told otherwise. Made with the
/// commands that an operator uses.
final class RunningChain {
    /// The folder with `producer.key`, `user.key` (who has 1000 tokens), `genesis.json`, `node.yaml` and `data`.
    let tool: CommandLineTool
    let node: NodeProcess
    let user: String
    let producer: String
    /// What `node.yaml` says at least: lines 1 to 8.
    let configuration: String

    /// - Parameters:
    ///   - keys: lines that the configuration has beside its own.
    ///   - p2pPort: 0 is a free one, another one each time; so is `apiPort`.
    ///   - wrapper: a command that becomes the command, by its path.
    init(_ keys: String = "", p2pPort: Int = 0, apiPort: Int = 0, through wrapper: [String] = []) async throws {
        tool = try CommandLineTool()
        node = NodeProcess(in: tool.folder, through: wrapper)
        producer = try tool.run("keygen", "-o", "producer.key").output.line
        user = try tool.run("keygen", "-o", "user.key").output.line
        let made = try tool.run(
            "genesis", "-a", "producer.key", "--block-time", "1s", "--token", "-b", "\(user)=1000000000000000000000", "--base-fee", "1000",
            "--per-byte-fee", "10", "-o", "genesis.json")
        guard made.code == 0 else { throw TestFailure(made.errors) }
        configuration = """
            node_type: producer
            private_key: "producer.key"
            genesis_path: "genesis.json"
            data_dir: "data"
            p2p_bind_addr: "127.0.0.1"
            p2p_port: \(p2pPort)
            api_bind_addr: "127.0.0.1"
            api_port: \(apiPort)

            """
        try node.configure(configuration + keys)
        try await node.start()
    }

    var url: String { "http://\(node.apiAddress)" }
    var log: String { node.log }
    var processIdentifier: Int32 { (try? node.process.processIdentifier) ?? 0 }

    /// SIGTERM, and the exit code.
    @discardableResult
    func stop() async throws -> Int32 { try await node.stop() }

    /// SIGHUP with this configuration, and the log from then on once it has `words`.
    func reload(_ text: String, until words: String) async throws -> String { try await node.reload(text, until: words) }
}
