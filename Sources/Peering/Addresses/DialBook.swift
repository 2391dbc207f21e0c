internal import Network
internal import Primitives
internal import Wire

/// Where this node may dial, what is being dialled and when the next dial is due: the peers that are dialled for ever, the
/// addresses that others told, the dials under way. The one place that changes any of them.
///
/// Whom to dial:
/// 1. Bootstrap peers, configured ones and the operator's, whenever they are not connected, for ever. They are the way into the
///    network. Each failure doubles the wait up to a minute, so that a dead one costs little and a healed one is found soon.
/// 2. Addresses of the book until `min_outbound_peers` outbound peers are ready. Those are the ones that we chose: inbound peers,
///    whom anybody can send, do not count.
/// 3. The book is asked for one address at a time, `dialSpacing` apart. Whoever fills it with addresses of third parties must not
///    be able to make us flood them.
/// 4. Chance draws from the book, by table, bucket and address (`AddressBook`): who fills an eighth of the buckets is an eighth
///    of the draws, however many addresses that are.
/// 5. Never where we are connected or dialling, where this node found itself, where a ban or a removal by the operator forbids
///    it, and never so that one group of addresses has more than `maxOutboundPerGroup` of our connections: an attacker with one
///    network must not be most of our view.
/// 6. Dials to bootstrap peers and to others are bounded apart. What fails slowly must not hold up the rest.
/// 7. Once there are enough outbound peers, one that has been of no use for long gives its slot to a candidate, at most one in
///    `replaceInterval`: a view that never changes cannot get better, and replacing must not become churn.
///
/// What comes of a dial:
/// 8. It is forgiven `maxFailuresUntried` or `maxFailuresTried` times in a row, each with twice the wait, and then the address is
///    forgotten. Nothing is forgotten while no peer at all is connected: then the fault is likely ours.
/// 9. A connection that ends within `stableAfter` is a failure too, so that a peer which shakes hands and hangs up is not dialled
///    in a tight loop. One that lasted ends the row of failures.
/// 10. A node of another chain, other rules or another version is forgotten at once; a bootstrap peer of that kind has the longest
///     wait at once, because only a change of somebody's configuration can help.
/// 11. A second connection to a node that is here already says nothing against its address.
struct DialBook: Sendable {
    private(set) var book: AddressBook
    private(set) var bootstrap = BootstrapList()
    private(set) var dials = DialTable()
    /// Endpoints at which the node found itself, by a dial that led back. At most `PeeringLimits.maxOwnEndpoints`.
    private(set) var ownEndpoints: [Endpoint] = []
    /// Where this node says that it listens, where that is a place of its own.
    private let ownListenEndpoint: Endpoint?
    /// Dials begun and dials that did not connect, since the start.
    private(set) var dialsStarted: UInt64 = 0
    private(set) var dialsFailed: UInt64 = 0

    /// When the book is asked next, if somebody is wanted.
    private(set) var nextBookDial: Nanoseconds = 0
    /// Before the first dial: any past time; half of it keeps sums from overflowing.
    private var lastBookDial = Nanoseconds.min / 2
    /// When the next inactive peer may be replaced.
    private(set) var nextReplacement: Nanoseconds = 0

    /// `key` is secret: the places in the book follow from it.
    init(key: [UInt8], ownListenEndpoint: Endpoint?) {
        book = AddressBook(key: key)
        self.ownListenEndpoint = ownListenEndpoint
    }

    // MARK: Who is known

    /// Whether a dial there would lead back here.
    func isOwn(_ endpoint: Endpoint) -> Bool { endpoint == ownListenEndpoint || ownEndpoints.contains(endpoint) }

    /// Whether anything is known of an endpoint, or it is being dialled.
    func knows(_ endpoint: Endpoint) -> Bool { bootstrap.contains(endpoint) || dials.contains(endpoint) || book[endpoint] != nil }

