/// Why a running node does not do what its operator asks. Each case is one answer of the admin socket.
public enum AdminError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The words make no sense: no address, no level.
    case malformed(String)
    /// There is nobody or nothing of that name.
    case unknown(String)
    /// It is understood, and cannot be done as things stand.
    case refused(String)
    /// The node has stopped.
    case stopped

    public var description: String {
        switch self {
        case .malformed(let text), .unknown(let text), .refused(let text): text
        case .stopped: NodeStopped().description
        }
    }
}
