internal import DequeModule
internal import Network
public import Primitives

// Waits and what ends them.
extension SyncManager {
    /// Does what is due. Call it at `nextDeadline`; more often is harmless.
    public mutating func tick(at now: Moment, into effects: inout [SyncEffect]) {
        let time = now.uptime
        for index in peers.indices {
            if let ceiling = peers[index].ceiling, ceiling.until <= time { peers[index].ceiling = nil }
            if let fork = peers[index].fork, fork.until <= time { peers[index].fork = nil }
            if let until = peers[index].pausedUntil, until <= time { peers[index].pausedUntil = nil }
        }
        for index in peers.indices where !peers[index].isBad && !peers[index].outstanding.isEmpty {
            checkHead(of: index, at: now, into: &effects)
        }
        if isSyncing, rate.isReportDue(at: time, interval: configuration.progressInterval) {
            rate.measure(height: height, at: time)
            effects.append(.progress(progress))
        }
        advance(at: now, into: &effects)
    }

    /// The earliest of all waits. Computed once per event, because the shell asks after every message of any kind.
    func earliestDeadline() -> Nanoseconds? {
        var next = pausedUntil
        func consider(_ time: Nanoseconds?) {
            if let time { next = min(next ?? time, time) }
        }
        for index in peers.indices where !peers[index].isBad {
            let peer = peers[index]
            consider(peer.ceiling?.until)
            consider(peer.fork?.until)
            consider(peer.pausedUntil)
            guard let head = peer.outstanding.first else { continue }
            consider(stallDeadline(of: peer))
            if !peer.isOverdue { consider(overdueDeadline(of: peer, head)) }
        }
        consider(hedge()?.deadline)
        if isSyncing { consider(rate.measuredAt + configuration.progressInterval) }
        return next
    }

    private mutating func checkHead(of index: Int, at now: Moment, into effects: inout [SyncEffect]) {
        let (peer, time) = (peers[index], now.uptime)
        guard let head = peer.outstanding.first else { return }
        if stallDeadline(of: peer) <= time {
            return endUse(of: peer.id, because: .stalled(head.range), into: &effects)
        }
        if !peer.isOverdue, overdueDeadline(of: peer, head) <= time {
            effects.append(.fault(peer.id, .slow(head.range)))
            peers[index].isOverdue = true
            peers[index].blocksPerSecond = peer.blocksPerSecond.map { $0 / 2 }
            // What it owes behind the head cannot come sooner.
            releaseRequests(of: peer.id)
        }
    }

    /// From when on the head's answer is overdue: a round trip and the time for its bytes, or a while without bytes.
    private func overdueDeadline(of peer: SyncPeer, _ head: OutstandingRequest) -> Nanoseconds {
        let bytes = Double(head.range.count) * blockBytes
        let transfer = min(bytes * 1e9 / Double(configuration.slowestBytesPerSecond), Double(configuration.stallTimeout))
        let deadline = peer.headSince + configuration.requestTimeout + Nanoseconds(transfer)
        return max(deadline, (peer.headBytesAt ?? peer.headSince) + configuration.requestTimeout)
    }

    /// When patience with the head ends. Bytes that come prolong it, at the slowest rate that is let pass.
    private func stallDeadline(of peer: SyncPeer) -> Nanoseconds {
        let transfer = Double(peer.headBytes) * 1e9 / Double(configuration.slowestBytesPerSecond)
        return peer.headSince + configuration.stallTimeout + Nanoseconds(min(transfer, 1e15))
    }

    /// The segment that everything waits for and when it should be asked for from one more peer, if one has a free slot.
    /// Each further peer is given twice as long as the one before, so four at most owe the same range.
    private func hedge() -> (segment: Int, deadline: Nanoseconds)? {
        guard let lowest = segments.firstIndex(where: { $0.isOpen }), case .requested(let id) = segments[lowest].state,
            let owing = peers.position(of: id), let place = peers[owing].place(of: segments[lowest].id),
            let other = otherPeer(for: lowest, at: .max)
        else { return nil }
        let owed = peers.count { $0.hasRequest(for: segments[lowest].id) }
        guard owed <= configuration.hedges else { return nil }
        let count = Double(peers[owing].outstanding[place].range.count)
        let usual = bestRate.map { count * 3e9 / $0 } ?? Double(configuration.firstHedgeDelay)
        let delay = max(configuration.hedgeDelay, Nanoseconds(min(usual, Double(configuration.stallTimeout))))
        let since = max(peers[owing].headSince, peers[owing].outstanding[place].sentAt)
        let factor = Nanoseconds(place + 1) << Nanoseconds(owed - 1)
        return (lowest, max(since + delay * factor, peers[other].pausedUntil ?? 0))
    }

    private func otherPeer(for segment: Int, at time: Nanoseconds) -> Int? {
        guard case .requested(let id) = segments[segment].state else { return nil }
        let avoid = segments[segment].avoid + [id]
        let other = choosePeer(for: segments[segment].first, segment: segments[segment].id, avoiding: avoid, at: time)
        return other.flatMap { avoid.contains(peers[$0].id) ? nil : $0 }
    }

    /// Gives the segment that everything waits for to one more peer, when it is time. The first keeps its request and its
    /// name: the answer that comes first is taken.
    mutating func checkHedge(at now: Moment) {
        guard let (segment, deadline) = hedge(), deadline <= now.uptime, otherPeer(for: segment, at: now.uptime) != nil,
            case .requested(let id) = segments[segment].state
        else { return }
        if let peer = peers.position(of: id) { peers[peer].isLate = true }
        segments[segment].avoid(id)
        segments[segment].state = .wanted
    }
}
