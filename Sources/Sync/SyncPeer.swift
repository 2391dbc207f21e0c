internal import DequeModule
internal import Network
internal import Primitives

/// One BlockRequest that a peer has not answered yet.
struct OutstandingRequest: Hashable {
    /// The segment that asked; it may have been served by another meanwhile.
    let segment: UInt64
    let range: HeightRange
    let sentAt: Nanoseconds
}

/// What the manager knows of one peer.
///
/// Answers carry no request id but come in the order of the requests, so a queue pairs them, and the clock of a request
/// starts when it reaches the head of that queue.
struct SyncPeer: Identifiable {
    let id: PeerID
    /// The best height that the peer says it has.
    var claim: UInt64
    /// When it last raised its claim after the handshake.
    var claimRaisedAt: Nanoseconds?
    /// Whether a missing block was put down to a fresh claim since the last block came.
    var hasUsedGrace = false
    /// What is believed of the claim after a lie, and until when.
    var ceiling: (height: UInt64, until: Nanoseconds)?
    /// The first height that is on another chain than ours, and until when that is held against it.
    var fork: (height: UInt64, until: Nanoseconds)?
    /// Nothing is asked for before this.
    var pausedUntil: Nanoseconds?
    /// Done with for as long as the connection lasts.
    var isBad = false

    var outstanding = Deque<OutstandingRequest>()
    /// When the head of `outstanding` became it.
    var headSince: Nanoseconds = 0
    /// Bytes of the head's answer so far and when the last of them came.
    var headBytes = 0
    var headBytesAt: Nanoseconds?
    /// Another peer was asked for what this one owes: until it answers, others come first.
    var isLate = false
    /// The head's time is over and its range was given back.
    var isOverdue = false

    /// Blocks a second of its answers, smoothed.
    var blocksPerSecond: Double?
    var blocksDelivered: UInt64 = 0
    /// Whether it has delivered blocks, which makes its claim credible.
    var isProven: Bool { blocksDelivered > 0 }
    /// Where it stands in the fair share: heights asked for so far, divided by its weight.
    var share = 0.0

    init(id: PeerID, claim: UInt64) {
        self.id = id
        self.claim = claim
    }

    /// The last height worth asking this peer for.
    var reach: UInt64 {
        var reach = believedClaim
        if let fork { reach = min(reach, fork.height - 1) }
        return reach
    }

    /// The claim, cut after a lie.
    var believedClaim: UInt64 {
        ceiling.map { min(claim, $0.height) } ?? claim
    }

    /// Whether its height says something about where our chain is.
    var isOnOurChain: Bool { !isBad && fork == nil }

    /// Whether anything may be asked for now, were a slot free.
    func isUsable(at now: Nanoseconds) -> Bool {
        !isBad && !isOverdue && (pausedUntil.map { $0 <= now } ?? true)
    }

    func hasRequest(for segment: UInt64) -> Bool { place(of: segment) != nil }

    /// Where in the queue the segment's request stands, if there is one.
    func place(of segment: UInt64) -> Int? {
        outstanding.firstIndex { $0.segment == segment }
    }

    /// Takes the head off, starts the next one's clock and returns the head with the time that it took.
    mutating func takeHead(at now: Nanoseconds) -> (request: OutstandingRequest, duration: Nanoseconds)? {
        guard let request = outstanding.popFirst() else { return nil }
        let duration = max(now - headSince, 1)
        startHead(at: now)
        return (request, duration)
    }

    mutating func startHead(at now: Nanoseconds) {
        headSince = now
        headBytes = 0
        headBytesAt = nil
        isLate = false
        isOverdue = false
    }

    /// Counts `count` blocks that came in `duration`. The newest answer has a third of the weight: a peer that becomes
    /// slow is seen after two or three ranges, and one hiccup does not push it aside.
    mutating func measure(count: Int, in duration: Nanoseconds) {
        let sample = Double(count) * 1e9 / Double(max(duration, .milliseconds(1)))
        blocksPerSecond = blocksPerSecond.map { $0 + (sample - $0) / 3 } ?? sample
        blocksDelivered += UInt64(count)
        hasUsedGrace = false
    }
}
