internal import Network

/// Who is likely to be run by one hand: the unit of diversity. An attacker has many addresses cheaply in one group
/// and few groups (Bitcoin Core's address groups).
///
/// Inside a private network or a machine there is no such price, and everybody shares the /16: there each address
/// (on the loopback each port) is a group of its own, so that diversity rules do not bind a laboratory.
enum NetworkGroup: Hashable, Sendable {
    /// An IPv4 /16 of the internet.
    case v4(UInt16)
    /// An IPv6 /32 of the internet.
    case v6(UInt32)
    /// One address of a private network, one port of this machine.
    case own(IPAddress, port: UInt16)
    /// A host name that nobody has resolved yet.
    case name(String)

    init(_ address: IPAddress, port: UInt16) {
        switch address.scope {
        case .loopback: self = .own(address, port: port)
        case .local, .unroutable: self = .own(address, port: 0)
        case .global:
            self =
                address.isIPv4
                ? .v4(UInt16(truncatingIfNeeded: address.low >> 16)) : .v6(UInt32(truncatingIfNeeded: address.high >> 32))
        }
    }

    init(_ endpoint: Endpoint) {
        if let address = endpoint.address {
            self.init(address, port: endpoint.port)
        } else {
            self = .name(endpoint.host)
        }
    }

    /// Whether the limit of outbound connections per group binds it.
    var isLimited: Bool {
        switch self {
        case .v4, .v6: true
        case .own, .name: false
        }
    }

    /// Bytes that differ between groups, for keyed hashing.
    var keyBytes: [UInt8] {
        switch self {
        case .v4(let prefix): [4] + bigEndianBytes(prefix)
        case .v6(let prefix): [6] + bigEndianBytes(prefix)
        case .own(let address, let port): [1] + address.keyBytes + bigEndianBytes(port)
        case .name(let name): [2] + Array(name.utf8)
        }
    }
}
