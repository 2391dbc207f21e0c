internal import Network
internal import Platform
internal import SystemPackage
internal import Terminal

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
        do throws(AddressProbe.Obstacle) {
            try AddressProbe.listen(host: host, port: port)
            return .free
        } catch {
            switch error {
            case .noAddress: return .failed("\(host) is no address")
            case .refused(.addressInUse): return .taken
            case .refused(.addressNotAvailable): return .foreignAddress
            case .refused(.permissionDenied): return .forbidden
            case .refused(let errno): return .failed("\(errno)")
            }
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
