internal import Node
internal import Platform
internal import Supervisor
internal import SystemPackage
internal import WholeFiles

/// A `podoru run` of its own process, as a user would start it, with what it reports.
final class BenchNode {
    /// How long a node may take until it listens.
    private static let startTimeoutSeconds = 20.0
    /// The descriptor on which the child finds its end of the report socket.
    private static let reportDescriptor: Int32 = 3

    let port: UInt16
    /// Where it serves its API; 0 without one.
    let apiPort: UInt16
    private let child: ChildProcess
    private let reports: FileDescriptor
    private let scratch: BenchFolder
    private var partialLine: [UInt8] = []
    /// Every block that the node told of, in order.
    private(set) var blocks: [NodeReport.BlockSeen] = []
    private(set) var status = NodeReport.Status()
    private var isReady = false

    /// Starts a full node and waits until it listens.
    ///
    /// - Parameters:
    ///   - peers: the ports of the nodes that it dials.
    ///   - hasAPI: with the API, and without limits of rate, which are no part of what is measured.
    ///   - prepare: fills the data directory beforehand.
    init(
        _ fixture: ChainFixture, peers: [UInt16] = [], minOutbound: Int? = nil, hasAPI: Bool = false,
        prepare: (_ dataDirectory: String) throws -> Void = { _ in }
    ) throws {
        scratch = try BenchFolder()
        let data = "\(scratch.path)/data"
        try FileSystem.makeFolder(data, mode: 0o700)
        try prepare(data)
        port = try Loopback.freePort()
        apiPort = hasAPI ? try Loopback.freePort() : 0
        let dialled = peers.map { "  - \"127.0.0.1:\($0)\"\n" }.joined()
        let text = """
            node_type: full
            genesis_path: "\(fixture.genesisPath)"
            data_dir: "\(data)"
            p2p_bind_addr: "127.0.0.1"
            p2p_port: \(port)
            min_outbound_peers: \(minOutbound ?? peers.count)
            max_peers: 100
            api_enabled: \(hasAPI)
            \(hasAPI ? BenchNode.apiSettings(port: apiPort) : "")
            bootstrap_peers:\(peers.isEmpty ? " []" : "\n" + dialled)

            """
        let configuration = "\(scratch.path)/node.yaml"
        try Files.write(Array(text.utf8), to: configuration, as: "configuration", mode: 0o600, replaces: true)
        (child, reports) = try BenchNode.spawn(configuration, log: "\(scratch.path)/node.log")
        let end = seconds() + BenchNode.startTimeoutSeconds
        while !isReady {
            guard seconds() < end, isRunning else {
                throw BenchmarkError("a node did not start; its log: \(scratch.path)/node.log")
            }
            pump(milliseconds: 20)
        }
        // The API opens its port after the node has called itself ready.
        while hasAPI {
            if let socket = try? LoopbackSocket(port: apiPort) {
                socket.descriptor.closeQuietly()
                break
            }
            guard seconds() < end else { throw BenchmarkError("a node's API did not start; its log: \(scratch.path)/node.log") }
            pump(milliseconds: 10)
        }
    }

    private static func apiSettings(port: UInt16) -> String {
        "api_bind_addr: \"127.0.0.1\"\napi_port: \(port)\napi_requests_per_second: 0\n"
            + "rate_limit_messages_per_second: 100000\nrate_limit_burst: 100000"
    }

    /// Reads what the node reports, waiting for at most so long when there is nothing.
    func pump(milliseconds: Int32) {
        guard Descriptors.wait(for: reports, .toRead, milliseconds: milliseconds) else { return }
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        guard let count = try? reports.readBytes(into: &chunk), count > 0 else { return }
        for byte in chunk[..<count] {
            if byte == UInt8(ascii: "\n") {
                take(partialLine)
                partialLine.removeAll(keepingCapacity: true)
            } else {
                partialLine.append(byte)
            }
        }
    }

    private func take(_ line: [UInt8]) {
        switch NodeReport(line: line) {
        case .ready: isReady = true
        case .status(let status): self.status = status
        case .block(let block): blocks.append(block)
        case nil: break
        }
    }

    /// Resident kilobytes, by kind (`/proc/PID/status`).
    func memory() throws -> (all: Double, anonymous: Double, file: Double) {
        let text = String(decoding: try procFile("status"), as: UTF8.self)
        func megabytes(_ name: String) -> Double {
            for line in text.split(separator: "\n") where line.hasPrefix("\(name):") {
                return (line.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first.flatMap { Double($0) } ?? .nan) / 1024
            }
            return .nan
        }
        return (megabytes("VmRSS"), megabytes("RssAnon"), megabytes("RssFile"))
    }

    /// CPU that its threads have had so far, in seconds: the sum of their `/proc/PID/task/*/schedstat`, in nanoseconds each.
    func cpuSeconds() throws -> Double {
        guard let threads = try? FileSystem.names(in: "/proc/\(child.processID)/task") else {
            throw BenchmarkError("a node ended; its log: \(scratch.path)/node.log")
        }
        var nanoseconds = 0.0
        for name in threads {
            guard let text = try? procFile("task/\(name)/schedstat") else { continue }
            nanoseconds += Double(String(decoding: text, as: UTF8.self).split(separator: " ").first ?? "0") ?? 0
        }
        return nanoseconds / 1e9
    }

    private func procFile(_ name: String) throws -> [UInt8] {
        guard let file = try? FileDescriptor(opening: "/proc/\(child.processID)/\(name)", .readOnly) else {
            throw BenchmarkError("a node ended; its log: \(scratch.path)/node.log")
        }
        defer { file.closeQuietly() }
        return try file.readToEnd(atMost: 16 << 10)
    }

    private var isRunning: Bool { child.reap() == nil }

    func stop() {
        child.signal(.terminate)
        child.waitForEnd()
        reports.closeQuietly()
        scratch.remove()
    }

    // MARK: Processes

    /// The command beside this executable.
    private static func commandPath() throws -> String {
        let path = "\(FileSystem.folder(of: ThisProcess.executablePath))/podoru"
        guard FileSystem.allows(.execute, path) else {
            throw BenchmarkError("there is no \(path): build it with `swift build -c release --product podoru`")
        }
        return path
    }

    private static func spawn(_ configuration: String, log: String) throws -> (ChildProcess, FileDescriptor) {
        let (ours, theirs) = try UnixSocket.makePair()
        defer { theirs.closeQuietly() }
        let log = try FileDescriptor(opening: log, .writeOnly, .create, mode: 0o600)
        defer { log.closeQuietly() }
        var launch = ChildProcess.Launch(
            try commandPath(), ["run", "--config", configuration, "--supervisor-fd", "\(reportDescriptor)"])
        launch.output = .null
        launch.error = .file(log)
        launch.passed = [reportDescriptor: theirs]
        // A Ctrl-C ends the nodes with the benchmark.
        launch.leadsGroup = false
        return (try ChildProcess(launch), ours)
    }
}
