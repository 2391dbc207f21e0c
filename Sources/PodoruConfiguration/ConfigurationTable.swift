internal import Network
internal import Primitives

extension ConfigurationKey {
    /// Every key, in the order of the manual. The keys of the reference and the seed keep their names
    /// (`operations.md`, "Configuration").
    public static let all: [ConfigurationKey] = node + chain + network + limits + api

    private static let node: [ConfigurationKey] = [
        ConfigurationKey(
            "node_type", \.nodeType, .choice(), .node, .atRestart,
            "A producer signs blocks when it is its turn; a full node checks and relays them."),
        ConfigurationKey(
            "address", \.address, .optional(.address), .node, .atRestart,
            """
            The address that private_key must have, as `podoru address FILE` prints it. The node does not start with
            another key, so a mixed-up key file is found before it signs anything.
            """),
        ConfigurationKey(
            "private_key", \.privateKey, .optional(.keyFile), .node, .atRestart,
            """
            The key file: 64 hexadecimal digits, readable by its owner only (mode 0600), written by `podoru keygen`.
            A producer needs one; a full node may do without.
            """),
        ConfigurationKey(
            "data_dir", \.dataDir, .path, .node, .atRestart,
            "The folder of the blocks and the state. One node at a time may use it."),
        ConfigurationKey(
            "log_level", \.logLevel, .choice(), .node, .atRunTime,
            "The least important lines that are logged, to standard error."),
        ConfigurationKey(
            "log_format", \.logFormat, .choice(), .node, .atRestart,
            "Lines for people, or one JSON object a line for machines."),
    ]

    private static let chain: [ConfigurationKey] = [
        ConfigurationKey(
            "genesis_path", \.genesisPath, .path, .chain, .atRestart,
            "The genesis file. Nodes with different ones are on different chains and part at their handshake."),
        ConfigurationKey(
            "authorities", \.authorities, .list(of: .address, max: ConfigurationLimits.maxAuthorities), .chain, .atRestart,
            """
            The authorities come from the genesis file. When they are listed here too, the node starts only if both
            lists are the same.
            """),
        ConfigurationKey(
            "block_time", \.blockTime, .duration(.seconds(1) ... .seconds(3600), step: .seconds(1)), .chain, .atRestart,
            """
            The time between two blocks, measured from the parent's timestamp, which counts whole seconds. All nodes of
            a network must agree on it. A genesis with strict rules fixes it and then stands above this key.
            """),
        ConfigurationKey(
            "producer_takeover", \.producerTakeover, .boolean, .chain, .atRestart,
            """
            Under reference rules: whether this producer steps in when the one whose turn it is stays silent. Nodes of
            the published Go implementation cannot leave such a block again should another one win elsewhere. Strict
            rules always allow it.
            """),
        ConfigurationKey(
            "chain_id", \.chainID, .optional(.chainID), .chain, .atRestart,
            "The name by which nodes of one chain know each other. Not set: the hash of the genesis block."),
    ]

    private static let network: [ConfigurationKey] = [
        ConfigurationKey(
            "p2p_port", \.p2pPort, .integer(0...65535), .network, .atRestart,
            "The TCP port for other nodes; open it in the firewall. 0 takes a free one, which suits tests only."),
        ConfigurationKey(
            "p2p_bind_addr", \.p2pBindAddr, .ipAddress, .network, .atRestart,
            "The address to listen on: \"0.0.0.0\" for every IPv4 address, \"::\" for every one."),
        ConfigurationKey(
            "external_address", \.externalAddress, .optional(.endpoint), .network, .atRestart,
            """
            Where other nodes reach this one, as host:port, when it is behind a router that forwards the port. Not set:
            they use the address that they see and p2p_port.
            """),
        ConfigurationKey(
            "bootstrap_peers", \.bootstrapPeers, .list(of: .endpoint), .network, .atRunTime,
            """
            The nodes to begin with, as "192.168.1.10:9000", "node.example.org:9000" or "[::1]:9000". They are dialled
            for ever; more nodes become known from them. Three to five that are run apart are a good number.
            """),
        ConfigurationKey(
            "private_peers", \.privatePeers, .list(of: .endpoint), .network, .atRunTime,
            "Peers whose addresses are never told to other nodes."),
    ]

