public import Primitives

/// Every limit and default of the wire, once. Values that a configuration may change are defaults here.
public enum NetworkLimits {
    // MARK: Frames

    /// The longest frame in bytes without its prefix: 10 MiB (`protocol.md`, "Frame"; `max_message_bytes`).
    public static let maxFrameBytes = 10 * 1024 * 1024
    /// The bytes of the length prefix.
    public static let prefixBytes = 4
    /// The first frame of a peer must be its handshake, so until that has come nothing longer is let in. Far above
    /// any handshake, and 50 strangers together cannot hold more than 3 MiB.
    public static let maxFirstFrameBytes = 64 * 1024
    /// Half-received frames up to this many bytes need no reservation: 50 peers with one each are 3 MiB.
    public static let freeFrameBytes = 64 * 1024
    /// What all half-received larger frames may take together, in bytes. Six frames of the greatest length fit, and
    /// 40 range answers of 100 average blocks, while fifty peers with 10 MiB each do not.
    public static let frameBudgetBytes = 64 * 1024 * 1024
    /// A frame that has begun must be whole after this long plus its length at `minFrameBytesPerSecond`: less than the
    /// 30 s in which a dead peer must be found, and more than any pause that TCP heals by itself on a working link.
    public static let frameGrace: Nanoseconds = .seconds(10)
    /// The slowest a large frame may come, in bytes a second: the greatest frame takes at most 50 s. A link slower
    /// than 2 Mbit/s cannot follow a chain whose blocks may have 1 MiB every 5 s.
    public static let minFrameBytesPerSecond: Int64 = 256 * 1024

    /// How long a frame of `byteCount` bytes may take from its first byte to its last.
    public static func frameAllowance(byteCount: Int) -> Nanoseconds {
        frameGrace + .seconds(Int64(byteCount)) / minFrameBytesPerSecond
    }

    // MARK: Envelope

    /// The deepest nesting of arrays and objects in an envelope or a payload (`protocol.md`, "Envelope").
    public static let maxJSONDepth = 64
    /// The most keys of an object that this version does not know: they are ignored, but a repeated one must be found,
    /// so they are remembered while the object is read.
    public static let maxUnknownKeys = 32

    // MARK: Payloads

    /// The most heights of a BlockRequest; a longer range is answered as its first 100 (`protocol.md`, "Messages").
    public static let rangeCount = 100
    /// The most blocks of a BlockResponse: what may be asked for.
    public static let maxResponseBlocks = rangeCount
    /// The most entries of a PeerList (`protocol.md`, "Messages").
    public static let maxPeerListCount = 1000
    /// The most transactions of a TransactionBatch (`protocol.md`, "Messages").
    public static let maxBatchTransactions = 100
    /// How long a TransactionBatch gathers: 20 ms (`protocol.md`, "Messages").
    public static let batchDelay: Nanoseconds = .milliseconds(20)
    /// The longest payload of a Handshake, Ping or Pong in bytes: room for keys of later versions.
    public static let maxControlPayloadBytes = 32 * 1024

    // MARK: Handshake

    /// The longest `Version` in bytes.
    public static let maxVersionBytes = 64
    /// The longest `ChainID` in bytes; a genesis hash takes 66.
    public static let maxChainIDBytes = 128
    /// The longest `NodeType` in bytes.
    public static let maxNodeTypeBytes = 32
    /// The most `Capabilities`.
    public static let maxCapabilities = 32
    /// The longest name of a capability in bytes.
    public static let maxCapabilityBytes = 32
    /// How long a new connection may take to send its handshake: 10 s (`protocol.md`; `handshake_timeout`).
    public static let handshakeTimeout: Nanoseconds = .seconds(10)

    // MARK: Rates

    /// Messages a second that a peer may send (`protocol.md`, "Rates"; `rate_limit_messages_per_second`).
    public static let messagesPerSecond = 100
    /// Messages that it may send at once after a quiet second (`rate_limit_burst`).
    public static let messageBurst = 100
}
