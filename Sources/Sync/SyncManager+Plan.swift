internal import DequeModule
internal import Network
internal import Primitives

// Consequences for the plan: what is given back, thrown away and held against a peer.
extension SyncManager {
    /// Gives the segments that wait for this peer back to be asked for elsewhere. Its late answers are still taken where
    /// nobody was faster.
    mutating func releaseRequests(of id: PeerID, where matches: (SyncSegment) -> Bool = { _ in true }) {
        for index in segments.indices where segments[index].isRequested(from: id) && matches(segments[index]) {
            segments[index].state = .wanted
            segments[index].avoid(id)
        }
    }

    /// The peer answers again: what it still owes and nobody else was asked for meanwhile is its own again.
    mutating func resumeRequests(of id: PeerID) {
        guard let peer = peers.position(of: id), !peers[peer].isBad else { return }
        for request in peers[peer].outstanding {
            guard let index = segmentIndex(request.segment) else { continue }
            if segments[index].isWanted { segments[index].state = .requested(id) }
        }
    }

    /// Reports the peer and never asks it again; all that it brought and is not applied is discarded.
    mutating func endUse(of id: PeerID, because fault: SyncFault, into effects: inout [SyncEffect]) {
        effects.append(.fault(id, fault))
        discardAnswers(into: &effects) { $0.answer?.peer == id && !$0.isApplying }
        releaseRequests(of: id)
        if let index = peers.position(of: id) { peers[index].isBad = true }
    }

    /// Turns matching segments whose answers the worker holds back into wanted ones.
    mutating func discardAnswers(into effects: inout [SyncEffect], where matches: (SyncSegment) -> Bool) {
        for index in segments.indices {
            guard let answer = segments[index].answer, matches(segments[index]) else { continue }
            effects.append(.discard(answer.ticket))
            segments[index] = newSegment(segments[index].first, segments[index].last, avoid: segments[index].avoid + [answer.peer])
        }
    }

    /// The peer said that it has this range and has not.
    mutating func deliveredNothing(_ id: PeerID, of range: HeightRange, at now: Moment, into effects: inout [SyncEffect]) {
        guard let index = peers.position(of: id), peers[index].believedClaim >= range.first else { return }
        if isFreshClaim(id, at: now), !peers[index].hasUsedGrace {
            peers[index].hasUsedGrace = true
            peers[index].pausedUntil = now.uptime + configuration.claimPause
            return
        }
        effects.append(.fault(id, .heightLie(claimed: peers[index].claim, missing: range.first)))
        peers[index].ceiling = (range.first - 1, now.uptime + configuration.markDuration)
        releaseRequests(of: id) { $0.first >= range.first }
    }

    /// Whether the peer raised its claim so lately that the block may not be on its disk yet.
    func isFreshClaim(_ id: PeerID, at now: Moment) -> Bool {
        guard let index = peers.position(of: id), let raised = peers[index].claimRaisedAt else { return false }
        return now.uptime - raised < configuration.claimGrace
    }

    /// Drops what the chain has by now. Segments in the worker stay until it answers: it skips what it has.
    mutating func dropBelowHead(into effects: inout [SyncEffect]) {
        for segment in segments where segment.last <= height && !segment.isApplying {
            if let answer = segment.answer { effects.append(.discard(answer.ticket)) }
        }
        segments.removeAll { $0.last <= height && !$0.isApplying }
        for index in segments.indices where segments[index].first <= height && !segments[index].isApplying {
            segments[index].first = height + 1
        }
    }

    /// Drops the end of the plan where nobody claims to have it any more; it is planned again when somebody does.
    mutating func dropUnclaimed() {
        let reach = peers.lazy.filter { !$0.isBad }.map(\.reach).max() ?? 0
        while let last = segments.last, last.isWanted, last.first > reach { segments.removeLast() }
    }

    /// Hands the ready segments at the head to the worker, in order.
    mutating func applyReady(into effects: inout [SyncEffect]) {
        for index in segments.indices.prefix(configuration.applyingRanges) {
            switch segments[index].state {
            case .applying: continue
            case .ready(let answer):
                segments[index].state = .applying(answer)
                effects.append(.apply(answer.ticket))
            case .wanted, .requested, .preparing: return
            }
        }
    }
}
