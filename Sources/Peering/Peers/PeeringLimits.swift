public import Primitives

/// Every bound of this module, once, each with its reason. What a configuration may change stands in `NodeDefaults`.
public enum PeeringLimits {
    // MARK: Slots

    /// Outbound connections into one group of addresses of the internet: an attacker with one network must not be
    /// most of our view, and two leave room for honest nodes at one hosting firm.
    public static let maxOutboundPerGroup = 2
    /// Inbound connections that have not shaken hands. Each holds a socket and at most one short frame for at most
    /// the handshake timeout; 32 in 10 s are far above what a network of this kind sees.
    public static let maxPendingInbound = 32
    /// Further connections of one node that is already ready, while it is not clear which one stays. A node reaches
    /// another by its address and by its name at once, and is dialled back; a fourth has no honest reason.
    public static let maxRivals = 3
    /// How long such connections may live side by side. The side that decides does so as soon as it has seen both
    /// handshakes, so this is the time in which a handshake must have come anyway.
    public static let contestGrace: Nanoseconds = .seconds(10)

    // MARK: Dialling

    /// Bootstrap peers of a configuration; each has a state of its own here.
    public static let maxBootstrapPeers = 64
    /// Dials under way to bootstrap peers, and as many to others: what fails slowly must not hold up the rest.
    /// A dozen names whose server is silent leave room for one that answers.
    public static let maxConcurrentDials = 16
    /// How long a connection attempt may take, resolver included. A SYN is sent again after 1, 3 and 7 s.
    public static let dialTimeout: Nanoseconds = .seconds(10)
    /// The least time between two dials to addresses of the book: bounds what somebody who fills it with addresses of
    /// third parties can make us send.
    public static let dialSpacing: Nanoseconds = .milliseconds(200)
    /// How long the book is left alone after it had nobody to dial. Learning an address wakes it earlier.
    public static let idleDialCheck: Nanoseconds = .seconds(5)
    /// The wait before the second dial of a bootstrap peer, doubled after each failure …
    public static let bootstrapBackoffMin: Nanoseconds = .seconds(1)
    /// … up to this: one SYN a minute costs nothing, and a healed partition is found within a minute.
    public static let bootstrapBackoffMax: Nanoseconds = .seconds(60)
    /// The same for addresses of the book.
    public static let addressBackoffMin: Nanoseconds = .seconds(5)
    public static let addressBackoffMax: Nanoseconds = .seconds(600)
    /// Failures in a row after which an address that never answered is forgotten (Bitcoin Core: 3).
    public static let maxFailuresUntried = 3
    /// Failures in a row after which an address that once answered is forgotten: about an hour of backoff.
    public static let maxFailuresTried = 12
    /// A connection that lasted this long was a success; one that ended sooner counts as a failed dial, so that a peer
    /// that shakes hands and hangs up is not redialled in a tight loop.
    public static let stableAfter: Nanoseconds = .seconds(60)
    /// How long no peer is there before that is told: the others restart too, and a first dial takes its time.
    public static let solitudeFirst: Nanoseconds = .seconds(5)
    /// How often it is told afterwards: an operator who looks at the log sees it, and a day of it is 1440 lines.
    public static let solitudeInterval: Nanoseconds = .seconds(60)
    /// Peers that are named with it: one line for a person.
    public static let maxToldAttempts = 8
    /// Addresses at which the node found itself. A host has few; the oldest is forgotten.
    public static let maxOwnEndpoints = 16

    /// Peers that an operator added while the node ran, beside the configured ones: as many again.
    public static let maxManualPeers = 64
    /// Endpoints that an operator removed and that are not dialled; the oldest is forgotten. More than anybody types.
    public static let maxShunned = 256

    // MARK: Address book

    /// Buckets of addresses that nobody here has tried, and places in each: 2048 addresses of about 150 bytes.
    public static let untriedBuckets = 64
    public static let untriedBucketSize = 32
    /// Buckets that one source (a group of addresses that tells us of others) can reach: an eighth of the table.
    public static let untriedBucketsPerSource = 8
    /// Buckets of addresses that shook hands when we dialled them, and places in each: 512 addresses.
    public static let triedBuckets = 16
    public static let triedBucketSize = 32
    /// Buckets that one group of addresses can reach.
    public static let triedBucketsPerGroup = 4
    /// A tried address is told to others for this long after its last success.
    public static let gossipHorizon: Nanoseconds = .seconds(3 * 3600)

    // MARK: Peer lists

    /// The least time between two full answers to one peer. Sooner it gets `[]`, which is an answer all the same, so
    /// that a peer which probes us with requests (`protocol.md`, "Messages") sees us alive.
    public static let peerListAnswerInterval: Nanoseconds = .seconds(30)
    /// How often one peer is asked while outbound peers are missing, and when they are not. Longer than the interval
    /// of full answers, which our peers keep too.
    public static let peerListRequestInterval: Nanoseconds = .seconds(60)
    public static let peerListRequestIdleInterval: Nanoseconds = .seconds(900)
    /// Addresses taken from one connection at once, and the refill afterwards: a full answer to each question, and one
    /// address in ten seconds beside (Bitcoin Core's address rate).
    public static let addressTokens = 1000
    public static let addressTokenInterval: Nanoseconds = .seconds(10)

    // MARK: Liveness

    /// A ping goes to each peer this often; a peer without the capability is probed after this long a silence.
    public static let pingInterval: Nanoseconds = .seconds(10)
    /// A peer that sends, but leaves a ping unanswered for this long, does not read. Above the 50 s that the greatest
    /// frame may take in each direction (`NetworkLimits.minFrameBytesPerSecond`).
    public static let pingAnswerTimeout: Nanoseconds = .seconds(120)
    /// A tick that comes later than this after its deadline was held up here; the peers' clocks are moved by as much,
    /// because their answers may wait unread.
    public static let lateTick: Nanoseconds = .seconds(2)
    /// How long a peer may be of no use, and how many heights it must then lie behind, to be inactive.
    public static let inactiveAfter: Nanoseconds = .seconds(600)
    public static let inactiveLag: UInt64 = 10
    /// At most one inactive outbound peer is replaced in this time: replacing must not become churn.
    public static let replaceInterval: Nanoseconds = .seconds(60)

    // MARK: Faults and bans

    /// The score at which an address is banned.
    public static let banScore = 100
    /// One point is forgiven in this time: a full score in 20 minutes.
    public static let forgiveInterval: Nanoseconds = .seconds(12)
    /// The first ban; each further one of the same address doubles it …
    public static let banMin: Nanoseconds = .seconds(600)
    /// … up to this. Addresses change hands.
    public static let banMax: Nanoseconds = .seconds(24 * 3600)
    /// The shortest and the longest ban that an operator may ask for: below a second nothing comes of it, and a year is for ever in
    /// a process.
    public static let operatorBanMin: Nanoseconds = .seconds(1)
    public static let operatorBanMax: Nanoseconds = .seconds(365 * 24 * 3600)
    /// Addresses that an operator bans at once: a list of offenders from elsewhere has room, a mistake in a script has an end.
    public static let maxOperatorBans = 1024
    /// Addresses with a score or a ban: about 100 bytes each. When it is full, who has the least left to atone goes.
    public static let maxOffenders = 1024
}
