import Foundation
import TestKit
import Testing

/// The peer in Python (`Tests/Peer`), as a process beside the tests.
struct PythonPeer {
    static let script = Vectors.folder.deletingLastPathComponent().appendingPathComponent("Peer/podoru_peer.py")

    /// Whether there is a Python to run it.
    static let isThere = TestProcess.succeeds(["/usr/bin/env", "python3", "-c", "import sys; sys.exit(sys.version_info < (3, 9))"])

    struct Result {
        var code: Int32
        var output: String
        /// The lines of checks that did not pass.
        var failures: [String] { output.split(separator: "\n").map(String.init).filter { $0.hasPrefix("FAIL") } }
        /// How many checks passed.
        var passed: Int { output.split(separator: "\n").count { $0.hasPrefix("PASS") } }
    }

    /// Runs it to its end; `meanwhile` is called again and again until then.
    static func run(_ arguments: [String], in folder: URL, meanwhile: () -> Void = {}) async throws -> Result {
        let process = try TestProcess(
            ["/usr/bin/env", "python3", "-B", script.path] + arguments, in: folder,
            log: folder.appendingPathComponent("python-\(UUID().uuidString).log"))
        try await eventually("python ends", state: process.log) {
            meanwhile()
            return !process.isRunning
        }
        return Result(code: process.ending?.code ?? -1, output: process.log)
    }
}

extension Trait where Self == ConditionTrait {
    static var needsPython: Self { .enabled(if: PythonPeer.isThere, "python3 (3.9 or newer) is not on the PATH") }
}
