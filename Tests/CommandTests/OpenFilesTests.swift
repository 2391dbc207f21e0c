import Foundation
import TestKit
import Testing

/// `podoru run` asks for as many open files as it may have.
@Suite(.timeLimit(.minutes(2))) struct OpenFilesTests {
    let tool: CommandLineTool

    init() throws {
        tool = try CommandLineTool()
        let genesis = Vectors.folder.appendingPathComponent("genesis.json").path
        try tool.write(
            "node.yaml",
            """
            genesis_path: "\(genesis)"
            data_dir: "data"
            p2p_bind_addr: "127.0.0.1"
            p2p_port: 0
            api_enabled: false
            max_peers: 100
            log_level: debug

            """)
    }

    /// Runs a node under `limit` until it listens, has the process inspected, and gives the log.
    private func log(under limit: String, _ inspect: (Int32) throws -> Void = { _ in }) async throws -> String {
        let node = NodeProcess(in: tool.folder, through: ["/bin/sh", "-c", "ulimit \(limit) && exec \"$0\" \"$@\""])
        try await node.start(until: .listens)
        try inspect(node.process.processIdentifier)
        _ = try await node.stop()
        return node.log
    }

    @Test func theSoftLimitIsRaisedToTheHardOne() async throws {
        let log = try await log(under: "-Sn 256 && ulimit -Hn 700") { id in
            let limits = try String(contentsOfFile: "/proc/\(id)/limits", encoding: .utf8)
            #expect(limits.contains(#/Max open files +700 +700 /#))
        }
        #expect(log.contains("raised the limit of open files"))
        #expect(!log.contains("files open"), "100 peers fit into 700 files: \(log)")
    }

    @Test func aHardLimitThatIsTooLowIsWarnedOf() async throws {
        let log = try await log(under: "-n 150")
        #expect(log.contains("may have 150 files open, and its peers and API clients may need 164"), "\(log)")
        #expect(!log.contains("raised the limit"))
    }
}
