internal import DequeModule
internal import Network
internal import Primitives
internal import RateLimiter
internal import Wire

/// What the core keeps for one open connection beside what `PeerManager` knows: its rate and what of it is being worked on.
///
/// ```
///   phase        shaking ──────── handshake accepted ────────▶ ready
///
///   reading      open ── no tokens, congested, held back ──▶ paused ── all of these over ──▶ open
///
///   answering    idle ─── asked ──▶ underWay ── sent ──▶ idle          asked for what is not on disk yet:
///                 └────────────────────────────────────────────────▶ awaitingCommit ── commit ──▶ underWay
/// ```
struct Link: Identifiable, Sendable {
    /// Whether gossip and sync know the peer.
    enum Phase: Sendable {
        /// The handshake has not been accepted.
        case shaking
        /// `identity` is the address of the key that the handshake named: signed messages must recover to it.
        case ready(identity: Address?, speaksBatches: Bool)
    }

    enum Reading: Sendable {
        case open
        /// The shell was told not to read.
        case paused(Pause)
    }

    /// What must pass before a paused connection is read again, beside the peer's work in hand (`isHeldBack`).
    struct Pause: Sendable {
        /// It has no tokens: since when, and until when.
        var throttle: (since: Nanoseconds, until: Nanoseconds)?
        /// Since when the write queue is above its high-water mark.
        var congestedSince: Nanoseconds?
    }

    enum Answering: Sendable {
        /// Nothing of it is being answered: no request waits, or its write queue is full.
        case idle
        /// The oldest request asks for a block that is not on disk yet.
        case awaitingCommit
        /// The shell has a request.
        case underWay
    }

    let id: PeerID
    /// The address that its socket shows.
    let remote: Endpoint
    var traffic = Traffic()
    private var bucket: TokenBucket
    var phase = Phase.shaking
    var reading = Reading.open
    var answering = Answering.idle
    /// Block requests of this peer that wait for their turn, the oldest first. With the one that is being answered at most
    /// `CoreLimits.openBlockRequestsPerPeer`, and what one frame may bring on top.
    var requests: Deque<BlockRequest> = []
    /// Transactions of this peer that wait for a verdict, and the bytes of their payloads.
    var uncheckedTransactions = 0
    var uncheckedBytes = 0

    init(id: PeerID, remote: Endpoint, rate: Int, burst: Int, at now: Moment) {
        self.id = id
        self.remote = remote
        bucket = TokenBucket(rate: rate, burst: burst, at: now.uptime)
    }

    var isReady: Bool {
        if case .ready = phase { true } else { false }
    }

    /// The identity that it named, once its handshake was accepted.
    var identity: Address? {
        if case .ready(let identity, _) = phase { identity } else { nil }
    }

    var speaksBatches: Bool {
        if case .ready(_, let speaksBatches) = phase { speaksBatches } else { false }
    }

    var pause: Pause? {
        if case .paused(let pause) = reading { pause } else { nil }
    }

    var isPaused: Bool { pause != nil }
    var isCongested: Bool { pause?.congestedSince != nil }

    var isBeingAnswered: Bool { answering == .underWay }
    var isAwaitingCommit: Bool { answering == .awaitingCommit }

    /// Block requests that are not answered yet.
    var openBlockRequests: Int { requests.count + (isBeingAnswered ? 1 : 0) }

    /// Whether something other than the rate holds the peer back, when `allUnchecked` bytes of all peers wait for verdicts.
    /// Each of these reasons ends by an event of its own, after which `LinkTable.resumeIfFree` looks again: verdicts, answers,
    /// a drained socket.
    func isHeldBack(allUnchecked: Int) -> Bool {
        isCongested
            || openBlockRequests >= CoreLimits.openBlockRequestsPerPeer
            || uncheckedTransactions >= CoreLimits.uncheckedTransactionsPerPeer
            || uncheckedBytes >= CoreLimits.uncheckedBytesPerPeer
            || (allUnchecked >= CoreLimits.uncheckedBytes && uncheckedBytes > 0)
    }

    /// Takes the token of a frame. Returns whether the next frame has one.
    mutating func charge(at now: Nanoseconds) -> Bool {
        _ = bucket.take(at: now)
        return bucket.available(at: now) > 0
    }

    mutating func reconfigure(rate: Int, burst: Int, at now: Nanoseconds) {
        bucket.reconfigure(rate: rate, burst: burst, at: now)
    }

    /// For how long it has kept its bucket empty.
    mutating func excess(at now: Nanoseconds) -> Nanoseconds { bucket.excess(at: now) }

    /// When it has tokens enough to be read again. Asking for one that is not there starts the clock of the excess.
    mutating func tokenTime(at now: Nanoseconds) -> Nanoseconds {
        _ = bucket.take(at: now)
        return bucket.nextTokenTime(min(CoreLimits.tokensToResume, bucket.burst), at: now) ?? now
    }

    /// When a tick must look at it.
    var resumeTime: Nanoseconds? {
        guard let pause else { return nil }
        guard let since = pause.congestedSince else { return pause.throttle?.until }
        return min(since + CoreLimits.slowReaderPatience, pause.throttle?.until ?? .max)
    }

    /// How long it has not been read for its rate, in nanoseconds. It ends when its tokens are back, also when something else
    /// holds it back longer.
    func throttledTime(at now: Moment) -> Nanoseconds {
        guard let throttle = pause?.throttle else { return 0 }
        return max(0, min(now.uptime, throttle.until) - throttle.since)
    }

    func checkInvariants() -> [String] {
        var broken: [String] = []
        if uncheckedBytes < 0 || uncheckedTransactions < 0 { broken.append("\(id) has less than nothing unchecked") }
        if isAwaitingCommit, requests.isEmpty { broken.append("\(id) waits for a commit without a request") }
        if !bucket.checkInvariants() { broken.append("the bucket of \(id) is out of its bounds") }
        return broken
    }
}
