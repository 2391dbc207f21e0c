#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// A range of IP addresses: `10.0.0.0/8`, `2001:db8::/32`, or one address (RFC 4632, RFC 4291).
public struct CIDR: Hashable, Sendable {
    private let bits: IPBits
    /// The leading bits that count: 0…32 for IPv4, 0…128 for IPv6.
    public let prefixLength: Int

    /// `nil` unless `text` is an IPv4 or IPv6 address, alone or with a length that its family has. IPv4 networks are
    /// written as IPv4, not inside IPv6.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let address = parts.first, let bits = IPBits(address), !(bits.isIPv4 && address.contains(":")) else { return nil }
        let longest = bits.isIPv4 ? 32 : 128
        var length = longest
        if parts.count == 2 {
            let digits = parts[1].utf8
            guard 1...3 ~= digits.count, digits.allSatisfy({ 0x30...0x39 ~= $0 }), let read = Int(parts[1]), read <= longest
            else { return nil }
            length = read
        }
        self.init(bits: bits, prefixLength: length)
    }

    private init(bits: IPBits, prefixLength: Int) {
        self.bits = bits
        self.prefixLength = prefixLength
    }

    /// Whether `address`, an IPv4 or IPv6 address as text, lies in the range. An IPv4 address inside IPv6
    /// (`::ffff:1.2.3.4`) counts as IPv4.
    public func contains(_ address: String) -> Bool {
        guard let other = IPBits(address), other.isIPv4 == bits.isIPv4 else { return false }
        return other.masked(to: prefixLength) == bits.masked(to: prefixLength)
    }

    /// Whether no bit beyond the length is set.
    var hostBitsAreZero: Bool { bits.masked(to: prefixLength) == bits }

    /// The same range without bits beyond its length.
    var masked: CIDR { CIDR(bits: bits.masked(to: prefixLength), prefixLength: prefixLength) }
}

extension CIDR: CustomStringConvertible {
    /// `address/length`; reads back to the same value.
    public var description: String { "\(bits.description)/\(prefixLength)" }
}

/// An address as bits from the most significant on; IPv4 in the upper 32 of `high`.
struct IPBits: Hashable, Sendable {
    let isIPv4: Bool
    private let high: UInt64
    private let low: UInt64

    /// Reads what `inet_pton` reads: no short or octal forms, no zone. An IPv4 address inside IPv6 becomes IPv4.
    init?(_ text: String) {
        // The library would stop reading at a zero byte.
        if text.utf8.contains(0) { return nil }
        var four = in_addr()
        if inet_pton(AF_INET, text, &four) == 1 {
            self.init(isIPv4: true, high: UInt64(UInt32(bigEndian: four.s_addr)) << 32, low: 0)
            return
        }
        var six = in6_addr()
        guard inet_pton(AF_INET6, text, &six) == 1 else { return nil }
        let words = withUnsafeBytes(of: six) { bytes in
            (
                UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
                UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
            )
        }
        if words.0 == 0, words.1 >> 32 == 0xffff {
            self.init(isIPv4: true, high: words.1 << 32, low: 0)
        } else {
            self.init(isIPv4: false, high: words.0, low: words.1)
        }
    }

    private init(isIPv4: Bool, high: UInt64, low: UInt64) {
        self.isIPv4 = isIPv4
        self.high = high
        self.low = low
    }

    /// `0.0.0.0` or `::`.
    var isUnspecified: Bool { high == 0 && low == 0 }

    /// The first `length` bits, the rest zero. A shift by the width of a word or more gives 0 in Swift.
    func masked(to length: Int) -> IPBits {
        let upper = ~(UInt64.max >> UInt64(min(length, 64)))
        let lower = ~(UInt64.max >> UInt64(max(length - 64, 0)))
        return IPBits(isIPv4: isIPv4, high: high & upper, low: low & lower)
    }
}

extension IPBits: CustomStringConvertible {
    var description: String {
        var address: [UInt8] = []
        withUnsafeBytes(of: (high.bigEndian, low.bigEndian)) { address.append(contentsOf: $0) }
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        guard inet_ntop(isIPv4 ? AF_INET : AF_INET6, address, &text, socklen_t(text.count)) != nil else { return "" }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
