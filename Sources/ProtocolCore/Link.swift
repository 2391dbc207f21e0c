internal import DequeModule
internal import Gossip
public import Network
internal import Peering
public import Primitives
internal import RateLimiter
internal import Wire

/// What the core keeps for one open connection beside what `PeerManager` knows: its rate and what of it is being worked on.
struct Link: Sendable {
    var bucket: TokenBucket
    /// The address that its socket shows.
    let remote: Endpoint
    /// The address of the identity key that the handshake named: signed messages must recover to it.
    var nodeID: Address?
    /// Whether the handshake was accepted: gossip and sync know the peer.
    var isReady = false
    var speaksBatches = false
    var speaksPing = false
    /// Transactions of this peer that wait for a verdict, and the bytes of their payloads.
    var uncheckedTransactions = 0
    var uncheckedBytes = 0
    /// Block requests of this peer that wait for their turn, the oldest first. With the one that is being answered at most
    /// `CoreLimits.openBlockRequestsPerPeer`.
    var requests: Deque<BlockRequest> = []
    /// Whether the shell has one of its requests.
    var isBeingAnswered = false
    /// Since when the write queue is above its high-water mark.
    var congestedSince: Nanoseconds?
    /// Whether the shell was told not to read.
    var isPaused = false
    /// When tokens will be back, while that is what it is paused for.
    var tokenTime: Nanoseconds?
    /// Since when it is not read because it has no tokens.
    var throttledSince: Nanoseconds?
    var traffic = Traffic()

    init(remote: Endpoint, rate: Int, burst: Int, at now: Moment) {
        self.remote = remote
        bucket = TokenBucket(rate: rate, burst: burst, at: now.uptime)
    }

    /// Block requests that are not answered yet.
    var openBlockRequests: Int { requests.count + (isBeingAnswered ? 1 : 0) }

    /// When a tick must look at this link.
    var resumeTime: Nanoseconds? {
        [tokenTime, congestedSince.map { $0 + CoreLimits.slowReaderPatience }].compactMap { $0 }.min()
    }
}

extension ProtocolCore {
    /// Whether something other than the rate holds the peer back. Each of these reasons ends by an event of its own, after
    /// which `resumeIfFree` looks again: verdicts, answers, a drained socket.
    func isHeldBack(_ link: Link) -> Bool {
        link.congestedSince != nil
            || link.openBlockRequests >= CoreLimits.openBlockRequestsPerPeer
            || link.uncheckedTransactions >= CoreLimits.uncheckedTransactionsPerPeer
            || link.uncheckedBytes >= CoreLimits.uncheckedBytesPerPeer
            || (uncheckedBytes >= CoreLimits.uncheckedBytes && link.uncheckedBytes > 0)
    }

    /// A frame of this connection was taken: charges it, and says whether the next one may be taken too. When not, the shell
    /// stops there and pauses the socket until `resumeReading`; nothing is lost (`protocol.md`, "Rates and limits").
    public mutating func frameTaken(_ id: PeerID, at now: Moment, into effects: inout [CoreEffect]) -> Bool {
        guard var link = links[id] else { return false }
        _ = link.bucket.take(at: now.uptime)
        let hasTokens = link.bucket.available(at: now.uptime) > 0
        if hasTokens, !link.isPaused, !isHeldBack(link) {
            links[id] = link
            return true
        }
        if !hasTokens {
            // Asking for one more starts the clock of the excess.
            _ = link.bucket.take(at: now.uptime)
            link.throttledSince = link.throttledSince ?? now.uptime
            link.tokenTime = link.bucket.nextTokenTime(min(CoreLimits.tokensToResume, link.bucket.burst), at: now.uptime)
        }
        if !link.isPaused {
            link.isPaused = true
            counters.throttles += 1
        }
        pausedLinks.insert(id)
        links[id] = link
        return false
    }

    /// A write to this peer was refused because its queue is full.
    public mutating func slowReader(_ id: PeerID, at now: Moment, into effects: inout [CoreEffect]) {
        guard links[id] != nil else { return }
        peers.penalize(id, .slowReader, at: now, into: &peerEffects)
        settle(at: now, into: &effects)
    }

    /// The shell's write queue to this peer rose above its high-water mark, or fell to the low one.
    public mutating func setCongested(_ id: PeerID, _ isCongested: Bool, at now: Moment, into effects: inout [CoreEffect]) {
        guard var link = links[id] else { return }
        transactions.peerWritable(id, !isCongested, at: now, into: &gossipEffects)
        defer { settle(at: now, into: &effects) }
        if isCongested {
            link.congestedSince = link.congestedSince ?? now.uptime
            if !link.isPaused {
                link.isPaused = true
                effects.append(.pauseReading(id))
            }
            pausedLinks.insert(id)
            links[id] = link
        } else {
            link.congestedSince = nil
            links[id] = link
            answerNext(id, into: &effects)
            resumeIfFree(id, at: now, into: &effects)
        }
    }

    /// The shell holds back a connection for a reason of its own and does not read it: its silence says nothing.
    public mutating func notRead(_ id: PeerID, at now: Moment) {
        peers.bytesReceived(id, at: now)
    }

    /// Reads paused links again whose reason is gone, and drops those that were over a limit for too long.
    mutating func resumeLinks(at now: Moment, into effects: inout [CoreEffect]) {
        for id in pausedLinks.sorted() {
            guard var link = links[id] else {
                pausedLinks.remove(id)
                continue
            }
            if let since = link.congestedSince, now.uptime - since >= CoreLimits.slowReaderPatience {
                peers.penalize(id, .slowReader, at: now, into: &peerEffects)
                continue
            }
            if link.bucket.excess(at: now.uptime) >= configuration.rateLimitPatience {
                links[id] = link
                peers.penalize(id, .rateLimitExceeded, at: now, into: &peerEffects)
                continue
            }
            links[id] = link
            resumeIfFree(id, at: now, into: &effects)
        }
    }

    mutating func resumeIfFree(_ id: PeerID, at now: Moment, into effects: inout [CoreEffect]) {
        guard var link = links[id], link.isPaused, !isHeldBack(link) else { return }
        if let tokenTime = link.tokenTime, tokenTime > now.uptime { return }
        counters.throttled += link.throttledTime(at: now)
        link.isPaused = false
        link.tokenTime = nil
        link.throttledSince = nil
        links[id] = link
        pausedLinks.remove(id)
        effects.append(.resumeReading(id))
    }
}
