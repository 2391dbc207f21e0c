internal import Network
internal import Primitives

/// Carries out the rules of `DialBook`, which stand there: what of them depends on who is connected.
extension PeerManager {
    // MARK: Bootstrap peers

    mutating func dialBootstrapPeers(at now: Nanoseconds, into effects: inout [PeerEffect]) {
        guard mayDialBootstrapPeer else { return }
        let due = idleBootstrapPeers.filter { $0.nextDial <= now }
        for member in due where mayDialBootstrapPeer { dial(member.endpoint, isBootstrap: true, at: now, into: &effects) }
    }

    /// When the next of them is due, as far as one may be dialled at all; events that change that ask for a tick.
    var nextBootstrapDial: Nanoseconds? {
        mayDialBootstrapPeer ? idleBootstrapPeers.map(\.nextDial).min() : nil
    }

    private var idleBootstrapPeers: some Sequence<BootstrapList.Member> {
        // A ban that has just ended counts until the tick of its end, which comes at once.
        dialling.idleBootstrapPeers.filter { !offences.isUnwanted($0.endpoint, at: .min) }
    }

    /// Whether a bootstrap peer that answered could get a slot, by eviction of another peer if need be.
    private var mayDialBootstrapPeer: Bool {
        guard dialling.dials.bootstrapCount < PeeringLimits.maxConcurrentDials else { return false }
        return peers.slotsTaken < configuration.maxPeers || peers.inboundSlotsTaken > 0
    }

    // MARK: The book

    mutating func dialFromBook(at now: Nanoseconds, into effects: inout [PeerEffect]) {
        guard wantsFromBook, dialling.nextBookDial <= now else { return }
        let endpoint = chooseFromBook(at: now)
        dialling.bookWasAsked(found: endpoint != nil, at: now)
        if let endpoint { dial(endpoint, isBootstrap: false, at: now, into: &effects) }
    }

    /// Whether outbound peers are missing and there is room for one.
    var wantsFromBook: Bool {
        let (pending, dials) = (peers.pendingOutbound, dialling.dials)
        return dials.bookCount < PeeringLimits.maxConcurrentDials
            && peers.outboundSlotsTaken + pending + dials.bookCount < configuration.minOutboundPeers
            && peers.slotsTaken + pending + dials.count < configuration.maxPeers
    }

    /// Whether as many outbound peers are ready as are wanted.
    var hasEnoughOutbound: Bool { peers.outboundSlotsTaken >= configuration.minOutboundPeers }

    /// Looks into the book again soon: something has changed.
    mutating func hastenBookDial(at now: Nanoseconds) {
        dialling.hasten(at: now)
        wake(at: now)
    }

    private mutating func chooseFromBook(at now: Nanoseconds) -> Endpoint? {
        let connected = peers.connectedEndpoints
        var generator = chance.generator
        defer { chance.generator = generator }
        return dialling.book.choose(at: now, using: &generator) { isDialWanted($0, connected: connected, at: now) }
    }

    private func isDialWanted(_ endpoint: Endpoint, connected: Set<Endpoint>, at now: Nanoseconds) -> Bool {
        if connected.contains(endpoint) || dialling.dials.contains(endpoint) || dialling.isOwn(endpoint) { return false }
        if dialling.bootstrap.contains(endpoint) || offences.isUnwanted(endpoint, at: now) { return false }
        guard let address = endpoint.address else { return true }
        let group = NetworkGroup(endpoint)
        let inGroup = group.isLimited ? peers.outboundCount(in: group) + dialling.dials.count(in: group) : 0
        guard inGroup < PeeringLimits.maxOutboundPerGroup else { return false }
        if configuration.isExempt(address) { return true }
        return !offences.isBanned(address, at: now) && peers.count(from: address) < configuration.maxPeersPerIP
    }

    // MARK: Dials

    private mutating func dial(_ endpoint: Endpoint, isBootstrap: Bool, at now: Nanoseconds, into effects: inout [PeerEffect]) {
        dialling.begin(endpoint, isBootstrap: isBootstrap, until: now + configuration.dialTimeout)
        effects.append(.dial(endpoint))
    }

    mutating func expireDials(at now: Nanoseconds, into effects: inout [PeerEffect]) {
        for dial in dialling.dials.expired(at: now) {
            _ = dialling.fail(dial.endpoint)
            effects.append(.cancelDial(dial.endpoint))
            noteDialFailure(of: dial, .failed(.timedOut), at: now, into: &effects)
        }
    }

    /// An attempt came to nothing, before or after the connection.
    mutating func noteDialFailure(
        of dial: DialTable.Dial, _ trouble: DialTrouble, at now: Nanoseconds, into effects: inout [PeerEffect]
    ) {
        dialling.failed(
            dial.endpoint, trouble, isBootstrap: dial.isBootstrap, isCounted: peers.slotsTaken > 0, at: now,
            using: &chance.generator, into: &effects)
    }

    // MARK: Replacing

    /// Whether the peer has been of no use for long: nothing worth having came from it, and it stays behind this
    /// node's height. On a chain that stands still nobody is inactive.
    func isInactive(_ peer: PeerInfo, at now: Nanoseconds) -> Bool {
        let lastSign = max(peer.readyAt, peer.lastUsefulBlock, peer.lastUsefulTransaction, peer.heightRoseAt)
        return now - lastSign >= PeeringLimits.inactiveAfter
            && localHeight > PeeringLimits.inactiveLag && peer.height < localHeight - PeeringLimits.inactiveLag
    }

    /// Gives the slot of an inactive outbound peer to a candidate, where there is one. Inbound peers are replaced when
    /// a newcomer needs the slot (`Eviction`).
    mutating func replaceInactive(at now: Nanoseconds, into effects: inout [PeerEffect]) {
        guard hasEnoughOutbound, dialling.nextReplacement <= now else { return }
        dialling.lookedForReplacement(at: now)
        let useless = peers.all.first { peer in
            peer.isReady && !peer.isContested && !peer.direction.isInbound && !peer.isBootstrap && isInactive(peer, at: now)
        }
        guard let useless, chooseFromBook(at: now) != nil else { return }
        close(useless.id, .inactive, at: now, into: &effects)
    }
}
