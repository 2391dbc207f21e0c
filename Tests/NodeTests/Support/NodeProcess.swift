import Foundation
import Ledger
import Storage

@testable import Node
@testable import podoru

/// `podoru run` as a process, seen through what it reports to its supervisor.
// Unchecked: one test at a time uses it.
final class NodeProcess: @unchecked Sendable {
    private let name: String
    private let configurationPath: String
    private let dataPath: String
    private let logPath: String
    private var child: ChildProcess?
    private var readyPort: UInt16?
    /// The highest height that it reported as committed, over all its lives.
    private(set) var lastCommitted: UInt64 = 0
    private(set) var exitCode: Int32?

    /// Beside the test bundle: both are products of one build.
    private static let executable: String = {
        let bundle = CommandLine.arguments.first { $0.hasSuffix(".xctest") }.map { URL(fileURLWithPath: $0) }
        let running = bundle ?? URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        return running.deletingLastPathComponent().appendingPathComponent("podoru").path
    }()

    init(_ network: TestNetwork, _ name: String, authority: Int?, bootstrap: [UInt16], extra: String = "") throws {
        self.name = name
        configurationPath = network.directory.file("\(name).yaml")
        dataPath = network.dataPath(name)
        logPath = network.directory.file("\(name).log")
        var text = "genesis_path: \"\(network.genesisPath)\"\ndata_dir: \"\(dataPath)\"\n"
        text += "p2p_bind_addr: \"127.0.0.1\"\np2p_port: 0\napi_enabled: false\n" + extra
        text += "bootstrap_peers: [\(bootstrap.map { "\"127.0.0.1:\($0)\"" }.joined(separator: ", "))]\n"
        if let authority { text += "node_type: producer\nprivate_key: \"\(network.keyPath(authority))\"\n" }
        try Data(text.utf8).write(to: URL(fileURLWithPath: configurationPath))
    }

    func start() throws {
        readyPort = nil
        exitCode = nil
        child = try ChildProcess.start(
            name: name, executable: NodeProcess.executable,
            arguments: [
                "run", "--config", configurationPath, "--supervisor-fd", "\(ChildProcess.supervisorDescriptor)",
            ], logPath: logPath)
    }

    /// Takes in what it reported. Fails when it has ended by itself.
    private func read() throws {
        guard let child else { return }
        for line in child.readLines() {
            switch NodeReport(line: line) {
            case .ready(let ready): readyPort = ready.port
            case .status(let status): lastCommitted = max(lastCommitted, status.committed)
            // Blocks of its own and of a sync are reported once they are on disk.
            case .block(let block) where block.origin != .gossip: lastCommitted = max(lastCommitted, block.height)
            case .block, nil: break
            }
        }
        if child.reap() {
            let log = (try? String(contentsOfFile: logPath, encoding: .utf8)) ?? ""
            throw TestFailure("\(name) ended with \(child.exitCode ?? -1): \(log.suffix(2000))")
        }
    }

    /// The highest height that it has reported as committed by now.
    func committed() throws -> UInt64 {
        try read()
        return lastCommitted
    }

    func port() async throws -> UInt16 {
        try await eventually("\(name) is ready") {
            try read()
            return readyPort != nil
        }
        return readyPort ?? 0
    }

    // MARK: Ends

    /// SIGKILL; returns once the process is gone. What it reported last counts.
    func kill() {
        guard let child else { return }
        child.signal(SIGKILL)
        while !child.reap() { usleep(200) }
        try? read()
        self.child = nil
    }

    /// SIGTERM, and waits for the end.
    func terminate() async throws {
        guard let child else { return }
        child.signal(SIGTERM)
        try await eventually("\(name) ends") { child.reap() }
        try? read()
        exitCode = child.exitCode
        self.child = nil
    }

    /// The height of the store that it left, which is opened as a starting node opens it.
    func storedHeight() throws -> UInt64 {
        try LMDBStore(directory: dataPath, access: .existing).tip()?.height ?? 0
    }

    // MARK: Moments

    /// Lets so much time pass: the moment of a kill, not a wait for something.
    func wait(milliseconds: Int64) async throws {
        try await Task.sleep(for: .milliseconds(milliseconds))
    }

    /// Lets time pass until so many milliseconds into a second of the wall clock.
    func wait(untilMillisecondsOfSecond goal: Int64) async throws {
        let now = SystemClock.unixMilliseconds % 1000
        try await wait(milliseconds: (goal - now + 1000) % 1000)
    }
}
