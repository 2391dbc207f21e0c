/// Gives connections their ids: the one place that knows which slots are free.
///
/// 1. A slot is given again only after `close`, which whoever holds the socket calls when nothing of it is left there.
///    Otherwise two connections would share a place in the tables of the core.
/// 2. The slot that was freed last is given first, so that the tables stay as short as the connections allow, and in the cache.
/// 3. The generation counts over all slots, not for each alone: then it is also the order of the connections, and the number
///    that an operator sees.
///
/// Constant time per call. At most `capacity` connections at once; memory follows the most that there were.
public struct PeerSlots: Sendable {
    /// How many connections may be open at once.
    public let capacity: Int
    /// Freed slots, the last one first to go.
    private var free: [UInt16] = []
    /// The generation that holds each slot; 0 for none.
    private var holders: [UInt32] = []
    private var lastGeneration: UInt32 = 0

    /// - Parameter capacity: as many as a slot has values for, unless a test wants fewer.
    public init(capacity: Int = Int(UInt16.max)) {
        self.capacity = min(max(capacity, 0), Int(UInt16.max))
    }

    /// Connections that are open.
    public var count: Int { holders.count - free.count }

    /// An id for a new connection; `nil` when all slots are taken.
    public mutating func open() -> PeerID? {
        let slot: UInt16
        if let last = free.popLast() {
            slot = last
        } else {
            guard holders.count < capacity else { return nil }
            slot = UInt16(holders.count)
            holders.append(0)
        }
        lastGeneration &+= 1
        if lastGeneration == 0 { lastGeneration = 1 }
        holders[Int(slot)] = lastGeneration
        return PeerID(slot: slot, generation: lastGeneration)
    }

    /// The connection is gone: its slot is free. An id that holds no slot is ignored.
    public mutating func close(_ id: PeerID) {
        guard id.slot < holders.count, id.generation != 0, holders[Int(id.slot)] == id.generation else { return }
        holders[Int(id.slot)] = 0
        free.append(id.slot)
    }
}
