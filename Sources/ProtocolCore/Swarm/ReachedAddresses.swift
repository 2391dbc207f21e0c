public import Network
internal import Peering

/// Local addresses at which connections came in: where this host was reached says under which address others know it, on a listener
/// that is bound to all of them.
public struct ReachedAddresses: Hashable, Sendable {
    /// Addresses that are remembered: a host has few, and one is enough to find it.
    public static let capacity = 8

    /// The first that was reached first.
    public private(set) var addresses: [IPAddress] = []

    mutating func note(_ address: IPAddress) {
        guard addresses.count < ReachedAddresses.capacity, !addresses.contains(address) else { return }
        addresses.append(address)
    }
}

extension Swarm {
    /// Where peers find this node, as far as it knows, the surest first: what the operator announces, where it listens, where dials led
    /// back to it, and on which of its addresses it was reached.
    ///
    /// Bounded by `PeeringLimits.maxOwnEndpoints` and `ReachedAddresses.capacity`, and two.
    public func observedEndpoints(listeningAt bound: Endpoint?) -> [Endpoint] {
        let announced = Endpoint(core.configuration.peering.local.listenAddress).map { [$0] } ?? []
        let listening = bound.map { [$0] } ?? []
        let reached = reached.addresses.map { Endpoint(address: $0, port: bound?.port ?? 0) }
        var found: [Endpoint] = []
        for endpoint in announced + listening + core.peers.ownEndpoints + reached where endpoint.isDialable && !found.contains(endpoint) {
            found.append(endpoint)
        }
        return found
    }
}
