import Foundation
import TestSupport

/// A real node in a process of its own, on a free port and in a folder of its own.
final class RunningNode {
    enum Failure: Error {
        case ended(code: Int32, log: String)
        case notInTime(String, log: String)
    }

    let folder: URL
    private(set) var port = 0
    private let process = Process()
    private var logFile: URL { folder.appendingPathComponent("node.log") }

    /// Beside the test bundle: both are products of one build.
    static let binary: URL = {
        let bundle = CommandLine.arguments.first { $0.hasSuffix(".xctest") }.map { URL(fileURLWithPath: $0) }
        let running = bundle ?? URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        return running.deletingLastPathComponent().appendingPathComponent("podoru")
    }()

    /// Starts a full node and waits until it listens.
    ///
    /// - Parameters:
    ///   - genesis: the genesis file's bytes; the reference's unless told otherwise.
    ///   - settings: further lines of its configuration.
    ///   - prepare: puts further files into its folder.
    init(genesis: Data? = nil, settings: [String] = [], prepare: (URL) throws -> Void = { _ in }) async throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("podoru-peer-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try (genesis ?? Vectors.data("genesis.json")).write(to: folder.appendingPathComponent("genesis.json"))
        try prepare(folder)
        // A key of the configuration stands once.
        let type = settings.contains { $0.hasPrefix("node_type:") } ? [] : ["node_type: full"]
        let lines =
            type + [
                "genesis_path: \"genesis.json\"", "data_dir: \"data\"", "p2p_bind_addr: \"127.0.0.1\"", "p2p_port: 0",
                "api_enabled: false",
            ] + settings
        try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: folder.appendingPathComponent("node.yaml"))
        try Data().write(to: logFile)
        process.executableURL = Self.binary
        process.arguments = ["run", "--config", "node.yaml"]
        process.currentDirectoryURL = folder
        process.environment = ["PATH": "/usr/bin:/bin"]
        process.standardInput = FileHandle.nullDevice
        process.standardError = try FileHandle(forWritingTo: logFile)
        try process.run()
        try await wait("it listens") { self.port != 0 || self.findPort() }
    }

    deinit {
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
        try? FileManager.default.removeItem(at: folder)
    }

    var address: String { "127.0.0.1:\(port)" }

    var log: String { (try? String(contentsOf: logFile, encoding: .utf8)) ?? "" }

    /// Waits until `condition` holds.
    func wait(_ what: String, within seconds: Double = 15, _ condition: () -> Bool) async throws {
        let deadline = Date(timeIntervalSinceNow: seconds)
        while !condition() {
            guard process.isRunning else { throw Failure.ended(code: process.terminationStatus, log: log) }
            guard Date() < deadline else { throw Failure.notInTime(what, log: log) }
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    /// Ends it as an operator does, and returns its exit code.
    func stop() async throws -> Int32 {
        kill(process.processIdentifier, SIGTERM)
        let deadline = Date(timeIntervalSinceNow: 10)
        while process.isRunning {
            guard Date() < deadline else { throw Failure.notInTime("it stops", log: log) }
            try await Task.sleep(for: .milliseconds(10))
        }
        return process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus
    }

    /// Bytes of memory that it has in use.
    var residentBytes: Int {
        let status = (try? String(contentsOfFile: "/proc/\(process.processIdentifier)/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
        return (line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) } ?? 0) * 1024
    }

    /// Seconds of processor time that it has used.
    var processorTime: Double {
        let stat = (try? String(contentsOfFile: "/proc/\(process.processIdentifier)/stat", encoding: .utf8)) ?? ""
        // Behind the command's name, which is in brackets: fields 14 and 15 of the line, in ticks of 10 ms.
        let fields = stat.split(separator: ")").last?.split(separator: " ") ?? []
        return fields.count > 12 ? ((Double(fields[11]) ?? 0) + (Double(fields[12]) ?? 0)) / 100 : 0
    }

    private func findPort() -> Bool {
        guard let range = log.range(of: "p2p=127.0.0.1:") else { return false }
        port = Int(log[range.upperBound...].prefix { $0.isNumber }) ?? 0
        // Half a number may have been written.
        return log[range.upperBound...].contains("\n")
    }
}
