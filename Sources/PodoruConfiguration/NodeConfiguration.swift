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
    /// `host:port`.
    public var externalAddress: String?
    /// `host:port` each.
    public var bootstrapPeers: [String] = []
    /// `host:port` each.
    public var privatePeers: [String] = []

    // MARK: Limits

    public var maxPeers = 50
    public var minOutboundPeers = 8
    public var maxPeersPerIP = 3
    public var ipLimitExempt: [IPNetwork] = []
    public var rateLimitMessagesPerSecond = 100
    public var rateLimitBurst = 100
    public var rateLimitPatience = Nanoseconds.seconds(30)
    public var maxMessageBytes = 10 * 1024 * 1024
    public var handshakeTimeout = Nanoseconds.seconds(10)
    public var idleTimeout = Nanoseconds.seconds(25)
    public var syncBatchSize = 100
    public var syncThreshold = 10

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