    private static let limits: [ConfigurationKey] = [
        ConfigurationKey(
            "max_peers", \.maxPeers, .integer(1...NodeDefaults.maxPeersCeiling, unit: "peers"), .limits, .atRunTime,
            "Connections in both directions. Each costs memory and every relayed block's bandwidth."),
        ConfigurationKey(
            "min_outbound_peers", \.minOutboundPeers, .integer(0...NodeDefaults.maxPeersCeiling, unit: "peers"), .limits, .atRunTime,
            """
            Connections that the node opens itself and keeps up; nobody outside can choose them. At most half of
            max_peers is kept free for them.
            """),
        ConfigurationKey(
            "max_peers_per_ip", \.maxPeersPerIP, .integer(1...NodeDefaults.maxPeersCeiling, unit: "peers"), .limits, .atRunTime,
            "Connections of one IP address. Loopback addresses are not counted."),
        ConfigurationKey(
            "ip_limit_exempt", \.ipLimitExempt, .list(of: .network), .limits, .atRunTime,
            """
            Networks that max_peers_per_ip does not count and that are never banned, as "10.0.0.0/8" or one address:
            for nodes that reach this one through a common address.
            """),
        ConfigurationKey(
            "rate_limit_messages_per_second", \.rateLimitMessagesPerSecond, .integer(1...1_000_000, unit: "messages"), .limits, .atRunTime,
            "Messages a second of one peer. Above it the node reads that peer more slowly; nothing is lost."),
        ConfigurationKey(
            "rate_limit_burst", \.rateLimitBurst, .integer(1...1_000_000, unit: "messages"), .limits, .atRunTime,
            "Messages that one peer may send at once after it was quiet."),
        ConfigurationKey(
            "rate_limit_patience", \.rateLimitPatience, .duration(.seconds(1) ... .seconds(3600)), .limits, .atRunTime,
            "A peer that stays above the rate for this long is disconnected and scored down."),
        ConfigurationKey(
            "max_message_bytes", \.maxMessageBytes, .size(2 * 1024 * 1024...NetworkLimits.maxFrameBytes), .limits, .atRestart,
            """
            The longest message of a peer. 10 MiB is the protocol's cap, which every node may use; below 2 MiB a block
            of the greatest size would not pass.
            """),
        ConfigurationKey(
            "handshake_timeout", \.handshakeTimeout, .duration(.milliseconds(100) ... .seconds(60)), .limits, .atRunTime,
            "How long a new connection may take to introduce itself."),
        ConfigurationKey(
            "idle_timeout", \.idleTimeout, .duration(.seconds(1)...NodeDefaults.idleTimeoutCeiling), .limits, .atRunTime,
            """
            A peer that sends nothing for this long, not even an answer to a ping, is taken for dead. Peers are asked
            at least twice in that time.
            """),
        ConfigurationKey(
            "sync_batch_size", \.syncBatchSize, .integer(1...NetworkLimits.rangeCount, unit: "blocks"), .limits, .atRestart,
            "Blocks that are asked for in one request while the node catches up."),
        ConfigurationKey(
            "sync_threshold", \.syncThreshold, .integer(1...1_000_000, unit: "blocks"), .limits, .atRestart,
            "A node that is more than this behind calls itself syncing. Smaller gaps are filled all the same."),
    ]

    private static let api: [ConfigurationKey] = [
        ConfigurationKey(
            "api_enabled", \.apiEnabled, .boolean, .api, .atRestart,
            "Whether the node serves HTTP: the REST API, the event socket and the metrics."),
        ConfigurationKey(
            "api_port", \.apiPort, .integer(0...65535), .api, .atRestart,
            "The TCP port for HTTP. 0 takes a free one, which suits tests only."),
        ConfigurationKey(
            "api_bind_addr", \.apiBindAddr, .ipAddress, .api, .atRestart,
            """
            The address to serve on. "0.0.0.0" serves everybody who reaches the machine; a proxy with TLS in front of
            "127.0.0.1" is the safer way.
            """),
        ConfigurationKey(
            "api_cors_origins", \.apiCORSOrigins, .list(of: .origin), .api, .atRestart,
            "Web pages that may call the API from a browser, as \"https://example.org\"; \"*\" is all."),
        ConfigurationKey(
            "api_max_connections", \.apiMaxConnections, .integer(1...100_000, unit: "connections"), .api, .atRunTime,
            """
            Connections at once, the event socket's included. One more is told 503 and closed. Each may need a file
            descriptor: `ulimit -n` must be greater.
            """),
        ConfigurationKey(
            "api_max_websocket_clients", \.apiMaxWebSocketClients, .integer(0...100_000, unit: "clients"), .api, .atRunTime,
            "Clients of the event socket at once. Every event is written to each of them."),
        ConfigurationKey(
            "api_requests_per_second", \.apiRequestsPerSecond, .integer(0...1_000_000, unit: "requests"), .api, .atRunTime,
            """
            Requests a second of one client address; twice as many may come at once after it was quiet. Above it the
            answer is 429. 0 is no limit. Behind a proxy all clients have its address, unless api_trusted_proxies names it.
            """),
        ConfigurationKey(
            "api_trusted_proxies", \.apiTrustedProxies, .list(of: .network), .api, .atRunTime,
            """
            Networks of reverse proxies, as "127.0.0.1" or "10.0.0.0/8": in a request of theirs the right-most address of
            X-Forwarded-For that is none of them is the client's. From anybody else that header is not read. List only
            proxies that set or append to it; see docs/reverse-proxy.md.
            """),
        ConfigurationKey(
            "api_admin_socket", \.apiAdminSocket, .optional(.socketPath), .api, .atRestart,
            """
            A Unix socket (mode 0660) for the admin verbs: add, remove and ban peers, change the log level, pause
            production. They are never served on the TCP port.
            """),
        ConfigurationKey(
            "metrics_enabled", \.metricsEnabled, .boolean, .api, .atRestart,
            "Whether the API serves /metrics for Prometheus."),
    ]
}
