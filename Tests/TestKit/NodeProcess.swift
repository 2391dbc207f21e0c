public import Foundation

/// `podoru run` in a process of its own, as an operator runs it: seen through its log, its exit code and /proc. It is killed with the value.
// Unchecked: one test at a time uses it.
public final class NodeProcess: @unchecked Sendable {
    /// What a node has written when it is as far as a test needs it.
    public enum Readiness: String {
        case listens = "p2p="
        case servesAPI = "serving api="
    }

    /// The folder in which it runs, with `node.yaml`, and `node.log` of its newest life.
    public let folder: URL
    /// Lines of the configuration before those of the test: where it listens, at free ports.
    public static let loopback = "p2p_bind_addr: \"127.0.0.1\"\np2p_port: 0\n"

    private let wrapper: [String]
    private let environment: [String: String]
    private var running: TestProcess?

    /// - Parameters:
    ///   - wrapper: a command that becomes the command, by its path.
    ///   - environment: variables beside `PATH`.
    public init(in folder: URL, through wrapper: [String] = [], environment: [String: String] = [:]) {
        self.folder = folder
        self.wrapper = wrapper
        // Swift's own report of a crash, which a toolchain brings, takes a second and many lines.
        self.environment = ["SWIFT_BACKTRACE": "enable=no"].merging(environment) { $1 }
    }

    /// Its process, of this life or the last one.
    public var process: TestProcess {
        get throws {
            guard let running else { throw TestFailure("the node was never started") }
            return running
        }
    }

    public var log: String { running?.log ?? "" }

    public func configure(_ text: String) throws {
        try Data(text.utf8).write(to: folder.appendingPathComponent("node.yaml"))
    }

    /// Begins a life, and waits until it is as far; without a readiness it does not wait.
    public func start(until readiness: Readiness? = .servesAPI) async throws {
        let process = try TestProcess(
            wrapper + [TestProcess.podoru.path, "run", "--config", "node.yaml"], in: folder, environment: environment,
            log: folder.appendingPathComponent("node.log"))
        running = process
        if let readiness { try await process.wait(untilItLogs: readiness.rawValue) }
    }

    /// Where peers reach it, once it listens; where clients do, once it serves its API.
    public var peerAddress: String { address(behind: .listens) }
    public var apiAddress: String { address(behind: .servesAPI) }
    public var port: UInt16 { UInt16(peerAddress.drop { $0 != ":" }.dropFirst()) ?? 0 }
    public var apiPort: UInt16 { UInt16(apiAddress.drop { $0 != ":" }.dropFirst()) ?? 0 }

    private func address(behind words: Readiness) -> String {
        let log = log
        guard let range = log.range(of: words.rawValue) else { return "" }
        return String(log[range.upperBound...].prefix { !$0.isWhitespace })
    }

    /// SIGHUP: it reads its configuration again.
    public func hangUp() { running?.signal(SIGHUP) }

    /// SIGHUP with this configuration, and the log from then on once it has `words` and is whole lines.
    public func reload(_ text: String, until words: String) async throws -> String {
        let process = try process
        let begin = process.log.count
        try configure(text)
        hangUp()
        var heard = ""
        try await process.wait("it logs: \(words)") {
            heard = String(process.log.dropFirst(begin))
            return heard.contains(words) && heard.hasSuffix("\n")
        }
        return heard
    }

    /// SIGTERM, and the exit code; the signal that ended it, below 0. A node that was never started has ended in order.
    @discardableResult
    public func stop() async throws -> Int32 { try await end(by: SIGTERM).code }

    /// Sends it a signal that ends it, or waits until it ends by itself.
    @discardableResult
    public func end(by number: Int32? = nil) async throws -> TestProcess.Ending { try await running?.end(by: number) ?? .code(0) }

    /// SIGKILL: the end without a word; returns once it is gone.
    public func kill() { running?.remove() }
}
