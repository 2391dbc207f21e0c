internal import Network
internal import OrderedCollections
internal import Primitives

/// Addresses (the /64 for IPv6) that the operator keeps out. Unlike bans for faults they hold for exempt addresses and for
/// configured peers too: who asks for one means it. At most `PeeringLimits.maxOperatorBans`, and gone when the node ends.
struct OperatorBans: Sendable {
    private var ends: OrderedDictionary<IPAddress, Nanoseconds> = [:]

    var count: Int { ends.count }
    /// When the next one ends.
    var earliestEnd: Nanoseconds? { ends.values.min() }
    /// Banned addresses and the uptime at which each is free again.
    var all: [(address: IPAddress, until: Nanoseconds)] { ends.map { ($0.key, $0.value) } }

    func contains(_ address: IPAddress?, at now: Nanoseconds) -> Bool {
        guard let address, let end = ends[address.limitKey] else { return false }
        return end > now
    }

    /// Bans until an uptime; the last word counts, a shorter one too. Returns false when there is no room for another address.
    mutating func ban(_ address: IPAddress, until end: Nanoseconds) -> Bool {
        let key = address.limitKey
        guard ends[key] != nil || ends.count < PeeringLimits.maxOperatorBans else { return false }
        ends[key] = end
        return true
    }

    /// Returns whether there was one.
    mutating func lift(_ address: IPAddress) -> Bool { ends.removeValue(forKey: address.limitKey) != nil }

    mutating func expire(at now: Nanoseconds) {
        ends.removeAll { $0.value <= now }
    }
}
