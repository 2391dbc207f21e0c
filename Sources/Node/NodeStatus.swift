public import Network
internal import Peering
public import Primitives
internal import ProtocolCore
public import Wire

/// Where a node stands at one moment.
public struct NodeStatus: Hashable, Sendable {
    // MARK: The chain

    /// The head: the newest valid block.
    public var height: UInt64
    public var hash: Hash32
    /// The timestamp of the head's header, unix seconds.
    public var headTimestamp: Int64 = 0
    /// The height up to which blocks are on disk and served. The head is relayed while its commit is under way, so this may be
    /// one below it.
    public var committedHeight: UInt64
    /// Transactions that wait for a block.
    public var mempoolCount = 0

    // MARK: Sync

    /// Whether the node fetches blocks in ranges because it is behind.
    public var isSyncing = false
    /// The height that the peers are believed to have; the own height when nobody is ahead.
    public var target: UInt64 = 0
    /// Blocks that the sync applied in a second of late, smoothed; of no meaning when the node is not syncing.
    public var blocksPerSecond = 0.0
    /// What the sync will take at this rate, in nanoseconds; `nil` when nothing is missing or nobody can say.
    public var remaining: Nanoseconds?

    // MARK: The node

    /// When the node started, unix seconds.
    public var startedAt: Int64 = 0
    /// How long it has run, in nanoseconds, by a clock that nobody sets.
    public var uptime: Nanoseconds = 0
    /// The port that it listens on for peers.
    public var p2pPort: UInt16 = 0
    public var nodeType = NodeType.full
    /// The address of its identity key: `0x` and 40 digits, after EIP-55.
    public var address = ""
    /// Where peers find it, as far as it knows, the surest first: what the operator announces (`external_address`), where it listens,
    /// where its own dials led back to it, on which addresses it was reached. Peers have no message that would tell it. At most 26.
    public var observedAddresses: [Endpoint] = []
    /// Whether the operator has it make no blocks for now.
    public var isProductionPaused = false
    /// How far the clocks of authorities were ahead of ours when their last blocks came, within the last ten minutes.
    public var clockOffsets: [ClockOffset] = []

    /// The peers that have shaken hands, in the order in which they connected.
    public var peers: [Peer] = []

    init(height: UInt64, hash: Hash32, committedHeight: UInt64) {
        self.height = height
        self.hash = hash
        self.committedHeight = committedHeight
    }

    /// What an authority's last block showed of its clock.
    public struct ClockOffset: Hashable, Sendable {
        /// As the genesis spells it.
        public var producer: ByteString
        /// The block's timestamp less our clock when it came, in nanoseconds. About a second below zero is a clock that is right.
        public var ahead: Nanoseconds
    }

    /// One peer.
    public struct Peer: Hashable, Sendable {
        /// The address of its identity key, after EIP-55, or else the address that its socket shows.
        public var id: String
        /// Where it accepts connections, or else where its connection comes from.
        public var endpoint: Endpoint
        public var isInbound: Bool
        public var nodeType: NodeType
        /// The software's version, by its handshake.
        public var version: String
        /// The extensions that its handshake named.
        public var capabilities: [String]
        /// The message dialect that it speaks: `podoru` is that of docs/protocol.md.
        public var dialect: String
        /// The height that it spoke of last.
        public var height: UInt64
        /// When its connection was opened, unix seconds.
        public var connectedAt: Int64
        /// When bytes of it came last, unix seconds.
        public var lastSeen: Int64
        /// The average round trip of its pings in nanoseconds; `nil` before the first answer.
        public var latency: Nanoseconds?
        /// Bytes of whole frames, their prefixes included.
        public var bytesIn: UInt64
        public var bytesOut: UInt64
        public var messagesIn: UInt64
        public var messagesOut: UInt64
        /// Blocks that it gave us by sync.
        public var blocksDelivered: UInt64
    }
}

extension NodeStatus.Peer {
    /// - Parameter now: turns the uptimes of `info` into unix time.
    init(_ info: PeerInfo, traffic: Traffic, blocksDelivered: UInt64, now: Moment) {
        self.init(
            id: info.nodeID?.checksummed.text ?? info.remote.description, endpoint: info.listenEndpoint ?? info.remote,
            isInbound: info.direction.isInbound, nodeType: info.handshake?.nodeType ?? .full,
            version: info.handshake?.version ?? "", capabilities: info.handshake?.capabilities ?? [], dialect: "podoru",
            height: info.height, connectedAt: now.unixSeconds(atUptime: info.connectedAt),
            lastSeen: now.unixSeconds(atUptime: info.lastHeard), latency: info.latency.average,
            bytesIn: traffic.bytesIn, bytesOut: traffic.bytesOut, messagesIn: traffic.messagesIn, messagesOut: traffic.messagesOut,
            blocksDelivered: blocksDelivered)
    }
}
