internal import Network
internal import OrderedCollections
internal import Primitives

/// Scores and bans by address (by /64 for IPv6), kept beyond the connection. At most `PeeringLimits.maxOffenders`.
struct OffenderTable: Sendable {
    struct Offender: Sendable {
        var score = 0
        var scoredAt: Nanoseconds = 0
        var bannedUntil: Nanoseconds = 0
        var banCount = 0
    }

    private var offenders: OrderedDictionary<IPAddress, Offender> = [:]

    func isBanned(_ address: IPAddress, at now: Nanoseconds) -> Bool {
        (offenders[address.limitKey]?.bannedUntil ?? 0) > now
    }

    /// Adds to the score of an address. Returns how long it is banned when that fills the score.
    mutating func add(_ score: Int, to address: IPAddress, at now: Nanoseconds) -> Nanoseconds? {
        let key = address.limitKey
        var offender = offenders[key] ?? Offender(scoredAt: now)
        offender.forgive(at: now)
        offender.score += score
        var ban: Nanoseconds?
        if offender.score >= PeeringLimits.banScore {
            let duration = PeeringLimits.banMin << Nanoseconds(min(offender.banCount, 10))
            ban = min(duration, PeeringLimits.banMax)
            offender.bannedUntil = max(offender.bannedUntil, now + min(duration, PeeringLimits.banMax))
            offender.banCount += 1
            offender.score = 0
        }
        if offenders[key] == nil, offenders.count >= PeeringLimits.maxOffenders { makeRoom(at: now) }
        offenders[key] = offender
        return ban
    }

    func score(of address: IPAddress, at now: Nanoseconds) -> Int {
        guard var offender = offenders[address.limitKey] else { return 0 }
        offender.forgive(at: now)
        return offender.score
    }

    /// Lifts a ban and forgets the score.
    mutating func pardon(_ address: IPAddress) {
        offenders.removeValue(forKey: address.limitKey)
    }

    /// Banned addresses and the uptime at which each is free again.
    func banned(at now: Nanoseconds) -> [(address: IPAddress, until: Nanoseconds)] {
        offenders.filter { $0.value.bannedUntil > now }.map { ($0.key, $0.value.bannedUntil) }
    }

    var count: Int { offenders.count }

    /// Forgets who has atoned, or else the one with the least left to.
    private mutating func makeRoom(at now: Nanoseconds) {
        offenders.removeAll { $0.value.isAtoned(at: now) }
        guard offenders.count >= PeeringLimits.maxOffenders else { return }
        let least = offenders.min { ($0.value.bannedUntil, $0.value.score) < ($1.value.bannedUntil, $1.value.score) }
        if let least { offenders.removeValue(forKey: least.key) }
    }
}

extension OffenderTable.Offender {
    /// Takes off what time has forgiven.
    mutating func forgive(at now: Nanoseconds) {
        let points = max(0, now - scoredAt) / PeeringLimits.forgiveInterval
        score = max(0, score - Int(clamping: points))
        scoredAt += points * PeeringLimits.forgiveInterval
    }

    /// Whether nothing is left to remember: no score, and the ban over for as long as the next one would be doubled.
    func isAtoned(at now: Nanoseconds) -> Bool {
        var copy = self
        copy.forgive(at: now)
        return copy.score == 0 && now >= bannedUntil + (banCount > 0 ? PeeringLimits.banMax : 0)
    }
}
