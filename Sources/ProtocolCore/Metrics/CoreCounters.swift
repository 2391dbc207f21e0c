/// Counts since the start, for the metrics.
public struct CoreCounters: Sendable {
    /// Whole messages that came and went, over all connections.
    public internal(set) var received = TrafficByType()
    public internal(set) var sent = TrafficByType()
    public var messagesOfUnknownType: UInt64 = 0
    public var blockDuplicates: UInt64 = 0
    public var transactionDuplicates: UInt64 = 0
    public var staleBlocks: UInt64 = 0
    public var competingBlocks: UInt64 = 0
    public var throttles: UInt64 = 0
    public var rejectedTransactions: UInt64 = 0
    public var blocksBySync: UInt64 = 0
}
