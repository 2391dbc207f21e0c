/// Names one connection: a slot, which is its place in every table of connections, and a generation, by which the connections
/// are told apart that had the slot one after the other.
///
/// `PeerSlots` gives them out, and no two alike: an effect or an answer that comes late for a closed connection finds nobody
/// instead of the stranger who has its slot now.
public struct PeerID: Hashable, Sendable, Comparable {
    /// Below the number of connections that were open at once so far, so that an array by slot is no longer than that.
    public let slot: UInt16
    /// Counts the connections of the node from 1, over all slots. After 2^32 - 1 of them it begins anew.
    public let generation: UInt32

    /// For `PeerSlots`, and for tests that number their connections themselves.
    @inlinable
    public init(slot: UInt16, generation: UInt32) {
        self.slot = slot
        self.generation = generation
    }

    /// The older connection first.
    @inlinable
    public static func < (left: PeerID, right: PeerID) -> Bool { (left.generation, left.slot) < (right.generation, right.slot) }
}

extension PeerID: CustomStringConvertible {
    /// `#` and the generation: the node's first connection is `#1`.
    public var description: String { "#\(generation)" }
}
