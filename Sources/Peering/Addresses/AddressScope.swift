public import Network

/// How far an address reaches. An address is only told to, and only taken from, peers that it can mean the same
/// thing to: `127.0.0.1:9000` from a peer on the internet is this machine, not theirs.
public enum AddressScope: UInt8, Comparable, Sendable {
    /// Unspecified, multicast, reserved: nothing can be dialled there.
    case unroutable
    /// This machine.
    case loopback
    /// A private or link-local network: RFC 1918, RFC 6598, RFC 3927, RFC 4193, RFC 4291 section 2.5.6.
    case local
    /// The internet. Names count here too, until a dial shows what they stand for.
    case global

    public static func < (left: AddressScope, right: AddressScope) -> Bool { left.rawValue < right.rawValue }
}

extension IPAddress {
    /// How far the address reaches.
    public var scope: AddressScope {
        if isLoopback { return .loopback }
        if isUnspecified { return .unroutable }
        return isIPv4 ? IPAddress.scope(ofIPv4: low) : IPAddress.scope(ofIPv6: high)
    }

    private static func scope(ofIPv4 number: UInt64) -> AddressScope {
        switch number >> 24 {
        // 0.0.0.0/8 "this network" (RFC 1122), multicast, reserved and broadcast.
        case 0, 224...: .unroutable
        case 10: .local
        case 172 where number >> 20 & 0xf == 1: .local
        case 192 where number >> 16 & 0xff == 168: .local
        case 169 where number >> 16 & 0xff == 254: .local
        // 100.64.0.0/10, behind a carrier's NAT (RFC 6598).
        case 100 where number >> 22 & 3 == 1: .local
        default: .global
        }
    }

    private static func scope(ofIPv6 high: UInt64) -> AddressScope {
        if high >> 56 == 0xff { return .unroutable }
        // fc00::/7 unique local, fe80::/10 link local.
        return high >> 57 == 0xfc >> 1 || high >> 54 == 0xfe80 >> 6 ? .local : .global
    }

    /// What counts as one address for limits, scores and bans: an IPv4 address, or the /64 of an IPv6 address,
    /// because a /64 is what one customer is given (RFC 6177) and holds 2^64 addresses.
    var limitKey: IPAddress {
        isIPv4 || isLoopback ? self : IPAddress(high: high, low: 0)
    }

    /// Bytes that differ between addresses, for keyed hashing.
    var keyBytes: [UInt8] {
        [isIPv4 ? 4 : 6] + bigEndianBytes(high) + bigEndianBytes(low)
    }
}

extension Endpoint {
    /// How far the host reaches. `localhost` is the loopback (RFC 6761 section 6.3).
    public var scope: AddressScope {
        if let address { return address.scope }
        return host == "localhost" || host.hasSuffix(".localhost") ? .loopback : .global
    }

    /// Bytes that differ between endpoints, for keyed hashing.
    var keyBytes: [UInt8] {
        (address?.keyBytes ?? [2] + Array(host.utf8)) + bigEndianBytes(port)
    }
}

/// The bytes of `number`, most significant first.
func bigEndianBytes(_ number: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: number.bigEndian) { Array($0) }
}
