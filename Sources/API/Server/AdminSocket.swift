internal import NIOCore
internal import NIOPosix
internal import Platform
internal import SystemPackage

/// The Unix socket of the admin verbs (`api_admin_socket`): whoever may open the file may use them.
struct AdminSocket: Sendable {
    private let channel: any Channel
    private let path: String
    private let identity: FileIdentity

    /// Owner and group may connect, nobody else.
    private static let mode: UInt32 = 0o660
    /// Connections that wait to be accepted: a person and a script or two.
    private static let backlog: Int32 = 16

    /// Tells our socket from another that took its place.
    private struct FileIdentity: Equatable, Sendable {
        let device: UInt64
        let inode: UInt64

        init?(_ path: String) {
            guard let status = try? FileSystem.status(path, followsLinks: false) else { return nil }
            device = UInt64(status.deviceID.rawValue)
            inode = UInt64(status.inode.rawValue)
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
            descriptor.closeQuietly()
            throw .adminSocket("the admin socket \(path) vanished while it was made", remedy: "see who removes files there")
        }
        do {
            let channel = try await listener.bootstrap(on: group, backlog: backlog).withBoundSocket(descriptor.rawValue).get()
            return AdminSocket(channel: channel, path: path, identity: identity)
        } catch {
            try? FileSystem.removeFile(path)
            throw .adminSocket("cannot serve on the admin socket \(path): \(error)", remedy: "choose another `api_admin_socket`")
        }
    }

    /// Ends, and removes the file if it is still ours.
    func end() async {
        if FileIdentity(path) == identity { try? FileSystem.removeFile(path) }
        try? await channel.close().get()
    }

    // MARK: Making it

    private static func make(_ path: String) throws(APIServerError) -> SystemPackage.FileDescriptor {
        try clear(path)
        let descriptor = try does("make", path) { () throws(Errno) in try UnixSocket.make(.stream, isNonBlocking: true) }
        do throws(APIServerError) {
            try does("make", path) { () throws(Errno) in
                // The mode of a socket that is not bound yet becomes that of its file, less the umask: there is no moment in which the
                // file lets others in (unix(7); Linux takes it in unix_bind).
                try descriptor.setMode(mode)
                try descriptor.bindUnix(Array(path.utf8))
                try FileSystem.setMode(path, mode)
            }
        } catch {
            descriptor.closeQuietly()
            throw error
        }
        return descriptor
    }

    /// Removes what a dead process left, and nothing else.
    private static func clear(_ path: String) throws(APIServerError) {
        let status: Stat
        do throws(Errno) {
            status = try FileSystem.status(path, followsLinks: false)
        } catch {
            if error == .noSuchFileOrDirectory { return }
            throw fault(path, "look at", error)
        }
        guard status.type == .socket else {
            throw .adminSocket("\(path) is a file of another kind", remedy: "remove it, or choose another `api_admin_socket`")
        }
        let probe = try does("look at", path) { () throws(Errno) in try UnixSocket.make(.stream, isNonBlocking: true) }
        defer { probe.closeQuietly() }
        do throws(Errno) {
            try probe.connectUnix(Array(path.utf8))
            throw .socketIsConnected
        } catch {
            guard error == .connectionRefused else {
                throw .adminSocket("another process serves on \(path)", remedy: "stop it, or choose another `api_admin_socket`")
            }
        }
        try does("replace", path) { () throws(Errno) in try FileSystem.removeFile(path) }
    }

    /// A call whose failure is told as one of the admin socket.
    private static func does<Result>(
        _ verb: String, _ path: String, _ call: () throws(Errno) -> Result
    ) throws(APIServerError) -> Result {
        do throws(Errno) {
            return try call()
        } catch {
            throw fault(path, verb, error)
        }
    }

    private static func fault(_ path: String, _ verb: String, _ error: Errno) -> APIServerError {
        .adminSocket(
            "cannot \(verb) the admin socket \(path): \(error)",
            remedy: error == .readOnlyFileSystem
                ? "choose a folder as `api_admin_socket` that can be written to, which is /run/podoru for the service"
                : "check its folder, or change `api_admin_socket`")
    }
}
