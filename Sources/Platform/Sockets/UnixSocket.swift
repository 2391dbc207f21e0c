internal import CPosix
package import SystemPackage

/// Sockets that have a path, and pairs of them. No child process inherits one, and no write to one raises SIGPIPE.
package enum UnixSocket {
    package enum Kind: Sendable { case stream, datagram }

    /// Bytes that a path may have.
    package static let maxPathBytes = podoru_unix_path_bytes() - 1

    package static func make(_ kind: Kind, isNonBlocking: Bool = false) throws(Errno) -> FileDescriptor {
        let number = podoru_socket(AF_UNIX, kind == .datagram ? 1 : 0, isNonBlocking ? 1 : 0)
        try Errno.check(number)
        return FileDescriptor(rawValue: number)
    }

    /// Two ends of one stream.
    package static func makePair() throws(Errno) -> (FileDescriptor, FileDescriptor) {
        var pair: (Int32, Int32) = (-1, -1)
        let result = withUnsafeMutableBytes(of: &pair) { podoru_socket_pair($0.assumingMemoryBound(to: Int32.self).baseAddress) }
        try Errno.check(result)
        return (FileDescriptor(rawValue: pair.0), FileDescriptor(rawValue: pair.1))
    }
}

extension FileDescriptor {
    /// Gives a socket its path (`unix(7)`); an abstract one begins with a zero byte.
    package func bindUnix(_ path: [UInt8]) throws(Errno) { try Errno.check(podoru_bind_unix(rawValue, path, path.count)) }

    package func connectUnix(_ path: [UInt8]) throws(Errno) { try Errno.check(podoru_connect_unix(rawValue, path, path.count)) }

    /// The mode of what is open here; of a socket that has no path yet, that of its file later, less the umask.
    package func setMode(_ mode: UInt32) throws(Errno) { try Errno.check(fchmod(rawValue, mode_t(mode))) }

    /// Sends a datagram to the socket at `path`, or drops it when that is full or gone: it never waits.
    package func sendUnix(_ bytes: [UInt8], to path: [UInt8]) {
        _ = podoru_send_unix(rawValue, bytes, bytes.count, path, path.count)
    }

    /// Sends what the other end takes at once, and drops the rest: it never waits.
    package func sendNow(_ bytes: [UInt8]) { _ = podoru_send(rawValue, bytes, bytes.count, 0) }

    /// Sends all of `bytes`, however slowly the other end takes them.
    package func sendWhole(_ bytes: [UInt8]) throws(Errno) {
        var sent = 0
        while sent < bytes.count {
            sent += try Errno.retrying {
                bytes.withUnsafeBytes { podoru_send(rawValue, $0.baseAddress?.advanced(by: sent), $0.count - sent, 1) }
            }
        }
    }
}
