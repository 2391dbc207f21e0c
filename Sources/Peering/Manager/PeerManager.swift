internal import Network
public import Primitives

/// Decides whom to dial, whom to accept and whom to drop.
///
/// A value: it holds no clock, socket or chance of its own. The shell tells it what happened and when; it appends to
/// `effects` what is to be done. After each call the shell looks at `nextDeadline` and calls `tick` once that time has
/// come; a call may ask for a tick at once.
///
/// The rules, each where it is carried out:
/// * both sides send the handshake at once, and it is checked (`HandshakeRules`, `PeerManager+Handshake`);
/// * one connection to a node: of several, the side with the lower identity alone decides (`PeerManager+Duplicates`);
/// * slots: inbound peers leave room for outbound ones, and make room for each other (`Eviction`);
/// * dialling: bootstrap peers for ever, addresses of the book until enough answered (`DialBook`);
/// * the address book cannot be filled by one source (`AddressBook`);
/// * silent peers are found within 30 s (`PeerManager+Liveness`);
/// * faults add up to bans, and the operator's word stands above all of these (`Offences`, `PeerManager+Operator`).
///
/// Every table is bounded (`PeeringLimits`). The same seed and events give the same effects in every run.
public struct PeerManager: Sendable {
    public internal(set) var configuration: PeerConfiguration
    var peers = PeerTable()
    var dialling: DialBook
    var offences = Offences()
    var chance: Chance
    /// The best height of this node.
    var localHeight: UInt64 = 0
    var phase = Phase.new
    var solitude = SolitudeClock()
    /// No deadline of any peer lies before this; it may lie earlier than all of them.
    var deadline: Nanoseconds?

    enum Phase: Sendable {
        case new
        case running
        case stopped
    }

    /// `seed` must come from the system's randomness when the node runs: who knows it can foresee every choice.
    public init(configuration: PeerConfiguration, seed: UInt64) {
        self.configuration = configuration.normalised()
        chance = Chance(seed: seed)
        dialling = DialBook(key: chance.key, ownListenEndpoint: Endpoint(configuration.local.listenAddress))
    }

    // MARK: Life

    /// Begins to dial.
    public mutating func start(at moment: Moment, into effects: inout [PeerEffect]) {
        guard phase == .new else { return }
        phase = .running
        dialling.configure(configuration.bootstrapPeers, at: moment.uptime)
        noteSolitude(at: moment.uptime)
        deadline = moment.uptime
        tick(at: moment, into: &effects)
    }

    /// Closes every connection and dials no more.
    public mutating func shutdown(at moment: Moment, into effects: inout [PeerEffect]) {
        phase = .stopped
        for endpoint in dialling.dials.endpoints { effects.append(.cancelDial(endpoint)) }
        dialling.cancelAll()
        for id in peers.ids { close(id, .shutdown, at: moment.uptime, into: &effects) }
        solitude.end()
        deadline = nil
    }

    /// When `tick` is due, as an uptime; `nil` when nothing is awaited. May be in the past: then at once.
    public var nextDeadline: Nanoseconds? { deadline }

    /// Does what is due. Costs a walk over the connections when something is, nothing before.
    public mutating func tick(at moment: Moment, into effects: inout [PeerEffect]) {
        let now = moment.uptime
        guard phase == .running, (deadline ?? now) <= now else { return }
        forgiveOwnDelay(at: now)
        offences.expire(at: now)
        expireDials(at: now, into: &effects)
        let due = peers.all.filter { deadline(of: $0) <= now }.map(\.id)
        expireHandshakes(due, at: now, into: &effects)
        checkLiveness(due, at: now, into: &effects)
        settleContests(due, at: now, into: &effects)
        askForAddresses(due, at: now, into: &effects)
        replaceInactive(at: now, into: &effects)
        dialBootstrapPeers(at: now, into: &effects)
        dialFromBook(at: now, into: &effects)
        tellSolitude(at: now, into: &effects)
        deadline = earliestDeadline
    }

    /// Takes up new limits, lists and exemptions (SIGHUP). `local` stays as it was. Peers over lowered limits are
    /// dropped, inbound ones first, the youngest first.
    public mutating func reconfigure(_ new: PeerConfiguration, at moment: Moment, into effects: inout [PeerEffect]) {
        let local = configuration.local
        configuration = new.normalised()
        configuration.local = local
        guard phase == .running else { return }
        dialling.configure(configuration.bootstrapPeers, at: moment.uptime)
        markBootstrapPeers()
        dropOverLimit(at: moment.uptime, into: &effects)
        hastenBookDial(at: moment.uptime)
    }

    /// The best height of this node, against which peers are found to lag.
    public mutating func localHeightChanged(_ height: UInt64) {
        localHeight = height
    }

    /// Marks who is a bootstrap peer and which of those is connected, after something of that has changed.
    mutating func markBootstrapPeers() {
        dialling.markConnected(by: peers)
        let list = dialling.bootstrap
        peers.updateEach { $0.isBootstrap = $0.isReady && list.isMember($0) }
    }

    // MARK: Deadlines

    /// Sees to it that `tick` is called at `uptime` or before.
    mutating func wake(at uptime: Nanoseconds) {
        deadline = min(deadline ?? uptime, uptime)
    }

    /// When the tick comes much later than it was due, this node was held up (a suspended process, a blocked thread),
    /// and what its peers sent in the meantime lies unread: their clocks are moved by the delay.
    private mutating func forgiveOwnDelay(at now: Nanoseconds) {
        guard let deadline, now - deadline > PeeringLimits.lateTick else { return }
        let delay = now - deadline
        peers.updateEach { $0.forgive(delay, at: now) }
        dialling.extendDials(by: delay)
    }

    private var earliestDeadline: Nanoseconds? {
        var earliest = dialling.dials.earliestDeadline ?? .max
        for peer in peers.all { earliest = min(earliest, deadline(of: peer)) }
        if let end = offences.earliestEnd { earliest = min(earliest, end) }
        if let next = nextBootstrapDial { earliest = min(earliest, next) }
        if let next = solitude.nextTelling { earliest = min(earliest, next) }
        if wantsFromBook { earliest = min(earliest, dialling.nextBookDial) }
        if hasEnoughOutbound { earliest = min(earliest, dialling.nextReplacement) }
        return earliest == .max ? nil : earliest
    }

    /// When something is due with a peer.
    private func deadline(of peer: PeerInfo) -> Nanoseconds {
        peer.handshakeDeadline ?? min(lifeDeadline(of: peer), nextQuestion(to: peer))
    }

    /// When it must be seen whether a peer lives, or has shaken hands.
    func lifeDeadline(of peer: PeerInfo) -> Nanoseconds {
        if let deadline = peer.handshakeDeadline { return deadline }
        var earliest = min(peer.lastHeard + configuration.idleTimeout, nextProbe(of: peer))
        if let ping = peer.liveness.outstanding { earliest = min(earliest, ping.deadline) }
        if let contest = peer.contest { earliest = min(earliest, contest.until) }
        return earliest
    }
}
