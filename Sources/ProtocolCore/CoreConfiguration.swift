public import Consensus
internal import Network
public import Peering
public import Primitives
public import Sync

/// What a node is and what its operator decided, as far as the protocol goes.
public struct CoreConfiguration: Sendable {
    /// Peers, addresses, limits of connections, what the handshake says.
    public var peering: PeerConfiguration
    /// Bounds of batch synchronisation.
    public var sync = SyncConfiguration()
    /// The longest frame that a peer may send once it has shaken hands, in bytes (`max_message_bytes`).
    public var maxFrameBytes = NetworkLimits.maxFrameBytes

    /// Messages a second that a peer may send (`rate_limit_messages_per_second`).
    public var messagesPerSecond = NetworkLimits.messagesPerSecond
    /// Messages it may send at once (`rate_limit_burst`).
    public var messageBurst = NetworkLimits.messageBurst
    /// How long a peer may keep its bucket empty before it is disconnected (`rate_limit_patience`).
    public var rateLimitPatience = NodeDefaults.rateLimitPatience

    /// The producer's part, for a node that is one.
    public var producer: ProducerConfiguration?

    public init(peering: PeerConfiguration) {
        self.peering = peering
    }
}

/// What a producer needs beside the key, which only the chain worker holds.
public struct ProducerConfiguration: Sendable {
    public var schedule: ProducerSchedule
    /// The authority's address.
    public var address: Address
    /// How long a starting producer waits for peers to tell it that it is behind, before it trusts its own head. A producer
    /// that came back from a crash must not build on an old head while its peers are a handshake away.
    public var startGrace: Nanoseconds = .seconds(5)

    public init(schedule: ProducerSchedule, address: Address) {
        self.schedule = schedule
        self.address = address
    }
}

/// Bounds of the core that no configuration changes.
public enum CoreLimits {
    /// Transactions of one peer that may wait for the chain worker. Past it the peer is not read until verdicts come: two
    /// full batches in flight keep the worker busy, fifty peers together hold 10 000, a full mempool.
    public static let uncheckedTransactionsPerPeer = 200
    /// Bytes of such transactions. Past it the peer is not read: two transactions of the largest size, far more than 200 usual
    /// ones. One frame may come on top.
    public static let uncheckedBytesPerPeer = 2 << 20
    /// The same over all peers: past it nobody is read who has a transaction there already.
    public static let uncheckedBytes = 32 << 20
    /// Block requests of one peer that are not answered yet. Past it the peer is not read. They are answered one by one, and
    /// only while its socket takes the answers.
    public static let openBlockRequestsPerPeer = 4
    /// Blocks ahead of the head that are kept until their parent is validated: a burst of small blocks while one is in
    /// validation, not a sync.
    public static let waitingBlocks = 16
    /// Bytes of such blocks together: four of the largest.
    public static let waitingBlockBytes = 4 << 20
    /// A peer whose write queue stays above the high-water mark for this long is dropped.
    public static let slowReaderPatience: Nanoseconds = .seconds(30)
    /// How long a producer waits for blocks that peers claim to have, without one arriving: the time in which sync gives a
    /// silent peer's range to another.
    public static let catchUpPatience: Nanoseconds = .seconds(6)
    /// Tokens that must be back before a throttled peer is read again: reading in small gulps costs less than one by one.
    public static let tokensToResume = 10
}
