import Foundation

/// A command that goes on until it is interrupted.
final class Watch {
    struct NotInTime: Error {
        var what: String
        var output: String
    }

    private let process = Process()
    private let file: URL

    init(_ tool: CommandLineTool, _ arguments: String...) throws {
        file = tool.folder.appendingPathComponent("watch.out")
        try Data().write(to: file)
        process.executableURL = CommandLineTool.binary
        process.arguments = arguments
        process.environment = ["PATH": "/usr/bin:/bin"]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try FileHandle(forWritingTo: file)
        process.standardError = try FileHandle(forWritingTo: file)
        try process.run()
    }

    var output: String { (try? String(contentsOf: file, encoding: .utf8)) ?? "" }

    func wait(_ what: String, _ condition: (String) -> Bool) async throws {
        let deadline = Date(timeIntervalSinceNow: 30)
        while !condition(output) {
            guard Date() < deadline, process.isRunning else { throw NotInTime(what: what, output: output) }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    /// Ctrl-C or another signal, and the exit code; what ended it when that was a signal, below 0.
    func interrupt(by signal: Int32 = SIGINT) async throws -> Int32 {
        Foundation.kill(process.processIdentifier, signal)
        // A devnet may take its time to agree.
        let deadline = Date(timeIntervalSinceNow: 60)
        while process.isRunning {
            guard Date() < deadline else { throw NotInTime(what: "it ends", output: output) }
            try await Task.sleep(for: .milliseconds(20))
        }
        return process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus
    }

    /// Ends it whatever happened, in order first.
    func kill() {
        if process.isRunning { process.interrupt() }
        let deadline = Date(timeIntervalSinceNow: 30)
        while process.isRunning, Date() < deadline { usleep(20_000) }
        if process.isRunning { Foundation.kill(process.processIdentifier, SIGKILL) }
    }
}
