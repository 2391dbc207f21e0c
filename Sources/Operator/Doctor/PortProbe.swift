internal import Network
internal import Terminal
internal import Wire

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// Whether a port could be listened on now.
enum PortProbe: Hashable, Sendable {
    case free
    /// Somebody listens there.
    case taken
    /// The address is none of this machine's.
    case foreignAddress
    /// This user may not, as below 1024.
    case forbidden
    case failed(String)

    /// Takes the port as the node would and gives it back at once, without listening: nobody can connect to it. Does not wait.
    static func look(host: String, port: UInt16) -> PortProbe {
        var hints = addrinfo()
        hints.ai_flags = AI_NUMERICHOST | AI_PASSIVE
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, "\(port)", &hints, &list) == 0, let entry = list?.pointee else { return .failed("\(host) is no address") }
        defer { freeaddrinfo(list) }
        let descriptor = socket(entry.ai_family, entry.ai_socktype | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return .failed(errnoText()) }
        defer { close(descriptor) }
        var yes: Int32 = 1
        // As the node's listener: connections that have ended lately do not count.
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        if bind(descriptor, entry.ai_addr, entry.ai_addrlen) == 0 { return .free }
        switch errno {
        case EADDRINUSE: return .taken
        case EADDRNOTAVAIL: return .foreignAddress
        case EACCES: return .forbidden
        default: return .failed(errnoText())
        }
    }

    /// Where somebody on this machine reaches who listens on `host`.
    static func reachable(_ host: String, _ port: UInt16) -> Endpoint? {
        guard let endpoint = Endpoint(host: host, port: port) else { return nil }
        guard endpoint.isWildcard else { return endpoint }
        return Endpoint(host: endpoint.address?.isIPv4 == false ? "::1" : "127.0.0.1", port: port)
    }

    static func isLoopback(_ host: String) -> Bool {
        Endpoint(host: host, port: 1)?.address?.isLoopback ?? false
    }
}
