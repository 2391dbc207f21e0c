import Foundation
import TestSupport
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

    /// Runs a node under `limit` until its log has a line with `word`, and gives the log and what `inspect` says of the process then.
    private func log(under limit: String, until word: String, _ inspect: (Int32) throws -> Void = { _ in }) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", "ulimit \(limit) && exec \"$0\" run --config node.yaml", CommandLineTool.binary.path]
        process.currentDirectoryURL = tool.folder
        try tool.write("node.log", "")
        let file = try FileHandle(forWritingTo: tool.folder.appendingPathComponent("node.log"))
        process.standardError = file
        process.standardOutput = file
        try process.run()
        defer {
            process.terminate()
            process.waitUntilExit()
        }
        let end = Date(timeIntervalSinceNow: 30)
        while Date() < end, !(try tool.read("node.log")).contains(word) { usleep(20_000) }
        try inspect(process.processIdentifier)
        return try tool.read("node.log")
    }

    @Test func theSoftLimitIsRaisedToTheHardOne() throws {
        defer { tool.remove() }
        let log = try log(under: "-Sn 256 && ulimit -Hn 700", until: "listening") { id in
            let limits = try String(contentsOfFile: "/proc/\(id)/limits", encoding: .utf8)
            #expect(limits.contains(#/Max open files +700 +700 /#))
        }
        #expect(log.contains("raised the limit of open files"))
        #expect(!log.contains("files open"), "100 peers fit into 700 files: \(log)")
    }

    @Test func aHardLimitThatIsTooLowIsWarnedOf() throws {
        defer { tool.remove() }
        let log = try log(under: "-n 150", until: "listening")
        #expect(log.contains("may have 150 files open, and its peers and API clients may need 164"), "\(log)")
        #expect(!log.contains("raised the limit"))
    }
}
