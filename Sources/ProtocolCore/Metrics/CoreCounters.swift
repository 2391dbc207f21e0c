public import Peering
public import Primitives

/// Counts since the start, for the metrics. Plain values that are added to where things happen, and copied out as a whole.
public struct CoreCounters: Sendable {
    // MARK: Connections

    /// Whole messages that came and went, over all connections.
    public internal(set) var received = TrafficByType()
    public internal(set) var sent = TrafficByType()
    /// How often peers went, by reason.
    public internal(set) var disconnects = DisconnectCounters()
    /// How often connections ended before they became peers, by reason.
    public internal(set) var rejections = DisconnectCounters()
    public internal(set) var messagesOfUnknownType: UInt64 = 0
    /// How often a peer was not read for a while, whatever for.
    public internal(set) var throttles: UInt64 = 0
    /// For how long peers were not read because they had sent too much, in nanoseconds over all peers. See `throttledTime`.
    var throttled: Nanoseconds = 0

    // MARK: Blocks

    /// From the timestamp in the header to the end of validation, for blocks that came by gossip.
    public internal(set) var propagation = Histogram(Histogram.propagationBounds)
    /// From the last byte of a block's frame to its relay.
    public internal(set) var hop = Histogram(Histogram.workBounds)
    public internal(set) var blockDuplicates: UInt64 = 0
    public internal(set) var staleBlocks: UInt64 = 0
    public internal(set) var competingBlocks: UInt64 = 0
    public internal(set) var rejectedBlocks: UInt64 = 0
    public internal(set) var blocksBySync: UInt64 = 0
    public internal(set) var blocksProduced: UInt64 = 0
    /// How often a block was due and not made.
    public internal(set) var productionsSkipped: UInt64 = 0

    // MARK: Transactions

    public internal(set) var transactionDuplicates: UInt64 = 0
    public internal(set) var rejectedTransactions: UInt64 = 0
}

extension ProtocolCore {
    /// For how long peers were not read because of their message rate, over all peers and up to now, in nanoseconds. Linear in the
    /// peers that are held back at the moment.
    public func throttledTime(at now: Moment) -> Nanoseconds {
        pausedLinks.reduce(counters.throttled) { $0 + (links[$1]?.throttledTime(at: now) ?? 0) }
    }

    /// The shell has handed a block that came by gossip to the sockets of the peers.
    public mutating func blockHandedOn(receivedAt: Nanoseconds, at now: Moment) {
        counters.hop.observe(now.uptime - receivedAt)
    }
}

extension Link {
    /// How long it has not been read for its rate, in nanoseconds. It ends when its tokens are back, also when something else holds
    /// it back longer.
    func throttledTime(at now: Moment) -> Nanoseconds {
        guard let throttledSince else { return 0 }
        return max(0, min(now.uptime, tokenTime ?? now.uptime) - throttledSince)
    }
}
