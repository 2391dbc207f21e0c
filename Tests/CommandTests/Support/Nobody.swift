import Foundation

/// A user without any right of ours: the one that Debian calls nobody.
enum Nobody {
    private static let identifier = 65534
    private static let setpriv = "/usr/bin/setpriv"

    /// Whether it can be played here, and may run the built command.
    static let isThere: Bool = {
        guard geteuid() == 0, FileManager.default.isExecutableFile(atPath: setpriv) else { return false }
        return (try? run(CommandLineTool.binary.path, "--version").code) == 0
    }()

    static func run(_ command: String...) throws -> CommandLineTool.Result {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: setpriv)
        process.arguments = ["--reuid=\(identifier)", "--regid=\(identifier)", "--clear-groups", "--no-new-privs"] + command
        process.currentDirectoryURL = URL(fileURLWithPath: "/")
        process.environment = ["PATH": "/usr/bin:/bin"]
        let (output, errors) = (Pipe(), Pipe())
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = errors
        try process.run()
        // A few lines: less than a pipe holds.
        process.waitUntilExit()
        func text(_ pipe: Pipe) throws -> String {
            String(decoding: try pipe.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        }
        return CommandLineTool.Result(code: process.terminationStatus, output: try text(output), errors: try text(errors))
    }
}
