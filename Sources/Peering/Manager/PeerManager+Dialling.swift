internal import Network
internal import Primitives
internal import Wire

/// Whom to dial, and what becomes of it.
///
/// Bootstrap peers are dialled whenever they are not connected, for ever, with growing waits. Other addresses come out
/// of the book, one at a time, until `min_outbound_peers` outbound peers are there: those are the ones that we chose,
/// so inbound peers, whom anybody can send, do not count.
extension PeerManager {
    // MARK: Bootstrap peers

    mutating func dialBootstrapPeers(at now: Nanoseconds, into effects: inout [PeerEffect]) {
        for member in idleBootstrapPeers where member.nextDial <= now && mayDialBootstrapPeer {
            dial(member.endpoint, isBootstrap: true, at: now, into: &effects)
        }
    }

    /// When the next of them is due, as far as one may be dialled at all; events that change that ask for a tick.
    var nextBootstrapDial: Nanoseconds? {
        mayDialBootstrapPeer ? idleBootstrapPeers.map(\.nextDial).min() : nil
    }

    /// Bootstrap peers that are neither connected nor being dialled nor this node itself.
    private var idleBootstrapPeers: [BootstrapList.Member] {
        // A ban that has just ended counts until the tick of its end, which comes at once.
        bootstrap.members.filter { member in
            !member.isConnected && !dials.contains(member.endpoint) && !isOwn(member.endpoint) && !isUnwanted(member.endpoint, at: .min)
        }
    }

    /// Whether a bootstrap peer that answered could get a slot, by eviction of another peer if need be.
    private var mayDialBootstrapPeer: Bool {
        guard dials.bootstrapCount < PeeringLimits.maxConcurrentDials else { return false }
        return peers.slotsTaken < configuration.maxPeers || peers.inboundSlotsTaken > 0
    }

    // MARK: The book

    mutating func dialFromBook(at now: Nanoseconds, into effects: inout [PeerEffect]) {
        guard wantsFromBook, nextBookDial <= now else { return }
        guard let endpoint = chooseFromBook(at: now) else {
            nextBookDial = now + PeeringLimits.idleDialCheck
            return
        }
        lastBookDial = now
        nextBookDial = now + PeeringLimits.dialSpacing
        dial(endpoint, isBootstrap: false, at: now, into: &effects)
    }

    /// Whether outbound peers are missing and there is room for one.
    var wantsFromBook: Bool {
        let pending = peers.pendingOutbound
        return dials.bookCount < PeeringLimits.maxConcurrentDials
            && peers.outboundSlotsTaken + pending + dials.bookCount < configuration.minOutboundPeers
            && peers.slotsTaken + pending + dials.count < configuration.maxPeers
    }

    /// Whether as many outbound peers are ready as are wanted.
    var hasEnoughOutbound: Bool { peers.outboundSlotsTaken >= configuration.minOutboundPeers }

    /// Looks into the book again soon: something has changed.
    mutating func hastenBookDial(at now: Nanoseconds) {
        nextBookDial = min(nextBookDial, max(now, lastBookDial + PeeringLimits.dialSpacing))
        wake(at: now)
    }

    private mutating func chooseFromBook(at now: Nanoseconds) -> Endpoint? {
        let connected = peers.connectedEndpoints
        var chance = generator
        defer { generator = chance }
        return book.choose(at: now, using: &chance) { isDialWanted($0, connected: connected, at: now) }
    }

    private func isDialWanted(_ endpoint: Endpoint, connected: Set<Endpoint>, at now: Nanoseconds) -> Bool {
        if connected.contains(endpoint) || dials.contains(endpoint) || isOwn(endpoint) || bootstrap.contains(endpoint) { return false }
        if isUnwanted(endpoint, at: now) { return false }
        guard let address = endpoint.address else { return true }
        let group = NetworkGroup(endpoint)
        let inGroup = group.isLimited ? peers.outboundCount(in: group) + dials.count(in: group) : 0
        guard inGroup < PeeringLimits.maxOutboundPerGroup else { return false }
        if configuration.isExempt(address) { return true }
        return !offenders.isBanned(address, at: now) && peers.count(from: address) < configuration.maxPeersPerAddress
    }

    // MARK: Dials

    private mutating func dial(_ endpoint: Endpoint, isBootstrap: Bool, at now: Nanoseconds, into effects: inout [PeerEffect]) {
        dials.begin(.init(endpoint: endpoint, isBootstrap: isBootstrap, deadline: now + configuration.dialTimeout))
        dialsStarted += 1
        effects.append(.dial(endpoint))
    }

    mutating func expireDials(at now: Nanoseconds, into effects: inout [PeerEffect]) {
        for dial in dials.expired(at: now) {
            _ = dials.end(dial.endpoint)
            dialsFailed += 1
            effects.append(.cancelDial(dial.endpoint))
            noteDialFailure(of: dial.endpoint, .failed(.timedOut), isBootstrap: dial.isBootstrap, at: now, into: &effects)
        }
    }

