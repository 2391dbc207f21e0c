/// Names one connection for as long as the node runs. Never used twice, so an effect or an answer that comes late for a
/// closed connection finds nobody instead of a stranger.
public struct ConnectionID: Hashable, Sendable, Comparable {
    public var rawValue: UInt64

    public init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    /// The older connection first.
    public static func < (left: ConnectionID, right: ConnectionID) -> Bool { left.rawValue < right.rawValue }
}

extension ConnectionID: CustomStringConvertible {
    public var description: String { "#\(rawValue)" }
}
