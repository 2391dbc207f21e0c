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
    /// The shell has handed a block that came by gossip to the sockets of the peers.
    public mutating func blockHandedOn(receivedAt: Nanoseconds, at now: Moment) {
        counters.hop.observe(now.uptime - receivedAt)
    }
}
