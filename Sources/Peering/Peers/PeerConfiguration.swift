public import Network
public import Primitives
public import Wire

/// What the node says of itself in every handshake. Does not change while it runs.
public struct LocalNode: Sendable {
    /// A semantic version; peers with the same major number are compatible.
    public var version: String
    /// The genesis block hash as `0x` hex, or the configured `chain_id`.
    public var chainID: String
    public var nodeType: NodeType
    /// `host:port` where the node accepts connections, an empty host for "where you see me", empty for none.
    public var listenAddress: String
    public var capabilities: [String]
    /// The address of the identity key.
    public var nodeID: Address?
    /// Random, drawn anew at each start: tells a connection to oneself, and a restarted node from a running one.
    public var nonce: UInt64
    /// What the genesis fixes beside its block, as a hash; nil to say nothing and to ask nobody.
    public var rules: Hash32?
    /// What the program was built from, where that is known.
    public var commit: String?

    public init(
        version: String, chainID: String, nodeType: NodeType, listenAddress: String,
        capabilities: [String] = Capability.all, nodeID: Address?, nonce: UInt64,
        rules: Hash32? = nil, commit: String? = nil
    ) {
        self.version = version
        self.chainID = chainID
        self.nodeType = nodeType
        self.listenAddress = listenAddress
        self.capabilities = capabilities
        self.nodeID = nodeID
        self.nonce = nonce
        self.rules = rules
        self.commit = commit
    }

    /// The handshake to send, with the best height of the moment.
    public func handshake(height: UInt64) -> Handshake {
        Handshake(
            version: version, chainID: chainID, height: height, nodeType: nodeType, listenAddress: listenAddress,
            capabilities: capabilities, nodeID: nodeID?.checksummed.text, nonce: nonce, rules: rules,
            commit: commit)
    }
}

/// What the operator decides (`operations.md`, "Configuration"). Values out of range are brought into it by
/// `PeerManager`; the configuration reader reports them before.
public struct PeerConfiguration: Sendable {
    public var local: LocalNode

    /// Dialled for ever (`bootstrap_peers`), at most `PeeringLimits.maxBootstrapPeers`.
    public var bootstrapPeers: [Endpoint] = []
    /// Never told to others (`private_peers`): as a peer's listen address or the address where it was dialled.
    public var privatePeers: [Endpoint] = []
    /// `max_peers`.
    public var maxPeers = NodeDefaults.maxPeers
    /// `min_outbound_peers`; at most half of `maxPeers` is reserved.
    public var minOutboundPeers = NodeDefaults.minOutboundPeers
    /// `max_peers_per_ip`.
    public var maxPeersPerIP = NodeDefaults.maxPeersPerIP
    /// `ip_limit_exempt`: no limit per address and no ban; a fault still disconnects. The loopback is always exempt.
    public var exempt: [IPNetwork] = []
    /// Take and tell addresses of private networks from and to anybody, for networks that span several of them.
    public var sharesLocalAddresses = false
    /// Authorities of the chain: such a peer, when it signed its handshake, is never evicted.
    public var authorities: Set<Address> = []

    /// `handshake_timeout`.
    public var handshakeTimeout = NetworkLimits.handshakeTimeout
    public var dialTimeout = PeeringLimits.dialTimeout
    public var pingInterval = PeeringLimits.pingInterval
    /// `idle_timeout`: silence after which a peer is dead, at most `NodeDefaults.idleTimeoutCeiling`.
    public var idleTimeout = NodeDefaults.idleTimeout

    public init(local: LocalNode) {
        self.local = local
    }

    /// The same with every value in its range.
    func normalised() -> PeerConfiguration {
        var result = self
        result.maxPeers = min(max(maxPeers, 1), NodeDefaults.maxPeersCeiling)
        result.minOutboundPeers = min(max(minOutboundPeers, 0), result.maxPeers)
        result.maxPeersPerIP = max(maxPeersPerIP, 1)
        result.idleTimeout = min(max(idleTimeout, .seconds(1)), NodeDefaults.idleTimeoutCeiling)
        // A probe must have time to be answered before its peer counts as dead.
        result.pingInterval = min(max(pingInterval, .milliseconds(100)), result.idleTimeout / 2)
        result.handshakeTimeout = max(handshakeTimeout, .milliseconds(100))
        result.dialTimeout = max(dialTimeout, .milliseconds(100))
        result.bootstrapPeers = Array(bootstrapPeers.filter(\.isDialable).uniqued().prefix(PeeringLimits.maxBootstrapPeers))
        return result
    }

    /// Slots that inbound peers may take: outbound ones must always find room.
    var maxInbound: Int { maxPeers - min(minOutboundPeers, maxPeers / 2) }

    func isExempt(_ address: IPAddress?) -> Bool {
        guard let address else { return false }
        return address.isLoopback || exempt.contains { $0.contains(address) }
    }
}

extension Sequence where Element: Hashable {
    /// The elements in their order, each once.
    func uniqued() -> [Element] {
        var seen: Set<Element> = []
        return filter { seen.insert($0).inserted }
    }
}
