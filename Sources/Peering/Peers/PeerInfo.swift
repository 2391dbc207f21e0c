public import Network
public import Primitives
public import Wire

/// Who opened a connection.
public enum Direction: Hashable, Sendable {
    case inbound
    /// Dialled by this node, at this endpoint.
    case outbound(Endpoint)

    public var isInbound: Bool { self == .inbound }

    /// The endpoint that was dialled.
    public var dialled: Endpoint? {
        if case .outbound(let endpoint) = self { endpoint } else { nil }
    }
}

/// What is known of one connection and the peer at its end. Times are uptimes.
public struct PeerInfo: Identifiable, Sendable {
    public let id: PeerID
    /// The address and port that the socket shows.
    public let remote: Endpoint
    public let direction: Direction
    public let connectedAt: Nanoseconds

    /// Whether it has shaken hands.
    public internal(set) var isReady = false
    /// What the peer said of itself; `nil` until it has shaken hands.
    public internal(set) var handshake: Handshake?
    /// Its identity, where it named one.
    public internal(set) var nodeID: Address?
    /// Whether the handshake was signed by the key of `nodeID`. Without it the identity is a claim.
    public internal(set) var isSigned = false
    /// When it shook hands.
    public internal(set) var readyAt: Nanoseconds = 0
    /// Where it accepts connections, by its own word.
    public internal(set) var listenEndpoint: Endpoint?
    /// Whether `listenEndpoint` is where we see or dialled the peer, so that it is not somebody else's address.
    public internal(set) var isListenEndpointConfirmed = false
    /// Whether it is one of the configured bootstrap peers, whoever dialled.
    public internal(set) var isBootstrap = false

    /// The best height that it spoke of last.
    public internal(set) var height: UInt64 = 0
    /// Round trips of pings, or of peer-list requests where the peer has no ping.
    public internal(set) var latency = Latency()
    /// When bytes of it came last.
    public internal(set) var lastHeard: Nanoseconds
    /// When it last brought a block or a transaction that was worth something; 0 for never.
    public internal(set) var lastUsefulBlock: Nanoseconds = 0
    public internal(set) var lastUsefulTransaction: Nanoseconds = 0

    /// When its height last rose.
    var heightRoseAt: Nanoseconds = 0
    /// Set while another connection to the same node is ready too and it is open which one stays.
    var contest: Contest?
    /// Until when the handshake must have come.
    var handshakeDeadline: Nanoseconds
    var liveness = Liveness()
    var exchange = PeerListExchange()
    /// The score of a peer that cannot be banned, for as long as it is connected.
    var ownScore = 0

    struct Contest: Sendable {
        var since: Nanoseconds
        var until: Nanoseconds
    }

    init(id: PeerID, remote: Endpoint, direction: Direction, at now: Nanoseconds, handshakeDeadline: Nanoseconds) {
        self.id = id
        self.remote = remote
        self.direction = direction
        connectedAt = now
        lastHeard = now
        self.handshakeDeadline = handshakeDeadline
    }

    /// Whether another connection to the same node lives and this one may be closed for it within
    /// `PeeringLimits.contestGrace`. Such a connection takes no slot.
    public var isContested: Bool { contest != nil }

    /// Whether it named the extension in its handshake.
    public func supports(_ capability: String) -> Bool { handshake?.has(capability) ?? false }

    /// Whether it is one of `authorities` and proved it.
    func isAuthority(of authorities: Set<Address>) -> Bool {
        guard isSigned, let nodeID else { return false }
        return authorities.contains(nodeID)
    }

    /// Whether both are connections to one node. A claimed identity counts: the worst that a liar reaches is that the
    /// older connection stays, which is the honest one where there was one.
    func isSameNode(as other: PeerInfo) -> Bool {
        if let nodeID, let otherID = other.nodeID { return nodeID == otherID }
        if let nonce = handshake?.nonce, nonce == other.handshake?.nonce { return true }
        guard isListenEndpointConfirmed, other.isListenEndpointConfirmed, let listenEndpoint else { return false }
        return listenEndpoint == other.listenEndpoint
    }

    /// Whether both lead to one running process, not to a node and its restarted self.
    func isSameProcess(as other: PeerInfo) -> Bool {
        guard let nonce = handshake?.nonce else { return false }
        return nonce == other.handshake?.nonce
    }
}

/// Round-trip times of one peer in nanoseconds.
public struct Latency: Sendable {
    /// The newest; `nil` before the first answer.
    public private(set) var last: Nanoseconds?
    /// Weighted towards the newer, an eighth for the newest (as TCP does it, RFC 6298).
    public private(set) var average: Nanoseconds?
    /// The least: what an attacker cannot fake without being near.
    public private(set) var minimum: Nanoseconds?

    mutating func add(_ sample: Nanoseconds) {
        last = sample
        average = average.map { $0 + (sample - $0) / 8 } ?? sample
        minimum = min(minimum ?? sample, sample)
    }
}

/// The signs of life asked of one peer.
struct Liveness: Sendable {
    struct Ping: Sendable {
        var nonce: UInt64
        var sentAt: Nanoseconds
        var deadline: Nanoseconds
    }

    /// When the next ping or probe is due.
    var nextProbe: Nanoseconds = 0
    /// The ping that waits for its answer; never more than one.
    var outstanding: Ping?
    /// When the peer-list request was sent that waits for its answer and measures latency.
    var requestSentAt: Nanoseconds?
}

/// Peer lists asked of and told to one peer.
struct PeerListExchange: Sendable {
    /// When the peer was last asked for addresses.
    var lastAsked: Nanoseconds?
    /// When it last got a full answer.
    var lastFullAnswer: Nanoseconds?
    /// How many more addresses are taken from it.
    private(set) var tokens = 0
    private var refilledAt: Nanoseconds = 0

    /// A question allows a full answer.
    mutating func asked(at now: Nanoseconds) {
        lastAsked = now
        tokens = PeeringLimits.addressTokens
        refilledAt = now
    }

    /// How many of `count` addresses may be taken now.
    mutating func take(_ count: Int, at now: Nanoseconds) -> Int {
        let earned = (now - refilledAt) / PeeringLimits.addressTokenInterval
        if earned > 0 {
            tokens = min(PeeringLimits.addressTokens, tokens + Int(clamping: earned))
            refilledAt += earned * PeeringLimits.addressTokenInterval
        }
        let taken = min(count, tokens)
        tokens -= taken
        return taken
    }
}
