internal import DequeModule
internal import Network
internal import Primitives

// Whom to ask for what.
extension SyncManager {
    /// Asks for wanted segments from the lowest up, then for new ones beyond the plan, as far as the bounds allow.
    mutating func requestMissing(at now: Moment, into effects: inout [SyncEffect]) {
        dropUnclaimed()
        let lowest = segments.firstIndex { $0.isOpen }
        for index in segments.indices where segments[index].isWanted {
            // What everything waits for is never held up by what waits behind it.
            let isUrgent = index == lowest && index <= configuration.applyingRanges
            guard isUrgent || hasRoom(for: segments[index].count) else { return }
            let (first, id) = (segments[index].first, segments[index].id)
            guard let peer = choosePeer(for: first, segment: id, avoiding: segments[index].avoid, at: now.uptime) else { continue }
            request(index, from: peer, at: now, into: &effects)
        }
        while let first = nextHeight, hasRoom(for: batchCount) {
            guard let peer = choosePeer(for: first, segment: 0, avoiding: [], at: now.uptime) else { return }
            let last = HeightRange(first: first, count: batchCount).last
            segments.append(newSegment(first, min(last, peers[peer].reach)))
            request(segments.count - 1, from: peer, at: now, into: &effects)
        }
    }

    /// The first height beyond the plan.
    private var nextHeight: UInt64? {
        let end = max(segments.last?.last ?? height, height)
        return end == .max ? nil : end + 1
    }

    /// How many heights to ask for at once, so that an answer stays near `rangeBytes`.
    var batchCount: Int {
        min(configuration.batchCount, max(1, Int(Double(configuration.rangeBytes) / max(blockBytes, 1))))
    }

    /// Whether a further request of `count` heights stays within the window and the store.
    private func hasRoom(for count: Int) -> Bool {
        var inFlight = 0
        var held = 0
        var heldBytes = 0.0
        var comingBytes = Double(count) * blockBytes
        for segment in segments {
            if let answer = segment.answer {
                held += 1
                heldBytes += Double(answer.byteCount)
            } else if !segment.isWanted {
                inFlight += 1
                comingBytes += Double(segment.count) * blockBytes
            }
        }
        let limit = Double(configuration.heldBytes)
        guard inFlight < configuration.windowRanges, inFlight + held < configuration.heldRanges else { return false }
        return heldBytes + comingBytes <= limit || (inFlight < 2 && heldBytes < limit)
    }

    /// The peer whose turn it is among those that have the block: the one with the least share so far, a share being the
    /// heights asked for divided by how fast it delivers. A range that another peer has lost already goes to the fastest
    /// instead. Late peers come after the others; avoided ones only when no other could.
    func choosePeer(for first: UInt64, segment: UInt64, avoiding avoid: [PeerID], at time: Nanoseconds) -> Int? {
        var best: Int?
        var isOtherCapable = false
        for pass in [false, true] {
            if pass, best != nil || isOtherCapable { break }
            for index in peers.indices where avoid.contains(peers[index].id) == pass {
                let peer = peers[index]
                guard !peer.isBad, !peer.isOverdue, peer.reach >= first else { continue }
                isOtherCapable = true
                guard peer.isUsable(at: time), peer.outstanding.count < configuration.requestsPerPeer,
                    !peer.hasRequest(for: segment)
                else { continue }
                if let found = best, !goesBefore(peer, peers[found], isUrgent: !avoid.isEmpty) { continue }
                best = index
            }
        }
        return best
    }

    private func goesBefore(_ left: SyncPeer, _ right: SyncPeer, isUrgent: Bool) -> Bool {
        if left.isLate != right.isLate { return right.isLate }
        let rates = (left.blocksPerSecond ?? 0, right.blocksPerSecond ?? 0)
        if isUrgent, rates.0 != rates.1 { return rates.0 > rates.1 }
        let (a, b) = (max(left.share, shareNow), max(right.share, shareNow))
        if a != b { return a < b }
        if left.share != right.share { return left.share < right.share }
        return left.id < right.id
    }

    /// How much of the work a peer gets: its rate as a part of the best one's, but a sixteenth at least, so that it is
    /// measured again. A peer that has not been measured counts as the best.
    private func weight(of peer: SyncPeer) -> Double {
        guard let rate = peer.blocksPerSecond, let best = bestRate, best > 0 else { return 1 }
        return max(rate / best, 1.0 / 16)
    }

    /// Blocks a second of the fastest peer that is in use.
    var bestRate: Double? {
        peers.lazy.filter { !$0.isBad }.compactMap(\.blocksPerSecond).max()
    }

    /// Asks the peer for as much of the segment as it has and as fits into one answer.
    private mutating func request(_ segment: Int, from peer: Int, at now: Moment, into effects: inout [SyncEffect]) {
        let last = min(segments[segment].last, peers[peer].reach)
        let available = Int(clamping: last.subtracting(clamping: segments[segment].first)).adding(clamping: 1)
        let range = HeightRange(first: segments[segment].first, count: min(available, batchCount))
        segments[segment].state = .requested(peers[peer].id)
        let start = max(peers[peer].share, shareNow)
        shareNow = start
        peers[peer].share = start + Double(range.count) / weight(of: peers[peer])
        send(segments[segment].id, range, to: peer, at: now, into: &effects)
    }

    private mutating func send(
        _ segment: UInt64, _ range: HeightRange, to peer: Int, at now: Moment, into effects: inout [SyncEffect]
    ) {
        if peers[peer].outstanding.isEmpty { peers[peer].startHead(at: now.uptime) }
        peers[peer].outstanding.append(OutstandingRequest(segment: segment, range: range, sentAt: now.uptime))
        effects.append(.request(peers[peer].id, range, single: range.first == range.last))
    }
}
