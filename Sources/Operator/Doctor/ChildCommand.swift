internal import Platform
internal import SystemPackage
internal import Terminal

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
        // A socket pair, since it can be made so that no other child inherits it.
        let (ours, theirs): (FileDescriptor, FileDescriptor)
        do throws(Errno) {
            (ours, theirs) = try UnixSocket.makePair()
        } catch {
            return .failed("no pipe: \(error)")
        }
        defer { ours.closeQuietly() }
        var launch = ChildProcess.Launch(path, arguments)
        launch.output = .file(theirs)
        launch.error = .file(theirs)
        // In English, whatever the operator speaks: it is read by a program.
        launch.environment = ["LC_ALL=C", "PATH=" + systemFolders.joined(separator: ":"), "SYSTEMD_PAGER=", "SYSTEMD_COLORS=0"]
        let child: ChildProcess
        do throws(Errno) {
            child = try ChildProcess(launch)
            theirs.closeQuietly()
        } catch {
            theirs.closeQuietly()
            return .failed("\(path) cannot be started: \(error)")
        }
        let end = SystemClock.uptime(after: time)
        // Once it has closed its output it ends; if not, it is ended. It is a group of its own, with what it has started.
        if let output = read(ours, until: end), let ending = child.waitForEnd(until: end) {
            return .answered(Answer(code: ending.shellStatus, output: String(decoding: output, as: UTF8.self)))
        }
        child.signalGroup(.kill)
        child.waitForEnd()
        return .late
    }

    /// The program's path: absolute, a regular file that may be run.
    private static func find(_ name: String) -> String? {
        let path = ProcessVariables["PATH"] ?? ""
        let folders = path.split(separator: ":").map(String.init).filter { $0.hasPrefix("/") } + systemFolders
        return folders.map { "\($0)/\(name)" }.first { FileSystem.allows(.execute, $0) }
    }

    /// All that comes until the other end is closed; `nil` when it is too much or too late.
    private static func read(_ file: FileDescriptor, until end: Int64) -> [UInt8]? {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let rest = (end - SystemClock.uptime) / 1_000_000
            guard rest > 0, Descriptors.wait(for: file, .toRead, milliseconds: Int32(clamping: rest)) else { return nil }
            guard let count = try? file.readBytes(into: &chunk), count > 0 else { return bytes }
            bytes += chunk[..<count]
            if bytes.count > DoctorLimits.childOutputBytes { return nil }
        }
    }
}
