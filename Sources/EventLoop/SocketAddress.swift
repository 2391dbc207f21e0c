internal import CUV

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// An IPv4 or IPv6 address as a plain value: no allocation, comparable for limits by address.
///
/// An IPv4 address mapped into IPv6 (`::ffff:10.0.0.1`, what a listener on `::` sees) is the IPv4 address, so that
/// one machine is one address however it came.
public struct IPAddress: Hashable, Sendable {
    public enum Family: Hashable, Sendable {
        case v4
        case v6
    }

    public let family: Family
    /// The 16 bytes in network order as two numbers; an IPv4 address is the lowest 32 bits of `low`.
    private let high: UInt64
    private let low: UInt64
    /// The interface of a link-local IPv6 address, 0 otherwise.
    let scope: UInt32

    /// 4 or 16 bytes in network order, or `nil` for another count.
    public init?(bytes: [UInt8]) {
        self.init(bytes: bytes, scope: 0)
    }

    init?(bytes: some Collection<UInt8>, scope: UInt32) {
        func number(_ part: some Collection<UInt8>) -> UInt64 { part.reduce(0) { $0 << 8 | UInt64($1) } }
        switch bytes.count {
        case 4:
            (family, high, low, self.scope) = (.v4, 0, number(bytes), 0)
        case 16:
            let (first, second) = (number(bytes.prefix(8)), number(bytes.suffix(8)))
            if first == 0, second >> 32 == 0xffff {
                (family, high, low, self.scope) = (.v4, 0, second & 0xffff_ffff, 0)
            } else {
                (family, high, low, self.scope) = (.v6, first, second, scope)
            }
        default:
            return nil
        }
    }

    /// The address that `text` writes (`10.0.0.1`, `::1`, `fe80::1%eth0`), or `nil` when it is a name or nothing.
    /// No lookup is made.
    public init?(_ text: String) {
        var v4 = sockaddr_in()
        var v6 = sockaddr_in6()
        if uv_ip4_addr(text, 0, &v4) == 0 {
            self.init(bytes: withUnsafeBytes(of: v4.sin_addr) { Array($0) }, scope: 0)
        } else if uv_ip6_addr(text, 0, &v6) == 0 {
            self.init(bytes: withUnsafeBytes(of: v6.sin6_addr) { Array($0) }, scope: v6.sin6_scope_id)
        } else {
            return nil
        }
    }

    /// The 4 or 16 bytes in network order. Allocates.
    public var bytes: [UInt8] {
        switch family {
        case .v4: withUnsafeBytes(of: UInt32(truncatingIfNeeded: low).bigEndian) { Array($0) }
        case .v6: withUnsafeBytes(of: (high.bigEndian, low.bigEndian)) { Array($0) }
        }
    }

    public static let anyV4 = IPAddress(family: .v4, high: 0, low: 0)
    public static let anyV6 = IPAddress(family: .v6, high: 0, low: 0)
    public static let loopbackV4 = IPAddress(family: .v4, high: 0, low: 0x7f00_0001)
    public static let loopbackV6 = IPAddress(family: .v6, high: 0, low: 1)

    private init(family: Family, high: UInt64, low: UInt64) {
        (self.family, self.high, self.low, scope) = (family, high, low, 0)
    }
}

extension IPAddress: CustomStringConvertible {
    /// As a person writes it: `10.0.0.1`, `::1`, `fe80::1%eth0`.
    public var description: String {
        let text = withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(INET6_ADDRSTRLEN)) { buffer in
            _ = bytes.withUnsafeBytes { raw in
                uv_inet_ntop(family == .v4 ? AF_INET : AF_INET6, raw.baseAddress, buffer.baseAddress, buffer.count)
            }
            return buffer.baseAddress.map { String(cString: $0) } ?? ""
        }
        return scope == 0 ? text : "\(text)%\(Self.interfaceName(scope))"
    }

    private static func interfaceName(_ scope: UInt32) -> String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(IF_NAMESIZE) + 1) { buffer in
            var count = buffer.count
            guard uv_if_indextoname(scope, buffer.baseAddress, &count) == 0, let base = buffer.baseAddress else {
                return String(scope)
            }
            return String(cString: base)
        }
    }
}

/// An IP address and a port.
public struct SocketAddress: Hashable, Sendable {
    public var ip: IPAddress
    public var port: UInt16

    public init(_ ip: IPAddress, port: UInt16) {
        self.ip = ip
        self.port = port
    }

    /// The address that `host` writes, or `nil` when it is a name or nothing. No lookup is made.
    public init?(host: String, port: UInt16) {
        guard let ip = IPAddress(host) else { return nil }
        self.init(ip, port: port)
    }
}

extension SocketAddress: CustomStringConvertible {
    /// `10.0.0.1:9000` or `[::1]:9000`.
    public var description: String { ip.family == .v4 ? "\(ip):\(port)" : "[\(ip)]:\(port)" }
}

extension SocketAddress {
    /// The address in C's form, or `nil` when it is not an IP address.
    init?(_ storage: sockaddr_storage) {
        var (storage, scope, port) = (storage, UInt32(0), UInt16(0))
        let ip = withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 16) { bytes -> IPAddress? in
            let family = podoru_uv_address_get(&storage, bytes.baseAddress, &scope, &port)
            return IPAddress(bytes: bytes.prefix(family == 4 ? 4 : family == 6 ? 16 : 0), scope: scope)
        }
        guard let ip else { return nil }
        self.init(ip, port: port)
    }

    /// The address that `fill` writes into C's form, as `uv_tcp_getpeername` and its kin do.
    static func read(
        _ fill: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<CInt>) -> CInt
    ) -> SocketAddress? {
        var storage = sockaddr_storage()
        var count = CInt(MemoryLayout<sockaddr_storage>.size)
        let code = withUnsafeMutableBytes(of: &storage) { raw in
            raw.baseAddress.map { fill($0.assumingMemoryBound(to: sockaddr.self), &count) } ?? UV_EINVAL.rawValue
        }
        return code == 0 ? SocketAddress(storage) : nil
    }

    /// Gives `body` the address in C's form, valid during the call.
    func withSockaddr(_ body: (UnsafePointer<sockaddr>) -> CInt) -> CInt {
        var storage = sockaddr_storage()
        podoru_uv_address_set(&storage, ip.family == .v4 ? 4 : 6, ip.bytes, ip.scope, port)
        return withUnsafeBytes(of: &storage) { raw in
            raw.baseAddress.map { body($0.assumingMemoryBound(to: sockaddr.self)) } ?? UV_EINVAL.rawValue
        }
    }
}
