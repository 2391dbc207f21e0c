internal import Gossip
public import Network
internal import Peering
public import Primitives

/// When a peer is read and when it is not. The rules stand above `LinkTable`.
extension ProtocolCore {
    /// A frame of this connection was taken: charges it, and says whether the next one may be taken too. When not, the shell
    /// stops there and pauses the socket until `resumeReading`; nothing is lost (`protocol.md`, "Rates").
    public mutating func frameTaken(_ id: PeerID, at now: Moment, into effects: inout [CoreEffect]) -> Bool {
        switch links.frameTaken(id, at: now.uptime) {
        case .next: return true
        case .stopped: return false
        case .stop:
            counters.throttles += 1
            return false
        }
    }

    /// A write to this peer was refused because its queue is full.
    public mutating func slowReader(_ id: PeerID, at now: Moment, into effects: inout [CoreEffect]) {
        guard links.contains(id) else { return }
        peers.penalize(id, .slowReader, at: now, into: &peerEffects.waiting)
        settle(at: now, into: &effects)
    }

    /// The shell's write queue to this peer rose above its high-water mark, or fell to the low one.
    public mutating func setCongested(_ id: PeerID, _ isCongested: Bool, at now: Moment, into effects: inout [CoreEffect]) {
        guard links.contains(id) else { return }
        transactions.peerWritable(id, !isCongested, at: now, into: &gossipEffects.waiting)
        defer { settle(at: now, into: &effects) }
        if isCongested {
            if links.congested(id, at: now.uptime) { effects.append(.pauseReading(id)) }
        } else {
            links.drained(id)
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
        var place = 0
        while place < links.paused.count {
            let id = links.paused[place]
            if let fault = links.overdue(id, patience: configuration.rateLimitPatience, at: now.uptime) {
                peers.penalize(id, fault, at: now, into: &peerEffects.waiting)
            } else {
                resumeIfFree(id, at: now, into: &effects)
            }
            // One that is read again has left the list, and the next stands in its place.
            if place < links.paused.count, links.paused[place] == id { place += 1 }
        }
    }

    mutating func resumeIfFree(_ id: PeerID, at now: Moment, into effects: inout [CoreEffect]) {
        if links.resumeIfFree(id, at: now) { effects.append(.resumeReading(id)) }
    }

    /// For how long peers were not read because of their message rate, over all peers and up to now, in nanoseconds. Linear in the
    /// peers that are held back at the moment.
    public func throttledTime(at now: Moment) -> Nanoseconds { links.throttledTime(at: now) }
}
