internal import Network
public import Primitives

/// The bounds of block gossip.
public struct BlockGossipConfiguration: Sendable, Hashable {
    /// Block hashes remembered as done with. 4096 are between three and six hours of 5-second blocks; what is older
    /// comes from a peer that is far behind, and the chain knows it.
    public var seenBlocks = 4096
    /// Block hashes remembered per peer. A mark is needed only until the block is relayed, milliseconds later.
    public var knownBlocksPerPeer = 256
    /// Hashes of blocks whose header is bad, and how long they are remembered (up to twice this).
    public var knownBadBlocks = 1024
    public var knownBadLifetime: Nanoseconds = .seconds(600)
    /// Blocks in validation at once. Two authorities out of turn make two; more is a flood, which sync heals.
    public var pendingBlocks = 16
    /// Other copies of one block that are kept in case the first is bad. Two: each bad one costs its sender a connection.
    public var alternatesPerBlock = 2
    /// The bytes of all kept copies together: four blocks of the greatest size (`ledger.md`, 1 MiB).
    public var alternateBytes = 4 * 1024 * 1024

    public init() {}
}

/// The bounds of transaction gossip.
public struct TransactionGossipConfiguration: Sendable, Hashable {
    /// Transactions remembered as checked. At 200 a second (`protocol.md`) 32768 are at least 80 s, several times what
    /// a transaction takes through any network; 1.5 MB.
    public var seenTransactions = 32_768
    /// How long they are remembered when few come (up to twice this).
    public var seenLifetime: Nanoseconds = .seconds(600)
    /// Transactions remembered per peer: what is on the way at any one time, 2 s of 1000 a second; up to 180 KB for a
    /// peer that sends so many.
    public var knownTransactionsPerPeer = 4096
    /// Transactions waiting for one peer: ten seconds of single messages at 100 a second, ten batches.
    public var queuedTransactionsPerPeer = 1000
    /// Their bytes. Payloads are shared between the queues, and a queue is long only for a peer that is slow.
    public var queuedBytesPerPeer = 4 * 1024 * 1024

    /// The most transactions of a batch, and how long it gathers.
    public var batchCount = NetworkLimits.maxBatchTransactions
    public var batchDelay: Nanoseconds = NetworkLimits.batchDelay
    /// The bytes of a batch: 1 MiB, beside which a larger transaction goes alone. Far under the 7.8 MB that a frame
    /// holds, so that a batch does not keep a block waiting behind it for long.
    public var batchBytes = 1024 * 1024

    /// Messages a second towards one peer and the burst: what every node grants (`protocol.md`, "Rates").
    public var messagesPerSecond = NetworkLimits.messagesPerSecond
    public var messageBurst = NetworkLimits.messageBurst
    /// Of the burst, what is left for blocks, requests and pings, which do not wait.
    public var messageReserve = 20

    public init() {}
}
