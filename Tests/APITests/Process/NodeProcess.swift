import Foundation

/// `podoru run` with its API, as an operator runs it.
// Unchecked: one test at a time uses it.
final class NodeProcess: @unchecked Sendable {
    private let process = Process()
    private let log: URL
    let chain: TestChain
    private(set) var port: UInt16 = 0

    /// Beside the test bundle: both are products of one build.
    private static let binary: URL = {
        let bundle = CommandLine.arguments.first { $0.hasSuffix(".xctest") }.map { URL(fileURLWithPath: $0) }
        let running = bundle ?? URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        return running.deletingLastPathComponent().appendingPathComponent("podoru")
    }()

    /// - Parameters:
    ///   - openFiles: the hard limit of its descriptors, or what the tests themselves have.
    ///   - extra: lines of the configuration.
    ///   - environment: variables beside the tests' own.
    init(openFiles: Int? = nil, extra: String = "", environment: [String: String] = [:]) throws {
        chain = try TestChain()
        let directory = chain.directory
        log = URL(fileURLWithPath: directory.file("log"))
        let text = """
            genesis_path: "\(directory.file("genesis.json"))"
            data_dir: "\(directory.file("data"))"
            node_type: producer
            private_key: "\(directory.file("key"))"
            p2p_bind_addr: "127.0.0.1"
            p2p_port: 0
            api_port: 0
            api_requests_per_second: 0

            """
        try Data((text + extra).utf8).write(to: URL(fileURLWithPath: directory.file("node.yaml")))
        try Data().write(to: log)
        let limit = openFiles.map { "ulimit -n \($0); " } ?? ""
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", "\(limit)exec \"$0\" run --config \"$1\"", Self.binary.path, directory.file("node.yaml")]
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = try FileHandle(forWritingTo: log)
    }

    var logged: String { (try? String(contentsOf: log, encoding: .utf8)) ?? "" }

    func start() async throws {
        try process.run()
        try await eventually("the API is there: \(logged)") {
            guard process.isRunning else { throw TestFailure("ended: \(logged)") }
            guard let match = logged.firstMatch(of: /api=127\.0\.0\.1:([0-9]+)/) else { return false }
            port = UInt16(match.1) ?? 0
            return port > 0
        }
    }

    /// Takes another port before it starts.
    func replacePort(_ port: UInt16) throws {
        let path = URL(fileURLWithPath: chain.directory.file("node.yaml"))
        let text = try String(contentsOf: path, encoding: .utf8)
        try Data(text.replacing("api_port: 0", with: "api_port: \(port)").utf8).write(to: path)
    }

    /// Starts it and waits until it ends by itself: its exit code.
    func runToEnd() async throws -> Int32 {
        try process.run()
        try await eventually("the node ends") { !process.isRunning }
        return process.terminationStatus
    }

    /// Resident memory of its own in KiB: without the pages of the program and the store, which are the system's to keep or drop.
    var memory: Int {
        get throws {
            let status = try String(contentsOfFile: "/proc/\(process.processIdentifier)/status", encoding: .utf8)
            guard let match = status.firstMatch(of: /RssAnon:\s+([0-9]+)/), let kibibytes = Int(match.1) else {
                throw TestFailure("no RssAnon")
            }
            return kibibytes
        }
    }

    /// Seconds of processor time that it has taken.
    var processorTime: Double {
        get throws {
            let status = try String(contentsOfFile: "/proc/\(process.processIdentifier)/stat", encoding: .utf8)
            // User and system time are the 14th and 15th field (proc(5)); the second, a name in parentheses, may hold spaces.
            let fields = status[(status.lastIndex(of: ")") ?? status.startIndex)...].split(separator: " ")
            guard fields.count > 13, let user = Double(fields[12]), let system = Double(fields[13]) else { throw TestFailure("no times") }
            return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
        }
    }

    /// Descriptors that it has open.
    var openFiles: Int {
        get throws { try FileManager.default.contentsOfDirectory(atPath: "/proc/\(process.processIdentifier)/fd").count }
    }

    /// Sets the soft limit of its descriptors while it runs, with prlimit(1).
    func limitOpenFiles(to count: Int) throws {
        let tool = Process()
        tool.executableURL = URL(fileURLWithPath: "/usr/bin/prlimit")
        tool.arguments = ["--pid", "\(process.processIdentifier)", "--nofile=\(count):"]
        try tool.run()
        tool.waitUntilExit()
        guard tool.terminationStatus == 0 else { throw TestFailure("prlimit: \(tool.terminationStatus)") }
    }

    /// SIGHUP: it reads its configuration again.
    func hangUp() { Foundation.kill(process.processIdentifier, SIGHUP) }

    /// SIGTERM: its exit code, and how long it took.
    func terminate() async throws -> (code: Int32, time: Duration) {
        let begin = ContinuousClock.now
        process.terminate()
        try await eventually("the node ends") { !process.isRunning }
        return (process.terminationStatus, ContinuousClock.now - begin)
    }

    func kill() {
        if process.isRunning { Foundation.kill(process.processIdentifier, SIGKILL) }
    }
}

/// Runs `body` with a node's process that is gone after it.
func withNodeProcess(
    openFiles: Int? = nil, extra: String = "", environment: [String: String] = [:], _ body: (NodeProcess) async throws -> Void
) async throws {
    let process = try NodeProcess(openFiles: openFiles, extra: extra, environment: environment)
    defer { process.kill() }
    try await process.start()
    try await body(process)
}

/// This process may have as many descriptors as the system allows: it plays thousands of clients.
func raiseDescriptorLimit() {
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    limit.rlim_cur = limit.rlim_max
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
}
