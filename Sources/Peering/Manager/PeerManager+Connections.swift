public import Network
public import Primitives

/// Connections come and go.
extension PeerManager {
    // MARK: Events

    /// A socket was accepted; `remote` is the address that it shows. Answers with the handshake, or with `close`.
    public mutating func accepted(_ id: PeerID, from remote: Endpoint, at moment: Moment, into effects: inout [PeerEffect]) {
        let now = moment.uptime
        if let reason = refusal(of: remote, at: now) {
            refuse(id, reason, into: &effects)
            return
        }
        if peers.pendingInbound >= PeeringLimits.maxPendingInbound {
            guard let victim = pendingToDrop(for: remote) else {
                refuse(id, .tooManyPending, into: &effects)
                return
            }
            close(victim, .tooManyPending, at: now, into: &effects)
        }
        open(id, remote: remote, direction: .inbound, at: now, into: &effects)
    }

    /// A dial led to a connection. `remote` is the address that the socket shows.
    public mutating func dialSucceeded(
        _ endpoint: Endpoint, as id: PeerID, remote: Endpoint, at moment: Moment, into effects: inout [PeerEffect]
    ) {
        let now = moment.uptime
        guard let dial = dialling.end(endpoint) else {
            refuse(id, phase == .stopped ? .shutdown : .dialCancelled, into: &effects)
            return
        }
        wake(at: now)
        let isBarred = offences.isBannedByOperator(remote.address, at: now)
        if let reason = isBarred ? .banned : dial.isBootstrap ? nil : refusal(ofDialled: endpoint, remote: remote, at: now) {
            refuse(id, reason, into: &effects)
            noteDialFailure(of: dial, .ended(reason), at: now, into: &effects)
            return
        }
        open(id, remote: remote, direction: .outbound(endpoint), at: now, into: &effects)
    }

    /// A dial came to nothing, because of `failure`.
    public mutating func dialFailed(_ endpoint: Endpoint, _ failure: DialFailure, at moment: Moment, into effects: inout [PeerEffect]) {
        guard let dial = dialling.fail(endpoint) else { return }
        noteDialFailure(of: dial, .failed(failure), at: moment.uptime, into: &effects)
        wake(at: moment.uptime)
    }

    /// The connection ended by itself or by the shell, for `reason`. Unknown ids are ignored: they were closed here.
    public mutating func closed(_ id: PeerID, reason: DisconnectReason, at moment: Moment, into effects: inout [PeerEffect]) {
        forget(id, reason, at: moment.uptime, into: &effects)
    }

    /// Closes a connection for a reason of the caller's, an operator's wish for instance.
    public mutating func disconnect(_ id: PeerID, _ reason: DisconnectReason, at moment: Moment, into effects: inout [PeerEffect]) {
        close(id, reason, at: moment.uptime, into: &effects)
    }

    // MARK: Opening

    private mutating func open(
        _ id: PeerID, remote: Endpoint, direction: Direction, at now: Nanoseconds, into effects: inout [PeerEffect]
    ) {
        let deadline = now + configuration.handshakeTimeout
        peers.insert(PeerInfo(id: id, remote: remote, direction: direction, at: now, handshakeDeadline: deadline))
        if !direction.isInbound { markBootstrapPeers() }
        effects.append(.sendHandshake(id))
        wake(at: deadline)
    }

    /// Why nobody may come in from `remote`, or `nil`.
    private func refusal(of remote: Endpoint, at now: Nanoseconds) -> DisconnectReason? {
        guard phase == .running else { return .shutdown }
        if offences.isBannedByOperator(remote.address, at: now) { return .banned }
        guard let address = remote.address, !configuration.isExempt(address) else { return nil }
        if offences.isBanned(address, at: now) { return .banned }
        if peers.count(from: address) >= configuration.maxPeersPerIP { return .tooManyConnectionsFromAddress }
        return nil
    }

    /// Why a dialled connection may not be used. Addresses were judged before the dial; this speaks of names, which
    /// led to `remote`.
    private func refusal(ofDialled endpoint: Endpoint, remote: Endpoint, at now: Nanoseconds) -> DisconnectReason? {
        guard endpoint.address == nil, let address = remote.address else { return nil }
        let teller = dialling.book[endpoint]?.tellerScope ?? .loopback
        if !isAllowed(remote, toldFrom: teller) { return .addressNotAllowed }
        let group = NetworkGroup(remote)
        if group.isLimited, peers.outboundCount(in: group) >= PeeringLimits.maxOutboundPerGroup { return .networkGroupFull }
        if configuration.isExempt(address) { return nil }
        if offences.isBanned(address, at: now) { return .banned }
        if peers.count(from: address) >= configuration.maxPeersPerIP { return .tooManyConnectionsFromAddress }
        return nil
    }

    /// Which pending connection gives way when all places before the handshake are taken: the youngest of the group
    /// with the most, as long as the newcomer's group stays smaller.
    private func pendingToDrop(for remote: Endpoint) -> PeerID? {
        let pending = peers.all.filter { !$0.isReady && $0.direction.isInbound }
        let groups = Dictionary(grouping: pending) { NetworkGroup($0.remote.withoutPort) }
        let own = groups[NetworkGroup(remote.withoutPort)]?.count ?? 0
        // Of groups of one size, the one with the youngest member.
        let largest = groups.values.compactMap { members in members.last.map { (count: members.count, youngest: $0.id) } }
            .max { ($0.count, $0.youngest) < ($1.count, $1.youngest) }
        guard let largest, largest.count > own + 1 else { return nil }
        return largest.youngest
    }

    // MARK: Closing

    /// Turns away what never came into the table.
    private func refuse(_ id: PeerID, _ reason: DisconnectReason, into effects: inout [PeerEffect]) {
        effects.append(.close(id, reason))
    }

    /// Closes and forgets a connection.
    mutating func close(_ id: PeerID, _ reason: DisconnectReason, at now: Nanoseconds, into effects: inout [PeerEffect]) {
        guard peers[id] != nil else { return }
        effects.append(.close(id, reason))
        forget(id, reason, at: now, into: &effects)
    }

    private mutating func forget(_ id: PeerID, _ reason: DisconnectReason, at now: Nanoseconds, into effects: inout [PeerEffect]) {
        guard let peer = peers.remove(id) else { return }
        if peer.isReady { effects.append(.peerGone(id, reason)) }
        if peer.isReady, !peer.isContested { promoteSibling(of: peer) }
        guard phase == .running else { return }
        markBootstrapPeers()
        noteSolitude(at: now)
        if let endpoint = peer.direction.dialled {
            dialling.ended(
                peer, at: endpoint, reason, isCounted: peers.slotsTaken > 0, now, using: &chance.generator, into: &effects)
        }
        hastenBookDial(at: now)
    }

    /// Drops peers over lowered limits: the youngest inbound ones first, then outbound ones, never bootstrap peers
    /// while others are left.
    mutating func dropOverLimit(at now: Nanoseconds, into effects: inout [PeerEffect]) {
        while peers.inboundSlotsTaken > configuration.maxInbound || peers.slotsTaken > configuration.maxPeers {
            let ready = peers.all.filter { $0.isReady && !$0.isContested }
            let inbound = ready.filter(\.direction.isInbound)
            let choice = inbound.last { !$0.isBootstrap } ?? inbound.last ?? ready.last { !$0.isBootstrap } ?? ready.last
            guard let choice else { return }
            close(choice.id, .limitsLowered, at: now, into: &effects)
        }
    }
}
