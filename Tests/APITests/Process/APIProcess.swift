import Foundation
import TestKit

/// A chain of one producer with its API, in a process of its own, as an operator runs it.
final class APIProcess {
    let chain: TestChain
    private let node: NodeProcess

    /// - Parameters:
    ///   - openFiles: the hard limit of its descriptors, or what the tests themselves have.
    ///   - extra: lines of the configuration.
    ///   - environment: variables of its own.
    ///   - apiPort: a free one unless told otherwise.
    init(openFiles: Int? = nil, extra: String = "", environment: [String: String] = [:], apiPort: UInt16 = 0) throws {
        chain = try TestChain()
        let limit = openFiles.map { ["/bin/sh", "-c", "ulimit -n \($0); exec \"$0\" \"$@\""] } ?? []
        node = NodeProcess(in: chain.directory.url, through: limit, environment: environment)
        try node.configure(
            NodeProcess.loopback + """
                genesis_path: "genesis.json"
                data_dir: "data"
                node_type: producer
                private_key: "key"
                api_port: \(apiPort)
                api_requests_per_second: 0

                """ + extra)
    }

    var port: UInt16 { node.apiPort }
    var logged: String { node.log }
    var process: TestProcess { get throws { try node.process } }

    func start() async throws { try await node.start() }

    /// Starts it and waits until it ends by itself: its exit code.
    func runToEnd() async throws -> Int32 {
        try await node.start(until: nil)
        return try await node.end().code
    }

    /// Sets the soft limit of its descriptors while it runs, with prlimit(1).
    func limitOpenFiles(to count: Int) throws {
        let command = ["/usr/bin/prlimit", "--pid", "\(try process.processIdentifier)", "--nofile=\(count):"]
        guard TestProcess.succeeds(command) else { throw TestFailure("prlimit") }
    }

    /// SIGHUP: it reads its configuration again.
    func hangUp() { node.hangUp() }

    /// SIGTERM: its exit code, and how long it took.
    func terminate() async throws -> (code: Int32, time: Duration) {
        let begin = ContinuousClock.now
        return (try await node.stop(), ContinuousClock.now - begin)
    }

    func kill() { node.kill() }
}

/// Runs `body` with a node's process that is gone after it.
func withNodeProcess(
    openFiles: Int? = nil, extra: String = "", environment: [String: String] = [:], _ body: (APIProcess) async throws -> Void
) async throws {
    let process = try APIProcess(openFiles: openFiles, extra: extra, environment: environment)
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
