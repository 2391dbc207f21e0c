internal import Platform
internal import SystemPackage
internal import Terminal

extension ChildEnding {
    /// Whether the same would come of another start: a mistake in the command line, the files or the configuration.
    var isLasting: Bool {
        guard case .code(let code) = self, let exit = SystemExit(rawValue: code) else { return false }
        return [.usage, .badData, .noInput, .permission, .configuration].contains(exit)
    }
}

/// A node that the devnet started: its process, its log file and the socket it reports on.
final class DevnetProcess {
    /// Bytes of one report line. A report is a few hundred bytes; more than this is not one.
    private static let maxLineBytes = 64 << 10

    let name: String
    /// Our end of the socket pair on which the node reports and takes orders.
    let reports: FileDescriptor
    private let child: ChildProcess
    private var partialLine: [UInt8] = []

    private init(name: String, child: ChildProcess, reports: FileDescriptor) {
        self.name = name
        self.child = child
        self.reports = reports
    }

    /// The descriptor under which the child finds its end of the socket pair.
    static let supervisorDescriptor: Int32 = 3

    /// Starts `executable` with `arguments`, its standard error in `logPath`, its end of the report socket as descriptor 3.
    ///
    /// - Throws: `CommandFailure` with the call that failed.
    static func start(name: String, executable: String, arguments: [String], logPath: String) throws -> DevnetProcess {
        let (ours, theirs): (FileDescriptor, FileDescriptor)
        do throws(Errno) {
            (ours, theirs) = try UnixSocket.makePair()
        } catch {
            throw CommandFailure(.internalError, "cannot make a socket pair for \(name): \(error)")
        }
        defer { theirs.closeQuietly() }
        ours.setNonBlocking(true)
        let log: FileDescriptor
        do throws(Errno) {
            log = try FileDescriptor(opening: logPath, .writeOnly, [.create, .append], mode: 0o644)
        } catch {
            ours.closeQuietly()
            throw CommandFailure(.cannotCreate, "cannot open the log \(logPath): \(error)")
        }
        defer { log.closeQuietly() }
        // A group of its own: Ctrl-C in the terminal reaches the devnet, which stops its nodes in order.
        var launch = ChildProcess.Launch(executable, arguments)
        launch.output = .file(log)
        launch.error = .file(log)
        launch.passed = [supervisorDescriptor: theirs]
        do throws(Errno) {
            return DevnetProcess(name: name, child: try ChildProcess(launch), reports: ours)
        } catch {
            ours.closeQuietly()
            throw CommandFailure(.internalError, "cannot start \(executable) for \(name): \(error)")
        }
    }

    var processID: Int32 { child.processID }
    /// When it was started, in milliseconds of the clock's uptime.
    var startedAt: Int64 { child.startedAt / 1_000_000 }
    /// How it ended, once it was reaped.
    var ending: ChildEnding? { child.ending }

    /// The whole report lines that have arrived since the last call. Never blocks.
    func readLines() -> [[UInt8]] {
        var lines: [[UInt8]] = []
        var chunk = [UInt8](repeating: 0, count: 16 << 10)
        while let count = try? reports.readBytes(into: &chunk), count > 0 {
            for byte in chunk[..<count] {
                if byte == UInt8(ascii: "\n") {
                    lines.append(partialLine)
                    partialLine.removeAll(keepingCapacity: true)
                } else if partialLine.count < DevnetProcess.maxLineBytes {
                    partialLine.append(byte)
                }
            }
        }
        return lines
    }

    /// Gives the node an order, such as `pause`.
    func order(_ word: String) { reports.sendNow(Array((word + "\n").utf8)) }

    func signal(_ signal: Signal) { child.signal(signal) }

    /// Asks it to end in order. A stopped process (SIGSTOP) hears that once it goes on.
    func terminate() { child.terminate() }

    /// Collects how it ended when it has. Never blocks.
    @discardableResult
    func reap() -> Bool { child.reap() != nil }

    deinit {
        reports.closeQuietly()
    }
}
