import Foundation
import TestSupport
import Testing

/// The peer in Python (`Tests/Peer`), as a process beside the tests.
struct PythonPeer {
    static let script = Vectors.folder.deletingLastPathComponent().appendingPathComponent("Peer/podoru_peer.py")

    /// Whether there is a Python to run it.
    static let isThere: Bool = {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", "-c", "import sys; sys.exit(sys.version_info < (3, 9))"]
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }()

    struct Result {
        var code: Int32
        var output: String
        /// The lines of checks that did not pass.
        var failures: [String] { output.split(separator: "\n").map(String.init).filter { $0.hasPrefix("FAIL") } }
        /// How many checks passed.
        var passed: Int { output.split(separator: "\n").count { $0.hasPrefix("PASS") } }
    }

    /// Runs it to its end; `meanwhile` is called again and again until then.
    static func run(_ arguments: [String], in folder: URL, within seconds: Double = 60, meanwhile: () -> Void = {}) async throws -> Result {
        let file = folder.appendingPathComponent("python-\(UUID().uuidString).log")
        try Data().write(to: file)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", "-B", script.path] + arguments
        process.currentDirectoryURL = folder
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try FileHandle(forWritingTo: file)
        process.standardError = process.standardOutput
        try process.run()
        let deadline = Date(timeIntervalSinceNow: seconds)
        while process.isRunning {
            if Date() > deadline { process.terminate() }
            meanwhile()
            try await Task.sleep(for: .milliseconds(20))
        }
        return Result(code: process.terminationStatus, output: try String(contentsOf: file, encoding: .utf8))
    }
}

extension Trait where Self == ConditionTrait {
    static var needsPython: Self { .enabled(if: PythonPeer.isThere, "python3 (3.9 or newer) is not on the PATH") }
}
