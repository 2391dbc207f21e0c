import Foundation

/// Runs the tools of an operator's machine.
enum Shell {
    struct Result {
        var code: Int32
        var output: String
        var errors: String
    }

    static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// The built command, beside the test bundle.
    static let podoru: URL = {
        let bundle = CommandLine.arguments.first { $0.hasSuffix(".xctest") }.map { URL(fileURLWithPath: $0) }
        let running = bundle ?? URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        return running.deletingLastPathComponent().appendingPathComponent("podoru")
    }()

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
        let folder = try temporaryFolder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", script]
        process.currentDirectoryURL = root
        process.environment = ["PATH": path, "HOME": folder.path, "LC_ALL": "C.UTF-8"].merging(environment) { $1 }
        let (output, errors) = (folder.appendingPathComponent("out"), folder.appendingPathComponent("err"))
        for file in [output, errors] { try Data().write(to: file) }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try FileHandle(forWritingTo: output)
        process.standardError = try FileHandle(forWritingTo: errors)
        try process.run()
        process.waitUntilExit()
        return Result(
            code: process.terminationStatus, output: String(decoding: try Data(contentsOf: output), as: UTF8.self),
            errors: String(decoding: try Data(contentsOf: errors), as: UTF8.self))
    }

    static func temporaryFolder() throws -> URL {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("podoru-deploy-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return folder
    }

    /// A file below `deploy/`.
    static func read(_ name: String) throws -> String {
        try String(contentsOf: root.appendingPathComponent("deploy/\(name)"), encoding: .utf8)
    }
}
