public import Foundation

/// A process that a test starts: the one place where tests start any. It is killed with the value.
// Unchecked: Foundation's process locks its own state, and nothing else changes after the start.
public final class TestProcess: @unchecked Sendable {
    /// How it ended.
    public enum Ending: Hashable {
        case code(Int32)
        case signal(Int32)

        /// The exit code, or what ended it when that was a signal, below 0.
        public var code: Int32 {
            switch self {
            case .code(let code): code
            case .signal(let signal): -signal
            }
        }
    }

    /// What a command left that ran to its end.
    public struct Result: Sendable {
        public var code: Int32
        public var output: String
        public var errors: String
    }

    /// The built `podoru`, beside the test bundle: both are products of one build.
    public static let podoru: URL = {
        let bundle = CommandLine.arguments.first { $0.hasSuffix(".xctest") }.map { URL(fileURLWithPath: $0) }
        let running = bundle ?? URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        return running.deletingLastPathComponent().appendingPathComponent("podoru")
    }()

    private let process = Process()
    private let logFile: URL

    /// Starts it. Its environment is `PATH` and what is given.
    ///
    /// - Parameters:
    ///   - command: the program, by its path, and its arguments.
    ///   - folder: its working directory.
    ///   - log: the file that has its standard output and error; made anew.
    ///   - input: what it reads; nothing unless told otherwise.
    ///   - output: where its standard output goes instead.
    public init(
        _ command: [String], in folder: URL, environment: [String: String] = [:], log: URL, input: Pipe? = nil,
        output: FileHandle? = nil
    ) throws {
        logFile = log
        let descriptor = open(log.path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw TestFailure("cannot write \(log.path)") }
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        TestProcess.prepare(process, command, folder, environment)
        process.standardInput = input ?? FileHandle.nullDevice
        process.standardOutput = output ?? file
        process.standardError = file
        try process.run()
    }

    deinit {
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    }

    private static func prepare(_ process: Process, _ command: [String], _ folder: URL, _ environment: [String: String]) {
        process.executableURL = URL(fileURLWithPath: command[0])
        process.arguments = Array(command.dropFirst())
        process.currentDirectoryURL = folder
        process.environment = ["PATH": "/usr/bin:/bin"].merging(environment) { $1 }
    }

    /// Runs a command to its end; the thread waits. The input must fit a pipe (64 KiB), or the command must read all of it.
    public static func run(
        _ command: [String], in folder: URL, environment: [String: String] = [:], input: Data = Data()
    ) throws -> Result {
        let process = Process()
        prepare(process, command, folder, environment)
        let scratch = TemporaryDirectory()
        let (output, errors) = (URL(fileURLWithPath: scratch.file("out")), URL(fileURLWithPath: scratch.file("err")))
        for file in [output, errors] { try Data().write(to: file) }
        process.standardOutput = try FileHandle(forWritingTo: output)
        process.standardError = try FileHandle(forWritingTo: errors)
        let pipe = Pipe()
        process.standardInput = pipe
        try process.run()
        // Nothing to write must not meet a pipe that a command without input has closed.
        if !input.isEmpty { try pipe.fileHandleForWriting.write(contentsOf: input) }
        try pipe.fileHandleForWriting.close()
        process.waitUntilExit()
        return Result(
            code: process.terminationStatus, output: String(decoding: try Data(contentsOf: output), as: UTF8.self),
            errors: String(decoding: try Data(contentsOf: errors), as: UTF8.self))
    }

    /// Whether a command can be run here and succeeds; for tests that are skipped where it cannot.
    public static func succeeds(_ command: [String]) -> Bool {
        (try? run(command, in: FileManager.default.temporaryDirectory).code) == 0
    }

    // MARK: While it runs

    public var processIdentifier: Int32 { process.processIdentifier }
    public var isRunning: Bool { process.isRunning }

    /// What it has written so far. The last line may be half a one.
    public var log: String { (try? String(contentsOf: logFile, encoding: .utf8)) ?? "" }

    /// Waits until `condition` holds; fails at once when the process has ended, and in each case with its log.
    public func wait(_ what: String, within deadline: Duration = .seconds(30), _ condition: () async throws -> Bool) async throws {
        try await eventually(what, within: deadline, state: log) {
            if try await condition() { return true }
            guard process.isRunning else { throw TestFailure("ended with \(ending.map { "\($0)" } ?? "?"), not yet: \(what): \(log)") }
            return false
        }
    }

    /// Waits until a whole line of its log has `words`.
    public func wait(untilItLogs words: String, within deadline: Duration = .seconds(30)) async throws {
        try await wait("it logs \(words)", within: deadline) { log.range(of: words).map { log[$0.upperBound...].contains("\n") } ?? false }
    }

    public func signal(_ number: Int32) {
        if process.isRunning { kill(process.processIdentifier, number) }
    }

    // MARK: Its end

    /// How it ended, once it has.
    public var ending: Ending? {
        guard !process.isRunning else { return nil }
        return process.terminationReason == .exit ? .code(process.terminationStatus) : .signal(process.terminationStatus)
    }

    /// Sends it a signal, or none, and waits for its end.
    @discardableResult
    public func end(by number: Int32? = nil, within deadline: Duration = .seconds(60)) async throws -> Ending {
        if let number { signal(number) }
        try await eventually("process \(process.processIdentifier) ends", within: deadline, state: log) { !process.isRunning }
        return ending ?? .code(-1)
    }

    /// Ends it if it still runs, and returns once it is gone: by SIGKILL, or after a signal that it may take half a minute to follow.
    public func remove(after number: Int32? = nil) {
        if let number {
            signal(number)
            for _ in 0..<3000 where process.isRunning { usleep(10_000) }
        }
        signal(SIGKILL)
        process.waitUntilExit()
    }
}
