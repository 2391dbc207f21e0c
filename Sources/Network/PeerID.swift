/// Names one connection for as long as the node runs. Never used twice, so an effect or an answer that comes late for a
/// closed connection finds nobody instead of a stranger.
public struct PeerID: Hashable, Sendable, Comparable {
    public var rawValue: UInt64

    public init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    /// The older connection first.
    public static func < (left: PeerID, right: PeerID) -> Bool { left.rawValue < right.rawValue }
}

extension PeerID: CustomStringConvertible {
    public var description: String { "#\(rawValue)" }
}
