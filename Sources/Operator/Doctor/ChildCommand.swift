internal import Terminal

#if canImport(Glibc)
@preconcurrency internal import Glibc
#elseif canImport(Musl)
@preconcurrency internal import Musl
#endif

/// Another program that is asked a question, without a shell, with an end and a bound.
enum ChildCommand {
    struct Answer: Hashable, Sendable {
        /// Its exit code; 128 + the signal that ended it.
        var code: Int32
        /// What it wrote, errors among it.
        var output: String
    }

    enum Outcome: Hashable, Sendable {
        /// There is no such program.
        case missing
        case answered(Answer)
        /// It was ended because it took too long or said too much.
        case late
        case failed(String)
    }

    /// Where programs are looked for after `PATH`, which leaves these out for users.
    private static let systemFolders = ["/usr/sbin", "/sbin", "/usr/bin", "/bin"]

    /// Runs `name` with `arguments` and waits for its end, at most until `deadline`. Blocks.
    static func run(_ name: String, _ arguments: [String], within time: Duration) -> Outcome {
        guard let path = find(name) else { return .missing }
        var pipe: [Int32] = [-1, -1]
        // A socket pair, since it can be made so that no other child inherits it.
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &pipe) == 0 else {
            return .failed("no pipe: \(errnoText())")
        }
        let child = start(path, arguments, output: pipe[1])
        close(pipe[1])
        defer { close(pipe[0]) }
        guard case .success(let processID) = child else {
            if case .failure(let code) = child { return .failed("\(path) cannot be started: \(String(cString: strerror(code.number)))") }
            return .missing
        }
        let end = SystemTime.milliseconds + time.components.seconds * 1000 + time.components.attoseconds / 1_000_000_000_000_000
        let output = read(pipe[0], until: end)
        // Once it has closed its output it ends; if not, it is ended. It is a group of its own, with what it has started.
        while output != nil, SystemTime.milliseconds < end {
            if let code = reap(processID, WNOHANG) {
                return .answered(Answer(code: code, output: output.map { String(decoding: $0, as: UTF8.self) } ?? ""))
            }
            usleep(2000)
        }
        kill(-processID, SIGKILL)
        _ = reap(processID, 0)
        return .late
    }

    /// The program's path: absolute, a regular file that may be run.
    private static func find(_ name: String) -> String? {
        let path = getenv("PATH").map { String(cString: $0) } ?? ""
        let folders = path.split(separator: ":").map(String.init).filter { $0.hasPrefix("/") } + systemFolders
        return folders.map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
    }

    private struct SpawnError: Error {
        var number: Int32
    }

    private static func start(_ path: String, _ arguments: [String], output: Int32) -> Result<pid_t, SpawnError> {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        posix_spawn_file_actions_adddup2(&actions, output, 2)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
        posix_spawnattr_setpgroup(&attributes, 0)
        // In English, whatever the operator speaks: it is read by a program.
        let variables = ["LC_ALL=C", "PATH=" + systemFolders.joined(separator: ":"), "SYSTEMD_PAGER=", "SYSTEMD_COLORS=0"]
        var words: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { strdup($0) } + [nil]
        var environment: [UnsafeMutablePointer<CChar>?] = variables.map { strdup($0) } + [nil]
        defer { for word in words + environment { free(word) } }
        var processID: pid_t = 0
        let result = posix_spawn(&processID, path, &actions, &attributes, &words, &environment)
        return result == 0 ? .success(processID) : .failure(SpawnError(number: result))
    }

    /// All that comes until the other end is closed; `nil` when it is too much or too late.
    private static func read(_ descriptor: Int32, until end: Int64) -> [UInt8]? {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let rest = end - SystemTime.milliseconds
            var wait = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            guard rest > 0, poll(&wait, 1, Int32(clamping: rest)) != 0 else { return nil }
            let count = chunk.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            if count <= 0 { return bytes }
            bytes += chunk[..<count]
            if bytes.count > DoctorLimits.childOutputBytes { return nil }
        }
    }

    private static func reap(_ processID: pid_t, _ flags: Int32) -> Int32? {
        var status: Int32 = 0
        guard waitpid(processID, &status, flags) == processID else { return nil }
        let signal = status & 0x7f
        return signal == 0 ? (status >> 8) & 0xff : 128 + signal
    }
}