    mutating func learn(_ endpoint: Endpoint, from source: Endpoint, at now: Nanoseconds) -> Bool {
        book.learn(endpoint, from: source, scope: source.scope, at: now)
    }

    /// Bootstrap peers that are neither connected nor being dialled nor this node itself.
    var idleBootstrapPeers: some Sequence<BootstrapList.Member> {
        bootstrap.members.lazy.filter { !$0.isConnected && !dials.contains($0.endpoint) && !isOwn($0.endpoint) }
    }

    // MARK: Bootstrap peers

    /// Takes the configured ones; those that stay keep their state.
    mutating func configure(_ endpoints: [Endpoint], at now: Nanoseconds) { bootstrap.replace(with: endpoints, at: now) }

    mutating func markConnected(by peers: PeerTable) { bootstrap.markConnected(by: peers) }

    /// The operator wants it dialled for ever: now.
    mutating func add(_ endpoint: Endpoint, at now: Nanoseconds) { bootstrap.add(endpoint, at: now) }

    /// The operator wants it dialled no more. Returns whether a dial was under way.
    mutating func remove(_ endpoint: Endpoint, isConfigured: Bool) -> Bool {
        bootstrap.dropManual(endpoint, unless: isConfigured)
        book.forget(endpoint)
        return dials.end(endpoint) != nil
    }

    // MARK: Dials

    mutating func begin(_ endpoint: Endpoint, isBootstrap: Bool, until deadline: Nanoseconds) {
        dials.begin(.init(endpoint: endpoint, isBootstrap: isBootstrap, deadline: deadline))
        dialsStarted += 1
    }

    /// Takes out a dial that led to a connection or is not wanted any more. `nil` when it was not under way.
    mutating func end(_ endpoint: Endpoint) -> DialTable.Dial? { dials.end(endpoint) }

    /// Takes out a dial that did not connect.
    mutating func fail(_ endpoint: Endpoint) -> DialTable.Dial? {
        guard let dial = dials.end(endpoint) else { return nil }
        dialsFailed += 1
        return dial
    }

    mutating func cancelAll() { dials.removeAll() }

    /// The node was held up for so long.
    mutating func extendDials(by delay: Nanoseconds) { dials.extendAll(by: delay) }

    // MARK: Times

    /// The book is worth a look soon: something has changed.
    mutating func hasten(at now: Nanoseconds) {
        nextBookDial = min(nextBookDial, max(now, lastBookDial + PeeringLimits.dialSpacing))
    }

    /// The book was asked; `found` is whether it had anybody.
    mutating func bookWasAsked(found: Bool, at now: Nanoseconds) {
        if found { lastBookDial = now }
        nextBookDial = now + (found ? PeeringLimits.dialSpacing : PeeringLimits.idleDialCheck)
    }

    mutating func lookedForReplacement(at now: Nanoseconds) { nextReplacement = now + PeeringLimits.replaceInterval }

    // MARK: What came of a dial

    /// A dialled node of this chain answered: its address is good, whatever becomes of this connection. Returns whether it is a
    /// bootstrap peer.
    mutating func answered(_ peer: PeerInfo, at endpoint: Endpoint, _ now: Nanoseconds) -> Bool {
        book.succeeded(endpoint, at: now)
        guard bootstrap.contains(endpoint) else { return false }
        bootstrap.update(endpoint) { $0.node = .init(nodeID: peer.nodeID, nonce: peer.handshake?.nonce) }
        return true
    }

