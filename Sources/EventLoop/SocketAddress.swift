internal import CUV

/// An IPv4 or IPv6 address with a port, as a plain value: no allocation, cheap to compare.
///
/// An IPv4 address mapped into IPv6 (`::ffff:10.0.0.1`, what a listener on `::` sees) is the IPv4 address, so that one
/// machine is one address however it came.
public struct SocketAddress: Hashable, Sendable {
    public let isIPv4: Bool
    /// The 16 bytes in network order as two numbers; an IPv4 address is the lowest 32 bits of `low`.
    public let high: UInt64
    public let low: UInt64
    /// The interface of a link-local IPv6 address, 0 otherwise.
    let scope: UInt32
    public var port: UInt16

    /// The address that `host` writes (`10.0.0.1`, `::1`, `fe80::1%eth0`), or `nil` when it is a name or nothing. No lookup
    /// is made.
    public init?(host: String, port: UInt16) {
        var (bytes, scope) = ([UInt8](repeating: 0, count: 16), UInt32(0))
        let family = podoru_uv_address_parse(host, &bytes, &scope)
        self.init(bytes: bytes.prefix(family == 4 ? 4 : family == 6 ? 16 : 0), scope: scope, port: port)
    }

    /// `bytes` are 4 or 16, in network order.
    private init?(bytes: some Collection<UInt8>, scope: UInt32, port: UInt16) {
        func number(_ part: some Collection<UInt8>) -> UInt64 { part.reduce(0) { $0 << 8 | UInt64($1) } }
        switch bytes.count {
        case 4:
            self.init(isIPv4: true, low: number(bytes), port: port)
        case 16:
            let (first, second) = (number(bytes.prefix(8)), number(bytes.suffix(8)))
            if first == 0, second >> 32 == 0xffff {
                self.init(isIPv4: true, low: second & 0xffff_ffff, port: port)
            } else {
                self.init(isIPv4: false, high: first, low: second, scope: scope, port: port)
            }
        default:
            return nil
        }
    }

    private init(isIPv4: Bool, high: UInt64 = 0, low: UInt64, scope: UInt32 = 0, port: UInt16) {
        self.isIPv4 = isIPv4
        self.high = high
        self.low = low
        self.scope = scope
        self.port = port
    }

    /// `::`: every address of the machine, IPv4 too.
    public static func anyV6(port: UInt16 = 0) -> SocketAddress { SocketAddress(isIPv4: false, low: 0, port: port) }

    /// `127.0.0.1`.
    public static func loopbackV4(port: UInt16 = 0) -> SocketAddress { SocketAddress(isIPv4: true, low: 0x7f00_0001, port: port) }

    /// `::1`.
    public static func loopbackV6(port: UInt16 = 0) -> SocketAddress { SocketAddress(isIPv4: false, low: 1, port: port) }

    /// 4 or 16 bytes in network order.
    private var bytes: [UInt8] {
        isIPv4
            ? withUnsafeBytes(of: UInt32(truncatingIfNeeded: low).bigEndian) { Array($0) }
            : withUnsafeBytes(of: (high.bigEndian, low.bigEndian)) { Array($0) }
    }
}

extension SocketAddress: CustomStringConvertible {
    /// The address without the port, as a person writes it: `10.0.0.1`, `::1`, `fe80::1%eth0`.
    public var host: String {
        let text = withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(INET6_ADDRSTRLEN)) { buffer in
            _ = bytes.withUnsafeBytes { uv_inet_ntop(isIPv4 ? AF_INET : AF_INET6, $0.baseAddress, buffer.baseAddress, buffer.count) }
            return buffer.baseAddress.map { String(cString: $0) } ?? ""
        }
        return scope == 0 ? text : "\(text)%\(Self.interfaceName(scope))"
    }

    /// `10.0.0.1:9000` or `[::1]:9000`.
    public var description: String { isIPv4 ? "\(host):\(port)" : "[\(host)]:\(port)" }

    private static func interfaceName(_ scope: UInt32) -> String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(UV_IF_NAMESIZE)) { buffer in
            var count = buffer.count
            guard uv_if_indextoname(scope, buffer.baseAddress, &count) == 0, let base = buffer.baseAddress else {
                return String(scope)
            }
            return String(cString: base)
        }
    }
}

extension SocketAddress {
    /// The address in C's form, or `nil` when it is not an IP address.
    init?(_ storage: sockaddr_storage) {
        var (storage, scope, port) = (storage, UInt32(0), UInt16(0))
        let address = withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 16) { bytes -> SocketAddress? in
            let family = podoru_uv_address_get(&storage, bytes.baseAddress, &scope, &port)
            return SocketAddress(bytes: bytes.prefix(family == 4 ? 4 : family == 6 ? 16 : 0), scope: scope, port: port)
        }
        guard let address else { return nil }
        self = address
    }

    /// The address that `fill` writes into C's form, as `uv_tcp_getpeername` and its kin do.
    static func read(_ fill: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<CInt>) -> CInt) -> SocketAddress? {
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
        podoru_uv_address_set(&storage, isIPv4 ? 4 : 6, bytes, scope, port)
        return withUnsafeBytes(of: &storage) { raw in
            raw.baseAddress.map { body($0.assumingMemoryBound(to: sockaddr.self)) } ?? UV_EINVAL.rawValue
        }
    }
}
