public import Network
public import Primitives

/// Everything that an operator decides about a node (`operations.md`, "Configuration"). A plain value.
///
/// A default is the initial value of its property and stands nowhere else; `ConfigurationKey.all` has the name, the
/// type, the range and the description of each.
public struct NodeConfiguration: Hashable, Sendable {
    public enum NodeType: String, CaseIterable, Sendable {
        case full, producer
    }

    /// The levels of swift-log.
    public enum LogLevel: String, CaseIterable, Sendable {
        case trace, debug, info, notice, warning, error, critical
    }

    public enum LogFormat: String, CaseIterable, Sendable {
        case text, json
    }

    // MARK: Node

    public var nodeType = NodeType.full
    /// The address that the private key must have; `nil` checks nothing.
    public var address: Address?
    /// The path of the key file; set for a producer.
    public var privateKey: String?
    public var dataDir = "./data"
    public var logLevel = LogLevel.info
    public var logFormat = LogFormat.text

    // MARK: Chain

    public var genesisPath = "./genesis.json"
    /// Empty when the configuration does not say: the genesis block does.
    public var authorities: [Address] = []
    /// Whole seconds.
    public var blockTime = Nanoseconds.seconds(5)
    public var producerTakeover = false
    /// `nil`: the hash of the genesis block.
    public var chainID: String?

    // MARK: Network

    public var p2pPort: UInt16 = 9000
    /// An IPv4 or IPv6 address.
    public var p2pBindAddr = "0.0.0.0"
    public var externalAddress: Endpoint?
    public var bootstrapPeers: [Endpoint] = []
    public var privatePeers: [Endpoint] = []

    // MARK: Limits

    public var maxPeers = NodeDefaults.maxPeers
    public var minOutboundPeers = NodeDefaults.minOutboundPeers
    public var maxPeersPerIP = NodeDefaults.maxPeersPerIP
    public var ipLimitExempt: [IPNetwork] = []
    public var rateLimitMessagesPerSecond = NetworkLimits.messagesPerSecond
    public var rateLimitBurst = NetworkLimits.messageBurst
    public var rateLimitPatience = NodeDefaults.rateLimitPatience
    public var maxMessageBytes = NetworkLimits.maxFrameBytes
    public var handshakeTimeout = NetworkLimits.handshakeTimeout
    public var idleTimeout = NodeDefaults.idleTimeout
    public var syncBatchSize = NetworkLimits.rangeCount
    public var syncThreshold = NodeDefaults.syncThreshold

    // MARK: API

    public var apiEnabled = true
    public var apiPort: UInt16 = 8545
    /// An IPv4 or IPv6 address.
    public var apiBindAddr = "127.0.0.1"
    public var apiCORSOrigins = ["*"]
    public var apiMaxConnections = 4096
    public var apiMaxWebSocketClients = 1000
    /// Of one client address; 0: no limit.
    public var apiRequestsPerSecond = 1000
    /// Whose `X-Forwarded-For` is believed.
    public var apiTrustedProxies: [IPNetwork] = []
    /// The path of the Unix socket for the admin verbs; `nil`: none.
    public var apiAdminSocket: String?
    public var metricsEnabled = true

    /// Every default.
    public init() {}
}
