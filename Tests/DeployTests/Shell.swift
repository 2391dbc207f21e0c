import Foundation
import TestKit

/// Runs the tools of an operator's machine.
enum Shell {
    typealias Result = TestProcess.Result

    static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    static let podoru = TestProcess.podoru

    static let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    /// Where nothing may be left out, as in `.ci/run`: a test whose tool is missing fails there instead of being skipped.
    static let skipsNothing = ProcessInfo.processInfo.environment["PODORU_TEST_ALL"] == "1"

    /// Whether a tool is on the path of a root shell.
    static func has(_ tool: String) -> Bool {
        skipsNothing || path.split(separator: ":").contains { FileManager.default.isExecutableFile(atPath: "\($0)/\(tool)") }
    }

    static var isRoot: Bool { skipsNothing || geteuid() == 0 }

    /// Runs a script of `sh` in the project's folder.
    static func run(_ script: String, _ environment: [String: String] = [:]) throws -> Result {
        let home = TemporaryDirectory()
        return try TestProcess.run(
            ["/bin/sh", "-c", script], in: root,
            environment: ["PATH": path, "HOME": home.path, "LC_ALL": "C.UTF-8"].merging(environment) { $1 })
    }

    /// A file below `deploy/`.
    static func read(_ name: String) throws -> String {
        try String(contentsOf: root.appendingPathComponent("deploy/\(name)"), encoding: .utf8)
    }
}
