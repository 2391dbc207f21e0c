public import Primitives

/// What holds where a configuration says nothing, and how far it may go: each once, with its reason. The keys of the configuration and
/// the parts of the core take their defaults from here; what is a limit of the wire itself stands in `NetworkLimits`.
public enum NodeDefaults {
    /// Ready peers, both directions (`networking.md`, "Peers"; `max_peers`).
    public static let maxPeers = 50
    /// The most that a configuration may ask for: each peer costs a scan a tick here and buffers elsewhere.
    public static let maxPeersCeiling = 1000
    /// Outbound connections that the node keeps up, and slots that inbound ones may not take (`min_outbound_peers`).
    /// A handful of good peers is enough (`networking.md`, "Peers"), and outbound ones are those that an attacker cannot
    /// choose for us.
    public static let minOutboundPeers = 8
    /// Connections of one address in all states (`networking.md`, "Peers"; `max_peers_per_ip`).
    public static let maxPeersPerIP = 3
    /// A peer that sent nothing for this long is dead: less than the 30 s in which it must be found, more than two
    /// ping intervals, so that one lost segment (resent after at most 3 s) never costs a peer (`idle_timeout`).
    public static let idleTimeout: Nanoseconds = .seconds(25)
    /// The most that a configuration may ask for.
    public static let idleTimeoutCeiling: Nanoseconds = .seconds(30)
    /// How long a peer may stay above its rate before it is disconnected (`rate_limit_patience`).
    public static let rateLimitPatience: Nanoseconds = .seconds(30)
    /// A gap above this many blocks makes the node call itself syncing (`networking.md`, "Batch synchronisation";
    /// `sync_threshold`).
    public static let syncThreshold = 10
}
