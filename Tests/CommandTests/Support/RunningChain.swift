import Foundation

/// A chain with one producer on this machine: `podoru run` in a process of its own, with its API on a free port unless told otherwise. Made with the
/// commands that an operator uses.
final class RunningChain {
    enum Failure: Error {
        case command(String)
        case ended(code: Int32, log: String)
        case notInTime(String, log: String)
    }

    /// The folder with `producer.key`, `user.key` (who has 1000 tokens), `genesis.json`, `node.yaml` and `data`.
    let tool: CommandLineTool
    private(set) var url = ""
    private var process: Process?
    private var logFile: URL { tool.folder.appendingPathComponent("node.log") }
    let user: String
    let producer: String
    /// What `node.yaml` says at least: lines 1 to 8.
    let configuration: String

    /// - Parameters:
    ///   - keys: lines that the configuration has beside its own.
    ///   - p2pPort: 0 is a free one, another one each time; so is `apiPort`.
    ///   - wrapper: a command that becomes the command, by its path.
    init(_ keys: String = "", p2pPort: Int = 0, apiPort: Int = 0, through wrapper: [String] = []) async throws {
        self.wrapper = wrapper
        tool = try CommandLineTool()
        producer = try tool.run("keygen", "-o", "producer.key").output.line
        user = try tool.run("keygen", "-o", "user.key").output.line
        let made = try tool.run(
            "genesis", "-a", "producer.key", "--block-time", "1s", "--token", "-b", "\(user)=1000000000000000000000", "--base-fee", "1000",
            "--per-byte-fee", "10", "-o", "genesis.json")
        guard made.code == 0 else { throw Failure.command(made.errors) }
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
        try tool.write("node.yaml", configuration + keys)
        try await start()
    }

    private let wrapper: [String]

    var processIdentifier: Int32 { process?.processIdentifier ?? 0 }

    /// Starts the node.
    func start() async throws {
        try Data().write(to: logFile)
        let process = Process()
        let command = wrapper + [CommandLineTool.binary.path, "run", "--config", "node.yaml"]
        process.executableURL = URL(fileURLWithPath: command[0])
        process.arguments = Array(command.dropFirst())
        process.currentDirectoryURL = tool.folder
        // Swift's own report, which a toolchain brings, takes a second and many lines.
        process.environment = ["PATH": "/usr/bin:/bin", "SWIFT_BACKTRACE": "enable=no"]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = try FileHandle(forWritingTo: logFile)
        try process.run()
        self.process = process
        let deadline = Date(timeIntervalSinceNow: 30)
        while !findURL() {
            guard process.isRunning else { throw Failure.ended(code: process.terminationStatus, log: log) }
            guard Date() < deadline else { throw Failure.notInTime("it serves its API", log: log) }
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    /// SIGTERM, and the exit code.
    @discardableResult
    func stop() async throws -> Int32 {
        guard let process else { return 0 }
        if process.isRunning { kill(process.processIdentifier, SIGTERM) }
        let deadline = Date(timeIntervalSinceNow: 30)
        while process.isRunning {
            guard Date() < deadline else { throw Failure.notInTime("it stops", log: log) }
            try await Task.sleep(for: .milliseconds(10))
        }
        self.process = nil
        return process.terminationStatus
    }

    /// SIGKILL: the end without a word.
    func killNode() async throws {
        guard let process else { return }
        kill(process.processIdentifier, SIGKILL)
        let deadline = Date(timeIntervalSinceNow: 30)
        while process.isRunning {
            guard Date() < deadline else { throw Failure.notInTime("it is gone", log: log) }
            try await Task.sleep(for: .milliseconds(10))
        }
        self.process = nil
    }

    /// Sends a signal that ends it, and waits for that.
    func end(by signal: Int32) async throws -> Ending {
        guard let process else { return .code(0) }
        kill(process.processIdentifier, signal)
        let deadline = Date(timeIntervalSinceNow: 30)
        while process.isRunning {
            guard Date() < deadline else { throw Failure.notInTime("signal \(signal) ends it", log: log) }
            try await Task.sleep(for: .milliseconds(10))
        }
        self.process = nil
        return process.terminationReason == .exit ? .code(process.terminationStatus) : .signal(process.terminationStatus)
    }

    enum Ending: Equatable {
        case code(Int32)
        case signal(Int32)
    }

    /// SIGHUP with this configuration, and the log from then on once it has `words`.
    func reload(_ text: String, until words: String) async throws -> String {
        try tool.write("node.yaml", text)
        let begin = log.count
        if let process { kill(process.processIdentifier, SIGHUP) }
        let deadline = Date(timeIntervalSinceNow: 30)
        while true {
            let heard = String(log.dropFirst(begin))
            // Half a line may have been written.
            if heard.contains(words), heard.hasSuffix("\n") { return heard }
            guard Date() < deadline else { throw Failure.notInTime("it logs: \(words)", log: log) }
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    deinit {
        if let process, process.isRunning { kill(process.processIdentifier, SIGKILL) }
        tool.remove()
    }

    var log: String { (try? String(contentsOf: logFile, encoding: .utf8)) ?? "" }

    private func findURL() -> Bool {
        // Half a line may have been written.
        guard let start = log.range(of: "serving api="), let end = log[start.upperBound...].firstIndex(of: "\n") else { return false }
        url = "http://" + log[start.upperBound..<end].split(separator: " ")[0]
        return true
    }
}
