internal import Node
internal import Supervisor
internal import WholeFiles

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// A `podoru run` of its own process, as a user would start it, with what it reports.
final class BenchNode {
    /// How long a node may take until it listens.
    private static let startTimeoutSeconds = 20.0
    /// The descriptor on which the child finds its end of the report socket.
    private static let reportDescriptor: Int32 = 3

    let port: UInt16
    /// Where it serves its API; 0 without one.
    let apiPort: UInt16
    private let processID: pid_t
    private let reports: Int32
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
        mkdir(data, 0o700)
        try prepare(data)
        port = try BenchNode.freePort()
        apiPort = hasAPI ? try BenchNode.freePort() : 0
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
        (processID, reports) = try BenchNode.spawn(configuration, log: "\(scratch.path)/node.log")
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
                close(socket.descriptor)
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
        var request = pollfd(fd: reports, events: Int16(POLLIN), revents: 0)
        guard poll(&request, 1, milliseconds) > 0 else { return }
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        let count = read(reports, &chunk, chunk.count)
        guard count > 0 else { return }
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
        guard let folder = opendir("/proc/\(processID)/task") else {
            throw BenchmarkError("a node ended; its log: \(scratch.path)/node.log")
        }
        defer { closedir(folder) }
        var nanoseconds = 0.0
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            guard Int(name) != nil, let text = try? procFile("task/\(name)/schedstat") else { continue }
            nanoseconds += Double(String(decoding: text, as: UTF8.self).split(separator: " ").first ?? "0") ?? 0
        }
        return nanoseconds / 1e9
    }

    private func procFile(_ name: String) throws -> [UInt8] {
        let descriptor = open("/proc/\(processID)/\(name)", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw BenchmarkError("a node ended; its log: \(scratch.path)/node.log") }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 16 << 10)
        let count = read(descriptor, &bytes, bytes.count)
        return Array(bytes.prefix(max(0, count)))
    }

    private var isRunning: Bool {
        var status: Int32 = 0
        return waitpid(processID, &status, WNOHANG) == 0
    }

    func stop() {
        kill(processID, SIGTERM)
        var status: Int32 = 0
        waitpid(processID, &status, 0)
        close(reports)
        scratch.remove()
    }

    // MARK: Processes

    /// The command beside this executable.
    private static func commandPath() throws -> String {
        var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = buffer.withUnsafeMutableBytes { raw in
            raw.baseAddress.map { readlink("/proc/self/exe", $0.assumingMemoryBound(to: CChar.self), raw.count) } ?? -1
        }
        let own = String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
        let folder = own.lastIndex(of: "/").map { own[..<$0] } ?? "."
        let path = "\(folder)/podoru"
        guard access(path, X_OK) == 0 else {
            throw BenchmarkError("there is no \(path): build it with `swift build -c release --product podoru`")
        }
        return path
    }

    private static func spawn(_ configuration: String, log: String) throws -> (pid_t, Int32) {
        var pair: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &pair) == 0 else {
            throw BenchmarkError("cannot make a socket pair: error \(errno)")
        }
        defer { close(pair[1]) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 2, log, O_WRONLY | O_CREAT, 0o600)
        posix_spawn_file_actions_adddup2(&actions, pair[1], reportDescriptor)
        let words = [try commandPath(), "run", "--config", configuration, "--supervisor-fd", "\(reportDescriptor)"]
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
        defer { for argument in arguments { free(argument) } }
        arguments.append(nil)
        var processID: pid_t = 0
        let code = posix_spawn(&processID, words[0], &actions, nil, &arguments, environ)
        guard code == 0 else { throw BenchmarkError("cannot start \(words[0]): error \(code)") }
        return (processID, pair[0])
    }

    /// A port of the loopback address that nobody uses.
    private static func freePort() throws -> UInt16 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = loopback(port: 0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 ? getsockname(descriptor, $0, &length) : -1
            }
        }
        guard code == 0 else { throw BenchmarkError("no free port: error \(errno)") }
        return UInt16(bigEndian: address.sin_port)
    }
}

func loopback(port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    return address
}
