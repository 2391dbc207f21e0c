public import Network

/// What the sockets are to do, in order.
public enum SessionEffect: Sendable {
    /// Hand a whole frame to the socket, then say with `SessionTable.wrote` what became of it. The array is shared between its receivers.
    case write(PeerID, frame: [UInt8])
    case pauseReading(PeerID)
    case resumeReading(PeerID)
    /// Close: after what was written before, within `SessionLimits.flushDeadline`, or at once. Say with `SessionTable.closed` when it is
    /// done.
    case close(PeerID, flushes: Bool)
    /// Read blocks and encode the answer, off the loop; bring it with `SessionTable.blocksRead`.
    case readBlocks(PeerID, HeightRange, isSingle: Bool)
    /// Call `SessionTable.turn` when the sockets have had a turn: pings and blocks go out between.
    case nextTurn
}

/// What waits in a socket, beyond what the system has taken.
public struct SocketQueue: Hashable, Sendable {
    public var byteCount: Int
    /// Whether it has risen above the high-water mark and not yet fallen to the low one.
    public var isAboveHighWater: Bool

    public init(byteCount: Int, isAboveHighWater: Bool) {
        self.byteCount = byteCount
        self.isAboveHighWater = isAboveHighWater
    }
}
