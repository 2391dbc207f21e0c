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
///
/// ```
///   shaking ──── handshake accepted ────▶ ready ◀──── the other one is gone ──── contested
///      └── handshake accepted, the same node is ready already ──────────────────────▲
/// ```
public struct PeerInfo: Identifiable, Sendable {
    /// Where a connection stands, and what is known of it only there.
    enum Phase: Sendable {
        /// The handshake must have come until `deadline`.
        case shaking(deadline: Nanoseconds)
        case ready(Introduction)
        /// Ready, and so is another connection to the same node: it is open which one stays. It takes no slot.
        case contested(Introduction, Contest)
    }

    /// What the handshake said, and what we made of it. It does not change.
    struct Introduction: Sendable {
        let handshake: Handshake
        let identity: Identity
        let listen: ListenEndpoint
        /// When it shook hands.
        let readyAt: Nanoseconds
    }

    /// Who the peer says that it is.
    enum Identity: Sendable {
        case unnamed
        /// Nothing but its word.
        case claimed(Address)
        /// The handshake was signed by the key of this address. That is no proof of who is there: whoever once received a signed
        /// handshake can show it again.
        case signed(Address)
    }

    /// Where the peer accepts connections.
    enum ListenEndpoint: Sendable {
        case unnamed
        /// By its own word; it may be somebody else's address.
        case claimed(Endpoint)
        /// Where we see or dialled the peer.
        case confirmed(Endpoint)
    }

    struct Contest: Sendable {
        var since: Nanoseconds
        var until: Nanoseconds
    }

    public let id: PeerID
    /// The address and port that the socket shows.
    public let remote: Endpoint
    public let direction: Direction
    public let connectedAt: Nanoseconds
    private(set) var phase: Phase
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
    var liveness = Liveness()
    var exchange = PeerListExchange()
    /// The score of a peer that cannot be banned, for as long as it is connected.
    var ownScore = 0

    init(id: PeerID, remote: Endpoint, direction: Direction, at now: Nanoseconds, handshakeDeadline: Nanoseconds) {
        self.id = id
        self.remote = remote
        self.direction = direction
        connectedAt = now
        lastHeard = now
        phase = .shaking(deadline: handshakeDeadline)
    }

    // MARK: Phases

    /// Its handshake is acceptable.
    mutating func introduce(_ introduction: Introduction) {
        phase = .ready(introduction)
        lastHeard = introduction.readyAt
        height = introduction.handshake.height
        heightRoseAt = introduction.readyAt
    }

    /// Another connection to the same node is ready too.
    mutating func contest(_ contest: Contest) {
        if case .ready(let introduction) = phase { phase = .contested(introduction, contest) }
    }

    /// The other connection is gone: this one takes the slot.
    mutating func endContest() {
        if case .contested(let introduction, _) = phase { phase = .ready(introduction) }
    }

    /// This node was held up for so long, and what the peer sent meanwhile lies unread: its clocks are moved by that.
    mutating func forgive(_ delay: Nanoseconds, at now: Nanoseconds) {
        lastHeard = min(now, lastHeard + delay)
        liveness.outstanding?.deadline += delay
        switch phase {
        case .shaking(let deadline): phase = .shaking(deadline: deadline + delay)
        case .ready: break
        case .contested(let introduction, let contest):
            phase = .contested(introduction, Contest(since: contest.since, until: contest.until + delay))
        }
    }
}

// MARK: What follows from the phase

extension PeerInfo {
    private var introduction: Introduction? {
        switch phase {
        case .shaking: nil
        case .ready(let introduction), .contested(let introduction, _): introduction
        }
    }

    /// Whether it has shaken hands.
    public var isReady: Bool {
        if case .shaking = phase { false } else { true }
    }

    /// Until when the handshake must have come; `nil` once it has.
    var handshakeDeadline: Nanoseconds? {
        if case .shaking(let deadline) = phase { deadline } else { nil }
    }

    var contest: Contest? {
        if case .contested(_, let contest) = phase { contest } else { nil }
    }

    /// Whether another connection to the same node lives and this one may be closed for it within
    /// `PeeringLimits.contestGrace`. Such a connection takes no slot.
    public var isContested: Bool { contest != nil }

    /// When it shook hands; 0 before.
    public var readyAt: Nanoseconds { introduction?.readyAt ?? 0 }

    /// What the peer said of itself; `nil` until it has shaken hands.
    public var handshake: Handshake? { introduction?.handshake }

    /// Whether it named the extension in its handshake.
    public func supports(_ capability: String) -> Bool { introduction?.handshake.has(capability) ?? false }

    /// Its identity, where it named one.
    public var nodeID: Address? {
        switch introduction?.identity {
        case nil, .unnamed: nil
        case .claimed(let address), .signed(let address): address
        }
    }

    /// Whether the handshake was signed by the key of `nodeID`. Without it the identity is a claim; with it, it is still no proof
    /// (`Identity.signed`).
    public var isSigned: Bool {
        if case .signed = introduction?.identity { true } else { false }
    }

    /// Where it accepts connections, by its own word.
    public var listenEndpoint: Endpoint? {
        switch introduction?.listen {
        case nil, .unnamed: nil
        case .claimed(let endpoint), .confirmed(let endpoint): endpoint
        }
    }

    /// Where it accepts connections, where that is where we see or dialled it, so that it is not somebody else's address.
    var confirmedListenEndpoint: Endpoint? {
        if case .confirmed(let endpoint) = introduction?.listen { endpoint } else { nil }
    }

    /// Whether `listenEndpoint` is where we see or dialled the peer, so that it is not somebody else's address.
    public var isListenEndpointConfirmed: Bool { confirmedListenEndpoint != nil }

    /// Whether it names one of `authorities` in a handshake that the authority's key signed.
    func isAuthority(of authorities: Set<Address>) -> Bool {
        guard isSigned, let nodeID else { return false }
        return authorities.contains(nodeID)
    }

    /// Whether both are connections to one node. A claimed identity counts: a liar reaches that the older connection stays, which
    /// is the honest one where there was one; where there was none, the liar stays.
    func isSameNode(as other: PeerInfo) -> Bool {
        if let nodeID, let otherID = other.nodeID { return nodeID == otherID }
        if let nonce = handshake?.nonce, nonce == other.handshake?.nonce { return true }
        guard let endpoint = confirmedListenEndpoint else { return false }
        return endpoint == other.confirmedListenEndpoint
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
