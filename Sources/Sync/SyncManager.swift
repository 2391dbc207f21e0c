internal import DequeModule
public import Network
public import Primitives

/// Batch synchronisation: which blocks to ask whom for, in which order to apply them, and what to hold against a peer.
///
/// A plan of segments covers the heights from the head upwards without holes. Ranges of 100 are asked for from all peers
/// that have them, in proportion to how fast each has been; answers go to the chain worker, which splits, decodes and
/// checks them side by side (`prepare`), and are applied strictly in order. A peer that stalls, answers short, lies
/// about its height or sends a bad block loses the range to another and is reported.
///
/// Which range is asked of whom:
/// 1. The lowest range that is missing first, then those above it up to what somebody claims, as far as the bounds allow: blocks are
///    applied in order, so what is low is of use soonest.
/// 2. The range that everything waits for is asked for even where the bounds leave no room for another. Nothing behind it may hold
///    it up.
/// 3. Of the peers that have the first block, have a free slot and owe no late answer, the one with the least share is asked: the
///    heights asked of it so far, divided by how fast it delivers. So all are used as they can bear it, and a slow one is measured
///    again now and then, since its weight is a sixteenth of the best at least. A newcomer counts as the best until it is measured.
/// 4. A range that one peer has lost goes to the fastest instead: it is late already. Who lost it is asked again only when nobody
///    else has it.
/// 5. An answer is overdue after a round trip and the time for its bytes; then the range is given to another, and the late answer is
///    still taken where nobody was faster. Patience ends after `stallTimeout`, prolonged by the bytes that come.
/// 6. The range that everything waits for is asked of a second peer, and then of further ones, after a few times what it usually
///    takes (`hedges`): four peers that stall at once are needed to hold the sync up for longer than seconds.
///
/// What is believed, and what is held against a peer:
/// 7. A claim counts until the peer cannot deliver, and at once only where it is not higher than a chain of this genesis can be.
///    After a lie it is cut to what was there, for `markDuration`. A claim that is younger than `claimGrace` is forgiven once: the
///    block may not be on the peer's disk yet.
/// 8. Claims of strangers call the node behind only when they outnumber the others, or came from a peer that has delivered
///    (`refreshTarget`): one liar must not make a node at the head call itself syncing.
/// 9. Who sends what is no run of blocks, or a bad one, or answers what nobody asked, or never answers, is asked nothing more, and
///    what it brought and was not applied is fetched anew. A peer on another chain is left alone for `markDuration`: it may change.
/// 10. What the worker could not apply without a peer's fault is asked for again after `faultlessPause`.
///
/// A plain value: every call takes the time and appends what the shell has to do. Costs are linear in peers and segments and
/// nothing is done per block, but that a block of a peer whose claim it only confirms costs nothing beside.
///
/// Bounds: `SyncConfiguration.windowRanges` requests in flight, `heldRanges` and `heldBytes` of answers; per peer one
/// record and at most `requestsPerPeer` requests. Peers themselves are bounded by `max_peers`.
///
/// What the shell owes: calls in the order of events, `headMoved` for a new head before anything that asks for blocks; each
/// `prepare` and `apply` answered once; `tick` at `nextDeadline`.
public struct SyncManager: Sendable {
    /// The bounds as they are in force.
    public let configuration: SyncConfiguration
    /// The height of the last applied block.
    public internal(set) var height: UInt64
    /// Whether the gap passed the threshold and has not been closed since.
    public internal(set) var isSyncing = false
    /// The height that the node is on its way to: see `refreshTarget`.
    public internal(set) var target: UInt64

    /// When `tick` has something to do next, as an uptime; `nil` while only events can bring something.
    public internal(set) var nextDeadline: Nanoseconds?

    /// In order of arrival.
    var peers = PeerArray<SyncPeer>()
    /// By height, without holes or overlaps. The first begins at `height + 1` unless it is being applied.
    var segments: [SyncSegment] = []
    var lastSegmentID: UInt64 = 0
    var lastTicket: UInt64 = 0
    /// The fair share at which the last range was given out: a peer that had nothing to offer joins here.
    var shareNow = 0.0
    /// Bytes a block takes in an answer, smoothed.
    var blockBytes: Double
    /// Nothing is asked for or applied before this: the worker refused without a peer's fault.
    var pausedUntil: Nanoseconds?
    var rate: AppliedRate

    /// A manager at the chain's head `height`, without peers.
    public init(configuration: SyncConfiguration = SyncConfiguration(), height: UInt64, at now: Moment) {
        self.configuration = configuration.clamped()
        self.height = height
        target = height
        blockBytes = Double(max(configuration.assumedBlockBytes, 1))
        rate = AppliedRate(height: height, at: now.uptime)
    }

    // MARK: Peers

