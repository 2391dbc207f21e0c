internal import DequeModule
package import Network
internal import Primitives

/// Applied blocks a second, smoothed over the progress reports.
struct AppliedRate: Hashable {
    private(set) var measuredAt: Nanoseconds
    private(set) var blocksPerSecond = 0.0
    private var measuredHeight: UInt64
    private var hasSample = false

    init(height: UInt64, at time: Nanoseconds) {
        measuredHeight = height
        measuredAt = time
    }

    /// Begins anew, when a sync starts.
    mutating func restart(height: UInt64, at time: Nanoseconds) {
        self = AppliedRate(height: height, at: time)
    }

    func isReportDue(at time: Nanoseconds, interval: Nanoseconds) -> Bool { time - measuredAt >= interval }

    /// Takes a sample of the time since the last one. The newest has a third of the weight.
    mutating func measure(height: UInt64, at time: Nanoseconds) {
        guard time > measuredAt else { return }
        let blocks = height > measuredHeight ? Double(height - measuredHeight) : 0
        let sample = blocks * 1e9 / Double(time - measuredAt)
        blocksPerSecond = hasSample ? blocksPerSecond + (sample - blocksPerSecond) / 3 : sample
        (hasSample, measuredHeight, measuredAt) = (true, height, time)
    }
}

extension SyncManager {
    /// Height, target, rate and time left.
    public var progress: SyncProgress {
        let rate = rate.blocksPerSecond
        let missing = target > height ? Double(target - height) : 0
        // 1e18 ns are 31 years: beyond what is worth saying.
        let remaining = rate > 0 && missing / rate < 1e9 ? Nanoseconds(missing / rate * 1e9) : nil
        return SyncProgress(height: height, target: target, blocksPerSecond: rate, remaining: remaining)
    }

    /// Everything at a glance. Linear in peers and segments.
    public var status: SyncStatus {
        let answers = segments.compactMap(\.answer)
        return SyncStatus(
            progress: progress, isSyncing: isSyncing,
            highestClaim: peers.lazy.filter { !$0.isBad }.map(\.believedClaim).max() ?? 0,
            requestsInFlight: peers.reduce(0) { $0 + $1.outstanding.count },
            rangesHeld: answers.count, bytesHeld: answers.reduce(0) { $0 + $1.byteCount },
            peers: peers.map { peer in
                SyncPeerStatus(
                    id: peer.id, height: peer.believedClaim, blocksDelivered: peer.blocksDelivered,
                    blocksPerSecond: peer.blocksPerSecond, requestsInFlight: peer.outstanding.count,
                    isUsed: !peer.isBad && !peer.isOverdue)
            })
    }

    /// Sees from the credible claims where the chain is, and whether the node is behind it.
    ///
    /// A claim above ours counts when its peer has delivered blocks, or when the peers that claim more outnumber those
    /// that do not: one stranger that claims 10^18 does not make a node at the head call itself syncing. The target shown
    /// is the second highest of these claims where there are two (a height that two peers vouch for), since one liar
    /// would make the percentage meaningless. Whether the node has arrived goes by the highest.
    ///
    /// Without any peer in good standing the last known target stays: the node waits, it has not arrived.
    mutating func refreshTarget(at now: Moment, into effects: inout [SyncEffect]) {
        var (ahead, level) = (0, 0)
        for peer in peers where peer.isOnOurChain && peer.ceiling == nil {
            if peer.claim > height { ahead += 1 } else { level += 1 }
        }
        guard peers.contains(where: \.isOnOurChain) else {
            target = max(target, height)
            return
        }
        var (highest, second) = (height, height)
        for peer in peers where peer.isOnOurChain {
            guard peer.isProven || (peer.ceiling == nil && ahead > level) else { continue }
            let claim = peer.believedClaim
            (highest, second) = claim > highest ? (claim, highest) : (highest, max(second, claim))
        }
        target = second > height ? second : highest
        let gap = highest - height
        if !isSyncing, gap > configuration.threshold {
            isSyncing = true
            rate.restart(height: height, at: now.uptime)
            effects.append(.started(target: target))
        } else if isSyncing, gap == 0 {
            isSyncing = false
            effects.append(.finished(height: height))
        }
    }

    // MARK: Tests

    /// Who may be asked for blocks, the first that came first.
    package var peerIDs: [PeerID] { peers.map(\.id) }

    /// What is left of a peer that has gone, or nothing. As the sender of a range that the worker holds it may still be named.
    package func remnants(of id: PeerID) -> [String] {
        (peers.contains(id) ? ["a record of it as a source"] : [])
            + segments.filter { $0.isRequested(from: id) }.map { "the request of segment \($0.id)" }
            + segments.filter { $0.avoid.contains(id) }.map { "a mark in segment \($0.id)" }
    }

    /// Sentences about what does not hold, for tests. Empty when all is well.
    public func checkInvariants() -> [String] {
        var broken = peers.checkInvariants()
        if nextDeadline ?? .max > earliestDeadline() ?? .max { broken.append("something is due before the next tick") }
        var below: UInt64?
        for segment in segments {
            if segment.first > segment.last { broken.append("segment \(segment.id) is empty") }
            if let below, segment.first &- 1 != below { broken.append("a hole or overlap before \(segment.first)") }
            if below == nil, !segment.isApplying, segment.first &- 1 != height {
                broken.append("the plan begins at \(segment.first), the tip is \(height)")
            }
            below = max(segment.last, height)
            if case .requested(let id) = segment.state, !(peers.contains { $0.id == id && !$0.isBad && $0.hasRequest(for: segment.id) }) {
                broken.append("segment \(segment.id) waits for \(id), which owes nothing")
            }
        }
        if Set(segments.map(\.id)).count != segments.count { broken.append("a segment id twice") }
        let inWorker = segments.prefix { $0.isApplying }.count
        if inWorker != segments.count(where: { $0.isApplying }) { broken.append("a segment is applied before the ones below") }
        if inWorker > configuration.applyingRanges { broken.append("\(inWorker) ranges in the worker") }
        let busy = segments.count { !$0.isWanted }
        if busy > configuration.heldRanges + configuration.applyingRanges + 1 { broken.append("\(busy) ranges in hand") }
        for peer in peers where peer.outstanding.count > configuration.requestsPerPeer + 1 {
            broken.append("\(peer.id) owes \(peer.outstanding.count) answers")
        }
        return broken
    }
}
