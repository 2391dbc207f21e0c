public import Network
public import Primitives

/// What a node says it is.
public enum NodeType: Hashable, Sendable {
    case producer
    case full
    /// A word that this version does not know; treated as a full node.
    case other(String)

    public init(_ text: String) {
        switch text {
        case "producer": self = .producer
        case "full": self = .full
        default: self = .other(text)
        }
    }

    /// The word on the wire.
    public var text: String {
        switch self {
        case .producer: "producer"
        case .full: "full"
        case .other(let text): text
        }
    }
}

/// The first message of both sides (type 6). Fields are as the peer wrote them; whether they are acceptable is decided
/// by the peer table (`protocol.md`, "Handshake").
public struct Handshake: Hashable, Sendable {
    /// A semantic version; the same major number is compatible.
    public var version: String
    /// The genesis block hash as `0x` hex, unless the configuration names another.
    public var chainID: String
    /// The sender's best height.
    public var height: UInt64
    public var nodeType: NodeType
    /// `host:port` where the sender accepts connections; see `listenEndpoint(seenFrom:)`.
    public var listenAddress: String
    /// The extensions that the sender speaks. Unknown names are kept.
    public var capabilities: [String]
    /// The address of the sender's identity key, as written; the decoder lets only well-formed ones pass.
    public var nodeID: String?
    /// A random number of the sender's process: equal to one's own means a connection to oneself.
    public var nonce: UInt64?
    /// Commits to what the sender's genesis fixes and its block's hash does not (`Genesis.rulesHash`); nil from who does not say.
    public var rules: Hash32?
    /// What the sender was built from, as `0a1b2c3d4e` or `0a1b2c3d4e-dirty`: for the log, nothing depends on it.
    public var commit: String?

    public init(
        version: String, chainID: String, height: UInt64, nodeType: NodeType, listenAddress: String,
        capabilities: [String] = [], nodeID: String? = nil, nonce: UInt64? = nil,
        rules: Hash32? = nil, commit: String? = nil
    ) {
        self.version = version
        self.chainID = chainID
        self.height = height
        self.nodeType = nodeType
        self.listenAddress = listenAddress
        self.capabilities = capabilities
        self.nodeID = nodeID
        self.nonce = nonce
        self.rules = rules
        self.commit = commit
    }

    /// Whether the sender named `capability`.
    public func has(_ capability: String) -> Bool { capabilities.contains(capability) }

    /// Whether the sender is on the chain that `other` names. Hashes as hex are compared without regard to case, configured
    /// names exactly.
    public func isOfChain(_ other: String) -> Bool {
        // As bytes: two names that Swift calls equal, because they differ in normal form only, are two chains.
        if chainID.utf8.elementsEqual(other.utf8) { return true }
        guard chainID.utf8.count == 66, let hash = Hex.decodePrefixed(chainID.utf8) else { return false }
        return hash == Hex.decodePrefixed(other.utf8)
    }

    /// The leading number of `version`, or `nil` when it is not a semantic version (`major.minor.patch`, an optional
    /// leading `v`, an optional `-` or `+` tail).
    public var majorVersion: UInt64? {
        var text = version[...]
        if text.first == "v" { text = text.dropFirst() }
        let core = text.prefix { $0 != "-" && $0 != "+" }
        let parts = core.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3 else { return nil }
        for part in parts where part.isEmpty || !part.utf8.allSatisfy({ 0x30...0x39 ~= $0 }) { return nil }
        return UInt64(parts[0])
    }

    /// Where the sender can be dialled: its `listenAddress`, with the host replaced by `seen` where it is empty or a
    /// wildcard. `nil` when it accepts no connections (an empty string, port 0) or wrote no endpoint.
    public func listenEndpoint(seenFrom seen: Endpoint) -> Endpoint? {
        guard !listenAddress.isEmpty else { return nil }
        if listenAddress.utf8.first == UInt8(ascii: ":") {
            guard let port = Endpoint.parsePort(listenAddress.utf8.dropFirst()), port != 0 else { return nil }
            return Endpoint(host: seen.host, port: port)
        }
        guard let endpoint = Endpoint(listenAddress), endpoint.port != 0 else { return nil }
        return endpoint.isWildcard ? Endpoint(host: seen.host, port: endpoint.port) : endpoint
    }
}