    /// An attempt came to nothing, before or after the connection. `isCounted`: whether failures say something about the address.
    mutating func failed(
        _ endpoint: Endpoint, _ trouble: DialTrouble, isBootstrap: Bool, isCounted: Bool, at now: Nanoseconds,
        using generator: inout SplitMix64, into effects: inout [PeerEffect]
    ) {
        let inBook = book.failed(endpoint, isCounted: isCounted)
        if isBootstrap {
            bootstrapFailed(endpoint, trouble, at: now, using: &generator, into: &effects)
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

    private mutating func bootstrapFailed(
        _ endpoint: Endpoint, _ trouble: DialTrouble, at now: Nanoseconds, using generator: inout SplitMix64,
        into effects: inout [PeerEffect]
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

    /// A connection that we dialled has ended: when may the endpoint be dialled again?
    mutating func ended(
        _ peer: PeerInfo, at endpoint: Endpoint, _ reason: DisconnectReason, isCounted: Bool, _ now: Nanoseconds,
        using generator: inout SplitMix64, into effects: inout [PeerEffect]
    ) {
        bootstrap.update(endpoint) { $0.trouble = .ended(reason) }
        switch reason {
        case .selfConnection:
            rememberOwn(endpoint)
            book.forget(endpoint)
            effects.append(.fact(.ownEndpoint(endpoint)))
        case .duplicateConnection:
            book.postpone(endpoint, until: now + PeeringLimits.addressBackoffMax)
            restBootstrapPeer(endpoint, at: now, using: &generator)
        case .requested:
            // The operator has said what becomes of the endpoint.
            break
        case .inactive:
            book.postpone(endpoint, until: now + PeeringLimits.addressBackoffMax)
        case .otherChain, .otherRules, .incompatibleVersion, .identityClash:
            book.forget(endpoint)
            effects.append(.fact(.addressForgotten(endpoint)))
            if bootstrap.contains(endpoint) {
                bootstrap.update(endpoint) { $0.failures = max($0.failures, 30) }
                bootstrapFailed(endpoint, .ended(reason), at: now, using: &generator, into: &effects)
            }
        default:
            if peer.isReady, now - peer.readyAt >= PeeringLimits.stableAfter {
                book.postpone(endpoint, until: now + PeeringLimits.addressBackoffMin)
                restBootstrapPeer(endpoint, at: now, using: &generator)
            } else {
                let isBootstrap = bootstrap.contains(endpoint)
                failed(
                    endpoint, .ended(reason), isBootstrap: isBootstrap, isCounted: isCounted, at: now, using: &generator, into: &effects)
            }
        }
    }

    /// A bootstrap peer was there until now: it is dialled again after the shortest wait.
    private mutating func restBootstrapPeer(_ endpoint: Endpoint, at now: Nanoseconds, using generator: inout SplitMix64) {
        let wait = Backoff.wait(
            failures: 1, least: PeeringLimits.bootstrapBackoffMin, most: PeeringLimits.bootstrapBackoffMax, using: &generator)
        bootstrap.update(endpoint) { member in
            member.failures = 0
            member.nextDial = now + wait
        }
    }

    private mutating func rememberOwn(_ endpoint: Endpoint) {
        if ownEndpoints.contains(endpoint) { return }
        if ownEndpoints.count >= PeeringLimits.maxOwnEndpoints { ownEndpoints.removeFirst() }
        ownEndpoints.append(endpoint)
    }

    // MARK: Tests

    /// Sentences about what does not hold.
    func checkInvariants() -> [String] {
        var broken = book.findings()
        func expect(_ holds: Bool, _ text: @autoclosure () -> String) {
            if !holds { broken.append(text()) }
        }
        expect(dials.bootstrapCount <= PeeringLimits.maxConcurrentDials, "too many dials to bootstrap peers")
        expect(dials.bookCount <= PeeringLimits.maxConcurrentDials, "too many dials from the book")
        expect(ownEndpoints.count <= PeeringLimits.maxOwnEndpoints, "\(ownEndpoints.count) own endpoints")
        expect(bootstrap.manualCount <= PeeringLimits.maxManualPeers, "\(bootstrap.manualCount) added peers")
        expect(
            bootstrap.members.count <= PeeringLimits.maxBootstrapPeers + PeeringLimits.maxManualPeers,
            "\(bootstrap.members.count) bootstrap peers")
        for endpoint in dials.endpoints { expect(!isOwn(endpoint), "dials itself at \(endpoint)") }
        return broken
    }
}
