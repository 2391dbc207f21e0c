public import Network
public import Primitives
public import Wire

/// The handshake and what follows from it (`protocol.md`, "Handshake").
extension PeerManager {
    /// A handshake came. `signer` is who signed its envelope, where it was signed and the signature holds.
    public mutating func handshakeReceived(
        _ id: PeerID, _ handshake: Handshake, signedBy signer: Address?, at moment: Moment, into effects: inout [PeerEffect]
    ) {
        let now = moment.uptime
        guard var peer = peers[id] else { return }
        if peer.isReady {
            closeForFault(id, .secondHandshake, at: now, into: &effects)
            return
        }
        if let reason = HandshakeRules.refusal(of: handshake, signedBy: signer, by: configuration.local) {
            if reason == .otherRules, let theirs = handshake.rules, let ours = configuration.local.rules {
                effects.append(.fact(.otherRules(peer.direction.dialled ?? peer.remote, theirs: theirs, ours: ours)))
            }
            if reason == .identityMismatch {
                closeForFault(id, reason, at: now, into: &effects)
            } else {
                close(id, reason, at: now, into: &effects)
            }
            return
        }
        peer.introduce(introduction(of: peer, handshake, signedBy: signer, at: now))
        noteWhoAnswered(peer, at: now)
        peer.isBootstrap = dialling.bootstrap.isMember(peer)
        switch settleIdentity(of: peer, at: now, into: &effects) {
        case .refused:
            close(id, .duplicateConnection, at: now, into: &effects)
        case .contested(let contest):
            peer.contest(contest)
            admit(peer, at: now, into: &effects)
        case .alone:
            if makeRoom(for: peer, at: now, into: &effects) {
                admit(peer, at: now, into: &effects)
            } else {
                sendFarewellList(to: peer, at: now, into: &effects)
                close(id, .tooManyPeers, at: now, into: &effects)
            }
        }
    }

    /// Any message came other than a handshake. Returns whether it may be used: the first message of a connection must
    /// be its handshake, otherwise the connection is closed. Cheap: one look into a table.
    @discardableResult
    public mutating func messageReceived(_ id: PeerID, at moment: Moment, into effects: inout [PeerEffect]) -> Bool {
        guard let isReady = peers.heard(id, at: moment.uptime) else { return false }
        if !isReady { closeForFault(id, .handshakeExpected, at: moment.uptime, into: &effects) }
        return isReady
    }

    mutating func expireHandshakes(_ due: [PeerID], at now: Nanoseconds, into effects: inout [PeerEffect]) {
        for id in due {
            guard let deadline = peers[id]?.handshakeDeadline, deadline <= now else { continue }
            close(id, .handshakeTimeout, at: now, into: &effects)
        }
    }

    private func introduction(
        of peer: PeerInfo, _ handshake: Handshake, signedBy signer: Address?, at now: Nanoseconds
    ) -> PeerInfo.Introduction {
        let identity: PeerInfo.Identity =
            switch HandshakeRules.nodeID(of: handshake) {
            case nil: .unnamed
            case let nodeID? where signer == nodeID: .signed(nodeID)
            case let nodeID?: .claimed(nodeID)
            }
        let listen = HandshakeRules.listenEndpoint(of: handshake, remote: peer.remote, direction: peer.direction)
        return PeerInfo.Introduction(
            handshake: handshake, identity: identity,
            listen: listen.map { $0.isConfirmed ? .confirmed($0.endpoint) : .claimed($0.endpoint) } ?? .unnamed, readyAt: now)
    }

    /// A dialled node of this chain answered: its address is good, whatever becomes of this connection.
    private mutating func noteWhoAnswered(_ peer: PeerInfo, at now: Nanoseconds) {
        guard let endpoint = peer.direction.dialled else { return }
        if dialling.answered(peer, at: endpoint, now) { markBootstrapPeers() }
    }

    /// Makes the peer a ready one.
    private mutating func admit(_ newcomer: PeerInfo, at now: Nanoseconds, into effects: inout [PeerEffect]) {
        var peer = newcomer
        // Spread over the interval, so that the pings of many peers do not fall together.
        peer.liveness.nextProbe = now + Nanoseconds.random(in: 0...configuration.pingInterval, using: &chance.generator)
        peers.update(peer.id) { $0 = peer }
        markBootstrapPeers()
        noteSolitude(at: now)
        effects.append(.peerReady(peer.id))
        cancelNeedlessDial(for: peer, into: &effects)
        learnListenEndpoint(of: peer, at: now)
        ask(peer.id, at: now, into: &effects)
        wake(at: now)
    }

    /// A dial to a node that is here already would only make a duplicate.
    private mutating func cancelNeedlessDial(for peer: PeerInfo, into effects: inout [PeerEffect]) {
        guard peer.isListenEndpointConfirmed, let listen = peer.listenEndpoint else { return }
        guard dialling.end(listen) != nil else { return }
        effects.append(.cancelDial(listen))
    }

    // MARK: Slots

    /// Finds a slot for a peer, at the cost of others if need be. Returns whether there is one.
    private mutating func makeRoom(for peer: PeerInfo, at now: Nanoseconds, into effects: inout [PeerEffect]) -> Bool {
        while peers.slotsTaken >= configuration.maxPeers
            || peer.direction.isInbound && peers.inboundSlotsTaken >= configuration.maxInbound
        {
            guard peer.direction.isInbound || peer.isBootstrap, let victim = victimOfEviction(at: now) else { return false }
            // A second connection to the same node may take the slot at once, and then nothing was won.
            close(victim, .evicted, at: now, into: &effects)
        }
        return true
    }

    /// The inbound peer that is worth least, unless all are worth keeping. Bootstrap peers and peers with the signed name of an
    /// authority are not asked.
    private func victimOfEviction(at now: Nanoseconds) -> PeerID? {
        let candidates = peers.all.filter { peer in
            peer.isReady && peer.direction.isInbound && !peer.isContested && !peer.isBootstrap
                && !peer.isAuthority(of: configuration.authorities)
        }
        return Eviction.choose(
            from: candidates.map { peer in
                let group = NetworkGroup(peer.remote.withoutPort)
                return Eviction.Candidate(
                    id: peer.id, readyAt: peer.readyAt, group: group,
                    keyedGroup: chance.keyed("eviction", group.keyBytes),
                    latency: peer.latency.minimum, lastUsefulBlock: peer.lastUsefulBlock,
                    lastUsefulTransaction: peer.lastUsefulTransaction, isInactive: isInactive(peer, at: now))
            })
    }
}
