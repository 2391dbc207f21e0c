public import Network
public import Primitives

/// Faults, scores and bans.
///
/// A score belongs to the address, so that hanging up does not wipe it out. Exempt addresses and bootstrap peers
/// are disconnected for their faults but never banned: a ban of the loopback or of the only way into the network
/// would hurt nobody but us.
extension PeerManager {
    /// A peer did wrong. Closes the connection where the fault or the sum of them demands it.
    public mutating func penalize(_ id: PeerID, _ fault: PeerFault, at moment: Moment, into effects: inout [PeerEffect]) {
        guard peers[id] != nil else { return }
        let isOver = charge(id, fault.score, at: moment.uptime, into: &effects)
        if let reason = fault.disconnectReason ?? (isOver ? .misbehaviour : nil) {
            close(id, reason, at: moment.uptime, into: &effects)
        }
        if isOver { closeBanned(at: moment.uptime, into: &effects) }
    }

    /// Closes for a fault of the handshake, which weighs as a violation.
    mutating func closeForFault(_ id: PeerID, _ reason: DisconnectReason, at now: Nanoseconds, into effects: inout [PeerEffect]) {
        let isOver = charge(id, PeerFault.violationScore, at: now, into: &effects)
        close(id, reason, at: now, into: &effects)
        if isOver { closeBanned(at: now, into: &effects) }
    }

    /// Adds to a peer's score. Returns whether that filled it.
    private mutating func charge(_ id: PeerID, _ score: Int, at now: Nanoseconds, into effects: inout [PeerEffect]) -> Bool {
        guard score > 0, let peer = peers[id] else { return false }
        guard let address = peer.remote.address, !configuration.isExempt(address), !peer.isBootstrap, !isBootstrapDial(peer) else {
            peers.update(id) { $0.ownScore += score }
            return peer.ownScore + score >= PeeringLimits.banScore
        }
        guard let duration = offences.add(score, to: address, at: now) else { return false }
        effects.append(.fact(.banned(address.limitKey, duration: duration)))
        return true
    }

    /// Whether we dialled a bootstrap peer that has not shaken hands yet.
    private func isBootstrapDial(_ peer: PeerInfo) -> Bool {
        peer.direction.dialled.map(dialling.bootstrap.contains) ?? false
    }

    /// Closes what else is connected from banned addresses.
    private mutating func closeBanned(at now: Nanoseconds, into effects: inout [PeerEffect]) {
        for id in peers.ids {
            guard let peer = peers[id], let address = peer.remote.address, !peer.isBootstrap, !isBootstrapDial(peer) else { continue }
            guard !configuration.isExempt(address), offences.isBanned(address, at: now) else { continue }
            close(id, .banned, at: now, into: &effects)
        }
    }

    /// The faults that count against a connection now; `PeeringLimits.banScore` is the end.
    public func score(of id: PeerID, at moment: Moment) -> Int {
        guard let peer = peers[id] else { return 0 }
        return peer.ownScore + (peer.remote.address.map { offences.score(of: $0, at: moment.uptime) } ?? 0)
    }
}
