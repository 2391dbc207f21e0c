/// Why an attempt to connect came to nothing, in the terms of whoever made it.
public enum DialFailure: Error, Hashable, Sendable {
    case refused
    case timedOut
    /// The name does not exist.
    case noSuchHost
    /// No name server answered, or none knows the name yet.
    case nameNotResolved
    case noRoute
    /// A firewall or a sandbox of this machine forbids it.
    case forbidden
    /// In the system's own words.
    case other(String)
}

extension DialFailure: CustomStringConvertible {
    public var description: String {
        switch self {
        case .refused: "connection refused"
        case .timedOut: "no answer in time"
        case .noSuchHost: "no such host"
        case .nameNotResolved: "the name could not be looked up"
        case .noRoute: "no route to it"
        case .forbidden: "this machine forbids the connection"
        case .other(let text): text
        }
    }
}

/// What became of the newest dial of an endpoint.
public enum DialTrouble: Hashable, Sendable {
    /// It did not connect.
    case failed(DialFailure)
    /// It connected, and the connection ended.
    case ended(DisconnectReason)
}

extension DialTrouble: CustomStringConvertible {
    public var description: String {
        switch self {
        case .failed(let failure): "\(failure)"
        case .ended(let reason): "\(reason)"
        }
    }
}
