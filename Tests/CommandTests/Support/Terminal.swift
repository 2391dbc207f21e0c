import Foundation

/// A terminal of some size, with a command's standard output in it.
final class Terminal {
    struct Failure: Error {}

    struct NotInTime: Error {
        var what: String
        var output: String
    }

    /// `TIOCSPTLCK` and `TIOCGPTN` of Linux, whose macros Swift does not read.
    private static let unlock: UInt = 0x4004_5431
    private static let getNumber: UInt = 0x8004_5430

    private let master: Int32
    private let columns: Int
    private let lines: Int
    private let process = Process()
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
        process.executableURL = CommandLineTool.binary
        process.arguments = arguments
        process.currentDirectoryURL = tool.folder
        process.environment = ["PATH": "/usr/bin:/bin", "TERM": "xterm"].merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle(fileDescriptor: slave, closeOnDealloc: true)
        process.standardError = FileHandle.nullDevice
        try process.run()
    }

    deinit {
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
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
        let deadline = Date(timeIntervalSinceNow: 30)
        while !condition(output) {
            guard Date() < deadline else { throw NotInTime(what: what, output: output) }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    /// Waits for the end; the exit code.
    func end(interrupting: Bool = false) async throws -> Int32 {
        if interrupting { process.interrupt() }
        try await wait("it ends") { _ in !process.isRunning }
        return process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus
    }
}
