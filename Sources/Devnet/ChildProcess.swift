internal import Terminal

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// How a process ended.
enum ChildEnding: Hashable, CustomStringConvertible {
    case code(Int32)
    case signal(Int32)

    /// From the status that waitpid(2) gives.
    init(waitStatus status: Int32) {
        let signal = status & 0x7f
        self = signal == 0 ? .code((status >> 8) & 0xff) : .signal(signal)
    }

    private static let names: [Int32: String] = [
        SIGKILL: "SIGKILL", SIGTERM: "SIGTERM", SIGINT: "SIGINT", SIGHUP: "SIGHUP", SIGQUIT: "SIGQUIT", SIGSEGV: "SIGSEGV",
        SIGBUS: "SIGBUS", SIGABRT: "SIGABRT", SIGILL: "SIGILL", SIGTRAP: "SIGTRAP", SIGFPE: "SIGFPE", SIGSYS: "SIGSYS",
    ]

    var description: String {
        switch self {
        case .code(let code): "exit code \(code)"
        case .signal(let number): ChildEnding.names[number] ?? "signal \(number)"
        }
    }

    /// As a shell tells it: the exit code, or 128 and the signal.
    var shellStatus: Int32 {
        switch self {
        case .code(let code): code
        case .signal(let number): 128 + number
        }
    }

    /// Whether the same would come of another start: a mistake in the command line, the files or the configuration.
    var isLasting: Bool {
        guard case .code(let code) = self, let exit = SystemExit(rawValue: code) else { return false }
        return [.usage, .badData, .noInput, .permission, .configuration].contains(exit)
    }
}

/// A node that the devnet started: its process, its log file and the socket it reports on.
final class ChildProcess {
    /// Bytes of one report line. A report is a few hundred bytes; more than this is not one.
    private static let maxLineBytes = 64 << 10

    let name: String
    let processID: pid_t
    /// Our end of the socket pair on which the node reports and takes orders.
    let reportDescriptor: Int32
    /// How it ended, once it was reaped.
    private(set) var ending: ChildEnding?
    /// When it was started, in milliseconds of `SystemTime`.
    let startedAt = SystemTime.milliseconds
    private var partialLine: [UInt8] = []

    private init(name: String, processID: pid_t, reportDescriptor: Int32) {
        self.name = name
        self.processID = processID
        self.reportDescriptor = reportDescriptor
    }

    /// The descriptor under which the child finds its end of the socket pair.
    static let supervisorDescriptor: Int32 = 3

    /// Starts `executable` with `arguments`, its standard error in `logPath`, its end of the report socket as descriptor 3.
    ///
    /// - Throws: `CommandFailure` with the call that failed.
    static func start(name: String, executable: String, arguments: [String], logPath: String) throws -> ChildProcess {
        var pair: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &pair) == 0 else {
            throw CommandFailure(.internalError, "cannot make a socket pair for \(name): \(errnoText())")
        }
        _ = fcntl(pair[0], F_SETFL, O_NONBLOCK)
        let log = open(logPath, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard log >= 0 else {
            close(pair[0])
            close(pair[1])
            throw CommandFailure(.cannotCreate, "cannot open the log \(logPath): \(errnoText())")
        }
        defer {
            close(log)
            close(pair[1])
        }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, log, 1)
        posix_spawn_file_actions_adddup2(&actions, log, 2)
        posix_spawn_file_actions_adddup2(&actions, pair[1], supervisorDescriptor)
        // A group of its own: Ctrl-C in the terminal reaches the devnet, which stops its nodes in order.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
        posix_spawnattr_setpgroup(&attributes, 0)

        var words: [UnsafeMutablePointer<CChar>?] = ([executable] + arguments).map { strdup($0) }
        defer { for word in words { free(word) } }
        words.append(nil)
        var processID: pid_t = 0
        let result = posix_spawn(&processID, executable, &actions, &attributes, &words, environ)
        guard result == 0 else {
            close(pair[0])
            throw CommandFailure(.internalError, "cannot start \(executable) for \(name): \(String(cString: strerror(result)))")
        }
        return ChildProcess(name: name, processID: processID, reportDescriptor: pair[0])
    }

    /// The whole report lines that have arrived since the last call. Never blocks.
    func readLines() -> [[UInt8]] {
        var lines: [[UInt8]] = []
        var chunk = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let count = chunk.withUnsafeMutableBytes { read(reportDescriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { break }
            for byte in chunk[..<count] {
                if byte == UInt8(ascii: "\n") {
                    lines.append(partialLine)
                    partialLine.removeAll(keepingCapacity: true)
                } else if partialLine.count < ChildProcess.maxLineBytes {
                    partialLine.append(byte)
                }
            }
        }
        return lines
    }

    /// Gives the node an order, such as `pause`.
    func order(_ word: String) {
        let line = Array((word + "\n").utf8)
        _ = line.withUnsafeBytes { send(reportDescriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
    }

    func signal(_ number: Int32) {
        if ending == nil { kill(processID, number) }
    }

    /// Asks it to end in order. A stopped process (SIGSTOP) hears that once it goes on.
    func terminate() {
        signal(SIGTERM)
        signal(SIGCONT)
    }

    /// Collects the exit status when the process has ended. Never blocks.
    @discardableResult
    func reap() -> Bool {
        guard ending == nil else { return true }
        var status: Int32 = 0
        guard waitpid(processID, &status, WNOHANG) == processID else { return false }
        ending = ChildEnding(waitStatus: status)
        return true
    }

    deinit {
        close(reportDescriptor)
    }
}
