import Foundation
import TestKit

/// A command that goes on until it is interrupted.
final class Watch {
    private let process: TestProcess

    init(_ tool: CommandLineTool, _ arguments: String...) throws {
        process = try TestProcess(
            [CommandLineTool.binary.path] + arguments, in: tool.folder, log: tool.folder.appendingPathComponent("watch.out"))
    }

    var output: String { process.log }

    func wait(_ what: String, _ condition: (String) -> Bool) async throws {
        try await process.wait(what) { condition(output) }
    }

    /// Ctrl-C or another signal, and the exit code; what ended it when that was a signal, below 0. A devnet may take its time to agree.
    func interrupt(by signal: Int32 = SIGINT) async throws -> Int32 { try await process.end(by: signal).code }

    /// Ends it whatever happened, in order first.
    func kill() { process.remove(after: SIGINT) }
}
