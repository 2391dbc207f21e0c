import Foundation
import TestKit

/// A terminal of some size, with a command's standard output in it.
final class Terminal {
    struct Failure: Error {}

    /// `TIOCSPTLCK` and `TIOCGPTN` of Linux, whose macros Swift does not read.
    private static let unlock: UInt = 0x4004_5431
    private static let getNumber: UInt = 0x8004_5430

    private let master: Int32
    private let columns: Int
    private let lines: Int
    private let process: TestProcess
    private var bytes: [UInt8] = []

    init(_ tool: CommandLineTool, _ arguments: [String], columns: Int = 80, lines: Int = 24, environment: [String: String] = [:]) throws {
        (self.columns, self.lines) = (columns, lines)
        master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        var number: CInt = 0
        var isLocked: CInt = 0
        guard master >= 0, ioctl(master, Terminal.unlock, &isLocked) == 0, ioctl(master, Terminal.getNumber, &number) == 0 else {
            throw Failure()
        }
        let slave = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY | O_CLOEXEC)
        guard slave >= 0 else { throw Failure() }
        var size = winsize(ws_row: UInt16(lines), ws_col: UInt16(columns), ws_xpixel: 0, ws_ypixel: 0)
        guard ioctl(slave, UInt(TIOCSWINSZ), &size) == 0 else { throw Failure() }
        _ = fcntl(master, F_SETFL, O_NONBLOCK)
        process = try TestProcess(
            [CommandLineTool.binary.path] + arguments, in: tool.folder, environment: ["TERM": "xterm"].merging(environment) { $1 },
            log: tool.folder.appendingPathComponent("terminal.err"), output: FileHandle(fileDescriptor: slave, closeOnDealloc: true))
    }

    deinit {
        process.remove()
        close(master)
    }

    /// What was written so far, with plain line ends.
    var output: String { raw.replacingOccurrences(of: "\r", with: "") }

    /// What stands on it now.
    var screen: ScreenModel { ScreenModel(columns: columns, lines: lines, raw) }

    /// What was written so far, as the terminal was given it.
    private var raw: String {
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = read(master, &chunk, chunk.count)
            guard count > 0 else { break }
            bytes += chunk[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    func wait(_ what: String, _ condition: (String) -> Bool) async throws {
        try await eventually(what, within: .seconds(30), state: output) { condition(output) }
    }

    /// Waits for the end; the exit code.
    func end(interrupting: Bool = false) async throws -> Int32 {
        if interrupting { process.signal(SIGINT) }
        try await wait("it ends") { _ in !process.isRunning }
        return process.ending?.code ?? -1
    }
}
