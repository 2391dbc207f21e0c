internal import NIOCore
internal import NIOPosix

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// The Unix socket of the admin verbs (`api_admin_socket`): whoever may open the file may use them.
struct AdminSocket: Sendable {
    private let channel: any Channel
    private let path: String
    private let identity: FileIdentity

    /// Owner and group may connect, nobody else.
    private static let mode: mode_t = 0o660
    /// Connections that wait to be accepted: a person and a script or two.
    private static let backlog: Int32 = 16

    /// Tells our socket from another that took its place.
    private struct FileIdentity: Equatable, Sendable {
        let device: UInt64
        let inode: UInt64

        init?(_ path: String) {
            var status = stat()
            guard lstat(path, &status) == 0 else { return nil }
            device = UInt64(status.st_dev)
            inode = UInt64(status.st_ino)
        }
    }

    /// Makes the socket and serves on it. A socket that a dead process left is replaced.
    ///
    /// - Throws: when the path is another file, a living process serves there, or it cannot be made.
    static func open(
        _ path: String, _ listener: HTTPListener, on group: MultiThreadedEventLoopGroup
    ) async throws(APIServerError) -> AdminSocket {
        let descriptor = try make(path)
        guard let identity = FileIdentity(path) else {
            close(descriptor)
            throw .adminSocket("the admin socket \(path) vanished while it was made", remedy: "see who removes files there")
        }
        do {
            let channel = try await listener.bootstrap(on: group, backlog: backlog).withBoundSocket(descriptor).get()
            return AdminSocket(channel: channel, path: path, identity: identity)
        } catch {
            unlink(path)
            throw .adminSocket("cannot serve on the admin socket \(path): \(error)", remedy: "choose another `api_admin_socket`")
        }
    }

    /// Ends, and removes the file if it is still ours.
    func end() async {
        if FileIdentity(path) == identity { unlink(path) }
        try? await channel.close().get()
    }

    // MARK: Making it

    private static func make(_ path: String) throws(APIServerError) -> CInt {
        try clear(path)
        let descriptor = socket(AF_UNIX, streamType | CInt(SOCK_CLOEXEC.rawValue) | CInt(SOCK_NONBLOCK.rawValue), 0)
        guard descriptor >= 0 else { throw fault(path, "make") }
        // The mode of a socket that is not bound yet becomes that of its file, less the umask: there is no moment in which the
        // file lets others in (unix(7); Linux takes it in unix_bind).
        guard fchmod(descriptor, mode) == 0, withAddress(path, { bind(descriptor, $0, $1) }) == 0, chmod(path, mode) == 0 else {
            let error = fault(path, "make")
            close(descriptor)
            throw error
        }
        return descriptor
    }

    /// Removes what a dead process left, and nothing else.
    private static func clear(_ path: String) throws(APIServerError) {
        var status = stat()
        guard lstat(path, &status) == 0 else {
            if errno == ENOENT { return }
            throw fault(path, "look at")
        }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw .adminSocket("\(path) is a file of another kind", remedy: "remove it, or choose another `api_admin_socket`")
        }
        let probe = socket(AF_UNIX, streamType | CInt(SOCK_CLOEXEC.rawValue) | CInt(SOCK_NONBLOCK.rawValue), 0)
        guard probe >= 0 else { throw fault(path, "look at") }
        defer { close(probe) }
        let connected = withAddress(path, { connect(probe, $0, $1) })
        guard connected != 0, errno == ECONNREFUSED else {
            throw .adminSocket("another process serves on \(path)", remedy: "stop it, or choose another `api_admin_socket`")
        }
        guard unlink(path) == 0 else { throw fault(path, "replace") }
    }

    private static var streamType: CInt { CInt(SOCK_STREAM.rawValue) }

    private static func fault(_ path: String, _ verb: String) -> APIServerError {
        .adminSocket(
            "cannot \(verb) the admin socket \(path): \(String(cString: strerror(errno)))",
            remedy: errno == EROFS
                ? "choose a folder as `api_admin_socket` that can be written to, which is /run/podoru for the service"
                : "check its folder, or change `api_admin_socket`")
    }

    private static func withAddress(_ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> CInt) -> CInt {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
            errno = ENAMETOOLONG
            return -1
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
        }
    }
}
