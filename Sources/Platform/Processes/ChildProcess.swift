internal import CPosix
internal import Synchronization
package import SystemPackage

/// Another program that this one has started: the only place where that is done (`posix_spawn(3)`).
///
/// Nothing of this process is inherited but what `Launch` names: every descriptor that is opened in this project closes itself there, and
/// signals do what they do to a program that knows nothing of them. Who
/// has started it must reap it, by `reap` now and then or by `waitForEnd`; a child that nobody reaps stays as a zombie until this process
/// ends, and its number is not given to another meanwhile, so that a signal never reaches a stranger.
package final class ChildProcess: Sendable {
    /// Where one of its three streams leads.
    package enum Stream: Sendable {
        /// Where this process's own leads.
        case inherited
        /// Nowhere: nothing comes, and what is written is gone.
        case null
        /// To what is open here. This process keeps its own end and closes it when it likes.
        case file(FileDescriptor)
    }

    /// What is started, and what it is given.
    package struct Launch: Sendable {
        /// The program's path; nothing is searched for.
        package var executable: String
        /// Without its own name.
        package var arguments: [String]
        /// Its variables, `name=value` each; this process's own where it is `nil`.
        package var environment: [String]?
        package var input = Stream.null
        package var output = Stream.inherited
        package var error = Stream.inherited
        /// What it finds open beside its three streams, by the number that it has there: 3 or more.
        package var passed: [Int32: FileDescriptor] = [:]
        /// Whether it leads a group of its own: a Ctrl-C in the terminal then reaches this process alone, and `signalGroup` all that it starts.
        package var leadsGroup = true
        /// The folder that it runs in; this process's own where it is `nil`.
        package var folder: String?

        package init(_ executable: String, _ arguments: [String] = []) {
            self.executable = executable
            self.arguments = arguments
        }
    }

    package let processID: Int32
    /// When it was started, by `SystemClock.uptime`.
    package let startedAt: Int64
    private let state = Mutex<ChildEnding?>(nil)

    /// How it ended, once it was reaped.
    package var ending: ChildEnding? { state.withLock { $0 } }

    /// Starts it. It runs when this returns.
    package init(_ launch: Launch) throws(Errno) {
        startedAt = SystemClock.uptime
        processID = try ChildProcess.spawn(launch)
    }

    /// Collects how it ended, when it has. Never blocks.
    ///
    /// - Returns: `nil` while it runs.
    @discardableResult
    package func reap() -> ChildEnding? {
        state.withLock { ending in
            if ending != nil { return ending }
            var status: Int32 = 0
            if waitpid(processID, &status, WNOHANG) == processID { ending = ChildEnding(waitStatus: status) }
            return ending
        }
    }

    /// Waits for its end and collects it.
    @discardableResult
    package func waitForEnd() -> ChildEnding {
        while true {
            if let ending = reap() { return ending }
            // Without taking it away: only under the lock nobody signals a number that is free again.
            var information = siginfo_t()
            _ = waitid(P_PID, id_t(processID), &information, WEXITED | WNOWAIT)
        }
    }

    /// Waits for its end until the clock's `uptime` is `deadline`, and collects it; `nil` when it still runs then.
    package func waitForEnd(until deadline: Int64) -> ChildEnding? {
        while true {
            if let ending = reap() { return ending }
            if SystemClock.uptime >= deadline { return nil }
            SystemClock.sleep(milliseconds: ChildProcess.pollMilliseconds)
        }
    }

    /// Between two looks: the system wakes nobody at a moment that can be bounded, and a process takes longer to end.
    private static let pollMilliseconds: Int64 = 2

    /// Sends it a signal, unless it was reaped.
    package func signal(_ signal: Signal) { send(signal, to: processID) }

    /// Sends a signal to it and all that it has started, where it leads a group, unless it was reaped.
    package func signalGroup(_ signal: Signal) { send(signal, to: -processID) }

    private func send(_ signal: Signal, to target: Int32) {
        state.withLock { ending in
            if ending == nil { _ = kill(target, signal.rawValue) }
        }
    }

    /// Asks it to end in order. A stopped process (SIGSTOP) hears that once it goes on.
    package func terminate() {
        signal(.terminate)
        signal(.continue)
    }
}

extension ChildProcess {
    /// Numbers that a child is given are lower, and what is passed to it is first copied above, so that one does not take another's place.
    private static let firstCopy: Int32 = 64

    private static func spawn(_ launch: Launch) throws(Errno) -> Int32 {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (number, stream) in [(STDIN_FILENO, launch.input), (STDOUT_FILENO, launch.output), (STDERR_FILENO, launch.error)] {
            switch stream {
            case .inherited: break
            case .null: posix_spawn_file_actions_addopen(&actions, number, "/dev/null", number == STDIN_FILENO ? O_RDONLY : O_WRONLY, 0)
            case .file(let file): posix_spawn_file_actions_adddup2(&actions, file.rawValue, number)
            }
        }
        var copies: [Int32] = []
        defer { for copy in copies { close(copy) } }
        for (number, file) in launch.passed {
            let copy = podoru_duplicate_above(file.rawValue, firstCopy)
            try Errno.check(copy)
            copies.append(copy)
            posix_spawn_file_actions_adddup2(&actions, copy, number)
        }
        if let folder = launch.folder { podoru_spawn_in_folder(&actions, folder) }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // The threads of dispatch block every signal that can be blocked, and commands ignore some: a child would inherit both.
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        var flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
        if launch.leadsGroup {
            flags |= POSIX_SPAWN_SETPGROUP
            posix_spawnattr_setpgroup(&attributes, 0)
        }
        posix_spawnattr_setflags(&attributes, Int16(flags))
        var processID: pid_t = 0
        let result = withCStrings([launch.executable] + launch.arguments) { words in
            guard let variables = launch.environment else {
                return posix_spawn(&processID, launch.executable, &actions, &attributes, words, podoru_environment())
            }
            return withCStrings(variables) { posix_spawn(&processID, launch.executable, &actions, &attributes, words, $0) }
        }
        guard result == 0 else { throw Errno(rawValue: result) }
        return processID
    }

    /// C strings and the null behind them, for as long as `body` runs.
    private static func withCStrings<Result>(
        _ texts: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
    ) -> Result {
        let words: [UnsafeMutablePointer<CChar>?] = texts.map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        return body(words)
    }
}
