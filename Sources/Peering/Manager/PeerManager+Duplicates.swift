internal import Network
internal import Primitives
internal import Wire

/// One connection to a node.
///
/// Two nodes that dial each other at once make two connections and see their handshakes in different orders. If each
/// side chose by what it saw first, both could close what the other keeps; and any rule with a time window has a moment
/// at which the two sides stand on different sides of it. So **one side decides**: the one with the lower identity (of
/// `NodeID`, else of `Nonce`), which both know from the handshakes. It keeps the connection that was ready there first
/// and closes the other as soon as that has shaken hands. The other side uses both until then.
///
/// * A signed identity is worth more than a claimed one: the signed connection stays, on both sides.
/// * A connection that we dialled is worth more than an unsigned one that came in: we know where it leads.
/// * Another `Nonce` with the same identity is a node that was restarted, or a liar; and a peer without `Nonce` knows
///   nothing of this rule. Then the older connection is probed at once: if it gives no sign of life until
///   `PeeringLimits.contestGrace` has passed, the newer one stays, else the older.
/// * The side that does not decide waits for the same time and then decides for itself in the same way.
extension PeerManager {
    enum IdentityVerdict {
        case alone
        /// The connection is one too many.
        case refused
        /// Which one stays is open.
        case contested(PeerInfo.Contest)
    }

    mutating func settleIdentity(of newcomer: PeerInfo, at now: Nanoseconds, into effects: inout [PeerEffect]) -> IdentityVerdict {
        let siblings = peers.siblings(of: newcomer)
        guard let oldest = siblings.first else { return .alone }
        if newcomer.isSigned != oldest.isSigned {
            if oldest.isSigned { return .refused }
            return displace(siblings, at: now, into: &effects)
        }
        if newcomer.isSameProcess(as: oldest), weDecide(about: newcomer) {
            guard isPreferred(newcomer, to: oldest) else { return .refused }
            return displace(siblings, at: now, into: &effects)
        }
        guard siblings.count < PeeringLimits.maxRivals else { return .refused }
        probe(oldest.id, at: now, into: &effects)
        return .contested(.init(since: now, until: now + PeeringLimits.contestGrace))
    }

    private mutating func displace(_ siblings: [PeerInfo], at now: Nanoseconds, into effects: inout [PeerEffect]) -> IdentityVerdict {
        for sibling in siblings { close(sibling.id, .duplicateConnection, at: now, into: &effects) }
        return .alone
    }

    /// Whether a newer connection to the same process is better than the older one, signatures being equal.
    private func isPreferred(_ newer: PeerInfo, to older: PeerInfo) -> Bool {
        !newer.isSigned && !newer.direction.isInbound && older.direction.isInbound
    }

    /// Whether this side has the lower identity. Both sides come to opposite answers.
    private func weDecide(about peer: PeerInfo) -> Bool {
        let local = configuration.local
        if let own = local.nodeID, let other = peer.nodeID { return own < other }
        guard let nonce = peer.handshake?.nonce else { return true }
        return local.nonce < nonce
    }

    /// When the connection that held the slot is gone, the oldest of the others takes it.
    mutating func promoteSibling(of gone: PeerInfo) {
        guard let heir = peers.siblings(of: gone).first(where: \.isContested) else { return }
        peers.update(heir.id) { $0.endContest() }
    }

    /// Nobody contests the connection any more: it takes a slot, if there is one.
    private mutating func takeSlot(_ id: PeerID, at now: Nanoseconds, into effects: inout [PeerEffect]) {
        if peers.slotsTaken < configuration.maxPeers {
            peers.update(id) { $0.endContest() }
        } else {
            close(id, .tooManyPeers, at: now, into: &effects)
        }
    }

    mutating func settleContests(_ due: [PeerID], at now: Nanoseconds, into effects: inout [PeerEffect]) {
        for id in due {
            guard let peer = peers[id], let contest = peer.contest, contest.until <= now else { continue }
            guard let holder = peers.siblings(of: peer).first(where: { !$0.isContested }) else {
                takeSlot(id, at: now, into: &effects)
                continue
            }
            let isHolderAlive = holder.lastHeard >= contest.since
            if isHolderAlive, !isPreferred(peer, to: holder) {
                close(id, .duplicateConnection, at: now, into: &effects)
            } else {
                close(holder.id, isHolderAlive ? .duplicateConnection : .livenessTimeout, at: now, into: &effects)
            }
        }
    }
}
