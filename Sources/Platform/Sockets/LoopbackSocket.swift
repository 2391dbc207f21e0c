internal import CPosix
package import SystemPackage

/// TCP on 127.0.0.1, for commands that look at or talk to a node of this machine. Blocking.
package enum Loopback {
    /// Connects, without Nagle's delay.
    package static func connect(port: UInt16) throws(Errno) -> FileDescriptor {
        let socket = try makeSocket()
        do throws(Errno) {
            try Errno.check(podoru_connect_loopback(socket.rawValue, port))
        } catch {
            socket.closeQuietly()
            throw error
        }
        _ = podoru_send_at_once(socket.rawValue)
        return socket
    }

    /// Whether a listener could have `port` now: connections that have ended lately do not count.
    package static func isFree(_ port: UInt16) -> Bool {
        guard let socket = try? makeSocket() else { return true }
        defer { socket.closeQuietly() }
        _ = podoru_reuse_address(socket.rawValue)
        return podoru_bind_loopback(socket.rawValue, port) >= 0
    }

    /// A port that nobody uses now. Somebody else may take it before the caller does.
    package static func freePort() throws(Errno) -> UInt16 {
        let socket = try makeSocket()
        defer { socket.closeQuietly() }
        let port = podoru_bind_loopback(socket.rawValue, 0)
        try Errno.check(port)
        return UInt16(port)
    }

    private static func makeSocket() throws(Errno) -> FileDescriptor {
        let number = podoru_socket(AF_INET, 0, 0)
        try Errno.check(number)
        return FileDescriptor(rawValue: number)
    }
}
