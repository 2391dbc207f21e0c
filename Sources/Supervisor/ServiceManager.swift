internal import Platform
internal import SystemPackage
internal import WholeFiles

/// The process that started this one as a service, systemd or another that speaks its protocol (sd_notify(3)): datagrams of
/// `NAME=value` lines to the socket that `NOTIFY_SOCKET` names.
///
/// It never waits: a service manager that does not read misses lines.
public struct ServiceManager: Sendable {
    /// What it is told.
    public enum Message: Sendable {
        /// The store is open and the node listens.
        case ready
        case reloading
        case stopping
        /// One line for `systemctl status`.
        case status(String)
        /// The node is alive.
        case watchdog
    }

    private let address: [UInt8]
    private let outlet = NotifySocket()
    /// How long it waits for a sign of life before it ends the process; `nil` when it does not watch.
    public let watchdogInterval: Duration?

    /// `nil` when nobody wants to know. A socket address that cannot be used is such a case too.
    ///
    /// - Parameters:
    ///   - environment: looks a variable up.
    ///   - processID: of this process; `WATCHDOG_PID` must name it where it is set.
    public init?(environment: (String) -> String?, processID: Int32) {
        guard let path = environment("NOTIFY_SOCKET"), let first = path.utf8.first, path.utf8.count <= UnixSocket.maxPathBytes
        else { return nil }
        switch first {
        case UInt8(ascii: "/"): address = Array(path.utf8)
        // An abstract socket.
        case UInt8(ascii: "@"): address = [0] + path.utf8.dropFirst()
        default: return nil
        }
        let microseconds = environment("WATCHDOG_USEC").flatMap { Int64($0) } ?? 0
        let isForUs = environment("WATCHDOG_PID").map { $0 == String(processID) } ?? true
        watchdogInterval = microseconds > 0 && isForUs ? .microseconds(microseconds) : nil
    }

    /// The one of this process.
    public static var current: ServiceManager? {
        ServiceManager(environment: { ProcessVariables[$0] }, processID: ThisProcess.id)
    }

    /// How often it is told that the node lives: three times in its interval, so that one late beat is no alarm, and every few
    /// seconds for the sake of the status line.
    package var heartbeatInterval: Duration { min(watchdogInterval.map { $0 / 3 } ?? .seconds(5), .seconds(5)) }

    /// Sends `messages` in one datagram, or drops them when the socket is full or gone.
    public func tell(_ messages: Message...) {
        outlet.socket?.sendUnix(Array(messages.map(\.text).joined(separator: "\n").utf8), to: address)
    }
}

/// The socket that the lines leave by, for the whole life of the process: one that is opened for each line would not be there when the
/// process has no descriptor left, and the watchdog would end a node that lives.
private final class NotifySocket: Sendable {
    /// `nil` where the system gave none.
    let socket = try? UnixSocket.make(.datagram)

    deinit { socket?.closeQuietly() }
}

extension ServiceManager.Message {
    var text: String {
        switch self {
        case .ready: "READY=1"
        // The time tells this reload from an older one.
        case .reloading: "RELOADING=1\nMONOTONIC_USEC=\(SystemClock.uptime / 1000)"
        case .stopping: "STOPPING=1"
        case .status(let line): "STATUS=" + line.filter { !$0.isNewline }
        case .watchdog: "WATCHDOG=1"
        }
    }
}

extension NodeReport.Status {
    /// One line for a person.
    package var summary: String {
        let peers = inbound + outbound
        let rest = "\(peers) \(peers == 1 ? "peer" : "peers"), \(mempool) waiting"
        guard isSyncing, target > height else { return "height \(height), \(rest)" }
        // At most 99 while it is behind.
        return "syncing \(height * 100 / target) %: height \(height) of \(target), \(rest)"
    }
}
