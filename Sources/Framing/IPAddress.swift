/// An IPv4 or IPv6 address as a number. An IPv4 address inside IPv6 (`::ffff:1.2.3.4`) is that IPv4 address: a
/// dual-stack socket shows the same peer both ways, and limits per address must not count it twice.
public struct IPAddress: Hashable, Sendable {
    /// Whether this is IPv4; its 32 bits are then the low ones of `low`.
    public let isIPv4: Bool
    /// The upper half; 0 for IPv4.
    public let high: UInt64
    public let low: UInt64

    public init(ipv4: UInt32) {
        isIPv4 = true
        high = 0
        low = UInt64(ipv4)
    }

    /// Normalises an IPv4-mapped address to IPv4.
    public init(high: UInt64, low: UInt64) {
        let isMapped = high == 0 && low >> 32 == 0xFFFF
        isIPv4 = isMapped
        self.high = high
        self.low = isMapped ? low & 0xFFFF_FFFF : low
    }

    /// Reads `1.2.3.4` or an IPv6 address without brackets or zone. `nil` for anything else, also for the old short and
    /// octal IPv4 forms, which resolvers read in different ways.
    public init?(_ text: some StringProtocol) {
        let bytes = Array(text.utf8.prefix(46))
        guard bytes.count <= 45 else { return nil }  // INET6_ADDRSTRLEN without the terminator
        if bytes.contains(UInt8(ascii: ":")) {
            guard let (high, low) = IPAddress.parseIPv6(bytes[...]) else { return nil }
            self.init(high: high, low: low)
        } else {
            guard let word = IPAddress.parseIPv4(bytes[...]) else { return nil }
            self.init(ipv4: word)
        }
    }

    /// `127.0.0.0/8` or `::1`.
    public var isLoopback: Bool { isIPv4 ? low >> 24 == 127 : high == 0 && low == 1 }

    /// `0.0.0.0` or `::`: every address of the machine when listening, nobody when dialling.
    public var isUnspecified: Bool { high == 0 && low == 0 }

    /// Whether the first `length` bits are those of `other`, both of one family.
    func sharesPrefix(_ length: Int, with other: IPAddress) -> Bool {
        guard isIPv4 == other.isIPv4 else { return false }
        if isIPv4 { return length == 0 || (low ^ other.low) >> UInt64(32 - length) == 0 }
        if length == 0 { return true }
        if length <= 64 { return (high ^ other.high) >> UInt64(64 - length) == 0 }
        return high == other.high && (low ^ other.low) >> UInt64(128 - length) == 0
    }

    // MARK: Reading

    private static func parseIPv4(_ bytes: ArraySlice<UInt8>) -> UInt32? {
        var word: UInt32 = 0
        var parts = 0
        for part in bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false) {
            guard (1...3).contains(part.count), part.allSatisfy({ 0x30...0x39 ~= $0 }), parts < 4 else { return nil }
            guard part.count == 1 || part.first != UInt8(ascii: "0") else { return nil }
            let value = part.reduce(0) { $0 * 10 + UInt32($1 - 0x30) }
            guard value <= 255 else { return nil }
            word = word << 8 | value
            parts += 1
        }
        return parts == 4 ? word : nil
    }

    private static func parseIPv6(_ bytes: ArraySlice<UInt8>) -> (high: UInt64, low: UInt64)? {
        var groups: [UInt16] = []
        var gap: Int?
        var rest = bytes
        if rest.starts(with: "::".utf8) {
            gap = 0
            rest = rest.dropFirst(2)
        }
        while !rest.isEmpty {
            let part = rest.prefix { $0 != UInt8(ascii: ":") }
            if part.contains(UInt8(ascii: ".")) {
                guard part.endIndex == rest.endIndex, let word = parseIPv4(part) else { return nil }
                groups += [UInt16(word >> 16), UInt16(word & 0xFFFF)]
                break
            }
            guard (1...4).contains(part.count), let group = parseGroup(part) else { return nil }
            groups.append(group)
            rest = rest.dropFirst(part.count)
            if rest.isEmpty { break }
            rest = rest.dropFirst()
            guard !rest.isEmpty else { return nil }
            if rest.first == UInt8(ascii: ":") {
                guard gap == nil else { return nil }
                gap = groups.count
                rest = rest.dropFirst()
            }
            guard groups.count <= 8 else { return nil }
        }
        if let gap {
            guard groups.count < 8 else { return nil }
            groups.insert(contentsOf: repeatElement(0, count: 8 - groups.count), at: gap)
        }
        guard groups.count == 8 else { return nil }
        let halves = [groups[..<4], groups[4...]].map { $0.reduce(UInt64(0)) { $0 << 16 | UInt64($1) } }
        return (halves[0], halves[1])
    }

    private static func parseGroup(_ digits: ArraySlice<UInt8>) -> UInt16? {
        var value: UInt16 = 0
        for digit in digits {
            switch digit {
            case 0x30...0x39: value = value << 4 | UInt16(digit - 0x30)
            case 0x41...0x46: value = value << 4 | UInt16(digit - 0x41 + 10)
            case 0x61...0x66: value = value << 4 | UInt16(digit - 0x61 + 10)
            default: return nil
            }
        }
        return value
    }
}

extension IPAddress: CustomStringConvertible {
    /// Dotted decimal, or the one canonical form of RFC 5952.
    public var description: String {
        if isIPv4 { return "\(low >> 24).\(low >> 16 & 255).\(low >> 8 & 255).\(low & 255)" }
        let groups = [high, low].flatMap { word in [48, 32, 16, 0].map { word >> UInt64($0) & 0xFFFF } }
        var longest = 0..<0
        var index = 0
        while index < 8 {
            var end = index
            while end < 8, groups[end] == 0 { end += 1 }
            if end - index > max(longest.count, 1) { longest = index..<end }
            index = max(end, index + 1)
        }
        let text = groups.map { String($0, radix: 16) }
        if longest.isEmpty { return text.joined(separator: ":") }
        return text[..<longest.lowerBound].joined(separator: ":") + "::" + text[longest.upperBound...].joined(separator: ":")
    }
}

/// A range of addresses as configuration writes it: `10.0.0.0/8`, `2001:db8::/32`, or one address.
public struct IPNetwork: Hashable, Sendable {
    public let address: IPAddress
    /// Leading bits that count: 0…32 for IPv4, 0…128 for IPv6.
    public let prefixLength: Int

    /// `nil` unless `text` is an address or `address/length` with a length that the family has.
    public init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let address = IPAddress(parts[0]) else { return nil }
        let bits = address.isIPv4 ? 32 : 128
        var length = bits
        if parts.count == 2 {
            guard (1...3).contains(parts[1].utf8.count), parts[1].utf8.allSatisfy({ 0x30...0x39 ~= $0 }), let read = Int(parts[1]),
                read <= bits
            else { return nil }
            length = read
        }
        self.address = address
        prefixLength = length
    }

    public func contains(_ other: IPAddress) -> Bool { address.sharesPrefix(prefixLength, with: other) }
}