    /// A peer has shaken hands and said that it has `claim` blocks.
    public mutating func peerReady(_ id: PeerID, height claim: UInt64, at now: Moment, into effects: inout [SyncEffect]) {
        guard !peers.contains(id) else { return peerHeight(id, height: claim, at: now, into: &effects) }
        var peer = SyncPeer(id: id, claim: 0)
        // A newcomer neither owes nor is owed anything.
        peer.share = shareNow
        peers.insert(peer)
        takeClaim(claim, from: peers.count - 1, at: now, into: &effects)
        advance(at: now, into: &effects)
    }

    /// What a peer says about its best height (a ping): believed until it cannot deliver. It may be lower than before.
    public mutating func peerHeight(_ id: PeerID, height claim: UInt64, at now: Moment, into effects: inout [SyncEffect]) {
        guard let index = peers.position(of: id), claim != peers[index].claim else { return }
        if claim > peers[index].claim { peers[index].claimRaisedAt = now.uptime }
        takeClaim(claim, from: index, at: now, into: &effects)
        advance(at: now, into: &effects)
    }

    /// A peer has relayed a block of this height, valid or not, and so says that it has all blocks below: more than a
    /// number in a ping, hence it ends the time for which its claims are cut after a lie. Call `headMoved` first where
    /// the block was applied, and do not call it while the block is in validation, or it is asked for once more.
    public mutating func peerHasBlock(_ id: PeerID, height claim: UInt64, at now: Moment, into effects: inout [SyncEffect]) {
        guard let index = peers.position(of: id), claim > peers[index].believedClaim else { return }
        let wasCut = peers[index].ceiling != nil
        peers[index].ceiling = nil
        peers[index].claimRaisedAt = now.uptime
        takeClaim(claim, from: index, at: now, into: &effects)
        // A peer that comes up to where we are has nothing to offer: with each new block many do.
        guard wasCut || claim > height else { return }
        advance(at: now, into: &effects)
    }

    /// The connection is gone: what it owed is asked for elsewhere, what it brought is kept.
    public mutating func peerGone(_ id: PeerID, at now: Moment, into effects: inout [SyncEffect]) {
        guard peers.remove(id) != nil else { return }
        releaseRequests(of: id)
        for index in segments.indices { segments[index].avoid.removeAll { $0 == id } }
        advance(at: now, into: &effects)
    }

    private mutating func takeClaim(_ claim: UInt64, from index: Int, at now: Moment, into effects: inout [SyncEffect]) {
        guard isPlausible(claim, at: now) else {
            peers[index].claim = 0
            peers[index].ceiling = (0, now.uptime + configuration.markDuration)
            effects.append(.fault(peers[index].id, .impossibleHeight(claim)))
            return
        }
        peers[index].claim = claim
    }

    /// Whether a chain of this genesis can be this high: it has at most one block a second.
    private func isPlausible(_ claim: UInt64, at now: Moment) -> Bool {
        guard let genesis = configuration.genesisTimestamp else { return true }
        let (age, overflow) = now.unixSeconds.subtractingReportingOverflow(genesis)
        guard !overflow else { return true }
        return claim <= UInt64(max(age, 0)) + SyncConfiguration.plausibilitySlack
    }

    // MARK: The chain

    /// The head moved otherwise than by `apply`: a block came by gossip or was produced here, or blocks were undone.
    /// After an undo everything that is held is discarded, because it belongs to a chain that we have left.
    public mutating func headMoved(to newHeight: UInt64, hasUndone: Bool, at now: Moment, into effects: inout [SyncEffect]) {
        if hasUndone {
            discardAnswers(into: &effects) { _ in true }
            segments.removeAll()
            for index in peers.indices where peers[index].fork != nil { peers[index].fork = nil }
        }
        height = newHeight
        dropBelowHead(into: &effects)
        advance(at: now, into: &effects)
    }

    // MARK: Shared by the parts

    func segmentIndex(_ id: UInt64) -> Int? { segments.firstIndex { $0.id == id } }

    func segmentIndex(_ ticket: SyncTicket) -> Int? { segments.firstIndex { $0.answer?.ticket == ticket } }

    mutating func newSegment(_ first: UInt64, _ last: UInt64, avoid: [PeerID] = []) -> SyncSegment {
        lastSegmentID += 1
        return SyncSegment(id: lastSegmentID, first: first, last: last, avoid: avoid)
    }

    /// After every event: hand out what is ready, ask for what is missing, see whether the node has arrived.
    mutating func advance(at now: Moment, into effects: inout [SyncEffect]) {
        if let until = pausedUntil, until <= now.uptime { pausedUntil = nil }
        refreshTarget(at: now, into: &effects)
        if pausedUntil == nil {
            applyReady(into: &effects)
            checkHedge(at: now)
            requestMissing(at: now, into: &effects)
        }
        nextDeadline = earliestDeadline()
    }
}