    /// An attempt came to nothing, before or after the connection: the wait grows, and an address of the book is
    /// forgotten after its last allowed failure. While no peer at all is connected the fault is likely ours, and
    /// nothing is forgotten.
    mutating func noteDialFailure(
        of endpoint: Endpoint, _ trouble: DialTrouble, isBootstrap: Bool, at now: Nanoseconds, into effects: inout [PeerEffect]
    ) {
        let inBook = book.failed(endpoint, isCounted: peers.slotsTaken > 0)
        if isBootstrap {
            noteBootstrapFailure(of: endpoint, trouble, at: now, into: &effects)
            return
        }
        if inBook.isForgotten {
            effects.append(.fact(.addressForgotten(endpoint)))
            return
        }
        let wait = Backoff.wait(
            failures: inBook.failures, least: PeeringLimits.addressBackoffMin, most: PeeringLimits.addressBackoffMax,
            using: &generator)
        book.postpone(endpoint, until: now + wait)
        effects.append(.fact(.dialFailed(endpoint, trouble, failures: inBook.failures, retryIn: wait)))
    }

    private mutating func noteBootstrapFailure(
        of endpoint: Endpoint, _ trouble: DialTrouble, at now: Nanoseconds, into effects: inout [PeerEffect]
    ) {
        guard let failures = bootstrap.members.first(where: { $0.endpoint == endpoint })?.failures else { return }
        let wait = Backoff.wait(
            failures: failures + 1, least: PeeringLimits.bootstrapBackoffMin, most: PeeringLimits.bootstrapBackoffMax,
            using: &generator)
        bootstrap.update(endpoint) { member in
            member.failures += 1
            member.trouble = trouble
            member.nextDial = now + wait
        }
        effects.append(.fact(.dialFailed(endpoint, trouble, failures: failures + 1, retryIn: wait)))
    }

    // MARK: Ends of dialled connections

    /// A connection that we dialled has ended: when may the endpoint be dialled again?
    mutating func noteEnd(
        of peer: PeerInfo, dialledAt endpoint: Endpoint, reason: DisconnectReason, at now: Nanoseconds, into effects: inout [PeerEffect]
    ) {
        switch reason {
        case .selfConnection:
            rememberOwn(endpoint)
            book.forget(endpoint)
            effects.append(.fact(.ownEndpoint(endpoint)))
        case .duplicateConnection:
            // The node is connected by another way; its address is as good as before.
            book.postpone(endpoint, until: now + PeeringLimits.addressBackoffMax)
            restBootstrapPeer(endpoint, at: now)
        case .requested:
            // The operator has said what becomes of the endpoint.
            break
        case .inactive:
            book.postpone(endpoint, until: now + PeeringLimits.addressBackoffMax)
        case .otherChain, .otherRules, .incompatibleVersion, .identityClash:
            book.forget(endpoint)
            effects.append(.fact(.addressForgotten(endpoint)))
            if bootstrap.contains(endpoint) {
                // Only a change of somebody's configuration can help: the longest wait at once.
                bootstrap.update(endpoint) { $0.failures = max($0.failures, 30) }
                noteBootstrapFailure(of: endpoint, .ended(reason), at: now, into: &effects)
            }
        default:
            if peer.isReady, now - peer.readyAt >= PeeringLimits.stableAfter {
                book.postpone(endpoint, until: now + PeeringLimits.addressBackoffMin)
                restBootstrapPeer(endpoint, at: now)
            } else {
                noteDialFailure(of: endpoint, .ended(reason), isBootstrap: bootstrap.contains(endpoint), at: now, into: &effects)
            }
        }
    }

    /// A bootstrap peer was there until now: it is dialled again after the shortest wait.
    private mutating func restBootstrapPeer(_ endpoint: Endpoint, at now: Nanoseconds) {
        let wait = Backoff.wait(
            failures: 1, least: PeeringLimits.bootstrapBackoffMin, most: PeeringLimits.bootstrapBackoffMax, using: &generator)
        bootstrap.update(endpoint) { member in
            member.failures = 0
            member.nextDial = now + wait
        }
    }

    /// Whether a dial there would lead back here.
    func isOwn(_ endpoint: Endpoint) -> Bool {
        endpoint == ownListenEndpoint || ownEndpoints.contains(endpoint)
    }

    private mutating func rememberOwn(_ endpoint: Endpoint) {
        if ownEndpoints.contains(endpoint) { return }
        if ownEndpoints.count >= PeeringLimits.maxOwnEndpoints { ownEndpoints.removeFirst() }
        ownEndpoints.append(endpoint)
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
        guard hasEnoughOutbound, nextReplacement <= now else { return }
        nextReplacement = now + PeeringLimits.replaceInterval
        let useless = peers.all.first { peer in
            peer.isReady && !peer.isContested && !peer.direction.isInbound && !peer.isBootstrap && isInactive(peer, at: now)
        }
        guard let useless, chooseFromBook(at: now) != nil else { return }
        close(useless.id, .inactive, at: now, into: &effects)
    }
}
