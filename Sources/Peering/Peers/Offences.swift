internal import Network
internal import OrderedCollections
internal import Primitives

/// Who is kept out, and where nobody dials: for faults, or because the operator wants it so. The one place that changes any of it.
///
/// 1. A fault weighs on the address, not on the connection, so that hanging up does not wipe it out. What has no address of its own
///    to ban (`PeerManager.charge`) keeps its score with the connection.
/// 2. A full score bans, each time for twice as long, and time forgives (`OffenderTable`).
/// 3. The operator's ban holds for exempt addresses and configured peers too, and ends when it was said to end; a ban for faults
///    never does that: it would hurt nobody but us.
/// 4. What the operator removed is not dialled, and may come in by itself. A ban keeps it out.
/// 5. The operator's word lifts what faults brought: to add a peer pardons its address, to lift a ban forgets its score.
struct Offences: Sendable {
    private var offenders = OffenderTable()
    private var operatorBans = OperatorBans()
    /// Where the operator wants no dials. At most `PeeringLimits.maxShunned`, the oldest first.
    private var shunned: OrderedSet<Endpoint> = []

    // MARK: Faults

    func isBanned(_ address: IPAddress, at now: Nanoseconds) -> Bool { offenders.isBanned(address, at: now) }
    func score(of address: IPAddress, at now: Nanoseconds) -> Int { offenders.score(of: address, at: now) }

    /// Adds to the score of an address. Returns how long it is banned when that fills the score.
    mutating func add(_ score: Int, to address: IPAddress, at now: Nanoseconds) -> Nanoseconds? {
        offenders.add(score, to: address, at: now)
    }

    /// Ends a ban for faults and forgets the score.
    mutating func pardon(_ address: IPAddress) { offenders.pardon(address) }

    // MARK: The operator's

    func isBannedByOperator(_ address: IPAddress?, at now: Nanoseconds) -> Bool { operatorBans.contains(address, at: now) }

    /// Returns false when there is no room for another address.
    mutating func ban(_ address: IPAddress, until end: Nanoseconds) -> Bool { operatorBans.ban(address, until: end) }

    /// Lifts every ban of an address and forgets its score. Returns whether there was one.
    mutating func lift(_ address: IPAddress, at now: Nanoseconds) -> Bool {
        let wasBanned = offenders.isBanned(address, at: now)
        offenders.pardon(address)
        return operatorBans.lift(address) || wasBanned
    }

    mutating func expire(at now: Nanoseconds) { operatorBans.expire(at: now) }

    /// When the operator's next ban ends.
    var earliestEnd: Nanoseconds? { operatorBans.earliestEnd }

    mutating func shun(_ endpoint: Endpoint) {
        shunned.remove(endpoint)
        if shunned.count >= PeeringLimits.maxShunned { shunned.removeFirst() }
        shunned.append(endpoint)
    }

    /// Ends a removal. Returns whether there was one.
    mutating func unshun(_ endpoint: Endpoint) -> Bool { shunned.remove(endpoint) != nil }

    func isShunned(_ endpoint: Endpoint) -> Bool { shunned.contains(endpoint) }

    /// Whether the operator does not want `endpoint` to be dialled.
    func isUnwanted(_ endpoint: Endpoint, at now: Nanoseconds) -> Bool {
        shunned.contains(endpoint) || operatorBans.contains(endpoint.address, at: now)
    }

    /// All bans, the operator's first; of two on one address the operator's counts.
    func bans(at now: Nanoseconds) -> [PeerBan] {
        let asked = operatorBans.all.filter { $0.until > now }.map { PeerBan(address: $0.address, until: $0.until, isOperators: true) }
        let earned = offenders.banned(at: now).filter { !operatorBans.contains($0.address, at: now) }
        return asked + earned.map { PeerBan(address: $0.address, until: $0.until, isOperators: false) }
    }

    // MARK: Tests

    /// Sentences about what does not hold.
    func checkInvariants() -> [String] {
        var broken: [String] = []
        if offenders.count > PeeringLimits.maxOffenders { broken.append("\(offenders.count) offenders") }
        if operatorBans.count > PeeringLimits.maxOperatorBans { broken.append("\(operatorBans.count) bans") }
        if shunned.count > PeeringLimits.maxShunned { broken.append("\(shunned.count) endpoints that are not to be dialled") }
        return broken
    }
}
