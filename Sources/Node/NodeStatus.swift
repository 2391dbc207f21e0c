public import Framing
internal import Peering
public import Primitives

/// Where a node stands at one moment.
public struct NodeStatus: Hashable, Sendable {
    /// The head: the newest valid block.
    public var height: UInt64
    public var hash: Hash32
    /// The height up to which blocks are on disk and served. The head is relayed while its commit is under way, so this may be
    /// one below it.
    public var committedHeight: UInt64
    /// The peers that have shaken hands, in the order in which they connected.
    public var peers: [Peer]
    /// Transactions that wait for a block.
    public var mempoolCount: Int
    /// Whether the node fetches blocks in ranges because it is behind.
    public var isSyncing: Bool
    /// The height that the peers are believed to have; the own height when nobody is ahead.
    public var target: UInt64

    /// One peer.
    public struct Peer: Hashable, Sendable {
        /// Where it accepts connections, or else where its connection comes from.
        public var endpoint: Endpoint
        public var isInbound: Bool
        public var nodeType: NodeType
        /// The height that it spoke of last.
        public var height: UInt64
        /// The average round trip of its pings in nanoseconds; `nil` before the first answer.
        public var latency: Nanoseconds?
        /// Blocks that it gave us by sync.
        public var blocksDelivered: UInt64
    }
}

extension NodeStatus.Peer {
    init(_ info: PeerInfo, blocksDelivered: UInt64) {
        self.init(
            endpoint: info.listenEndpoint ?? info.remote, isInbound: info.direction.isInbound,
            nodeType: info.handshake?.nodeType ?? .full, height: info.height, latency: info.latency.average,
            blocksDelivered: blocksDelivered)
    }
}
