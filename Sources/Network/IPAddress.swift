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
        self.init(utf8: text.utf8)
    }

    package init?(utf8 text: some Collection<UInt8>) {
        guard (2...45).contains(text.count) else { return nil }  // "::" … INET6_ADDRSTRLEN without the terminator
        if let word = IPAddress.parseIPv4(text) {
            self.init(ipv4: word)
        } else if let (high, low) = IPAddress.parseIPv6(Array(text)[...]) {
            self.init(high: high, low: low)
        } else {
            return nil
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

    /// The first `length` bits, the rest zero.
    fileprivate func masked(to length: Int) -> IPAddress {
        // A shift by the width of a word or more gives 0 in Swift.
        if isIPv4 { return IPAddress(ipv4: UInt32(truncatingIfNeeded: low & ~(0xFFFF_FFFF >> UInt64(length)))) }
        return IPAddress(high: high & ~(UInt64.max >> UInt64(min(length, 64))), low: low & ~(UInt64.max >> UInt64(max(length - 64, 0))))
    }

    // MARK: Reading

    private static func parseIPv4(_ text: some Collection<UInt8>) -> UInt32? {
        var word: UInt32 = 0
        var part: UInt32 = 0
        var digits = 0
        var dots = 0
        for byte in text {
            if byte == UInt8(ascii: ".") {
                guard digits > 0, dots < 3 else { return nil }
                word = word << 8 | part
                part = 0
                digits = 0
                dots += 1
            } else {
                // A part that has begun with a zero is that zero.
                guard 0x30...0x39 ~= byte, digits == 0 || part != 0 else { return nil }
                part = part * 10 + UInt32(byte - 0x30)
                digits += 1
                guard part <= 255 else { return nil }
            }
        }
        return digits > 0 && dots == 3 ? word << 8 | part : nil
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
        if isIPv4 { return ipv4Text }
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

extension IPAddress {
    /// Written digit by digit: peer lists hold a thousand of these.
    private var ipv4Text: String {
        String(unsafeUninitializedCapacity: 15) { out in
            var count = 0
            for shift in [24, 16, 8, 0] as [UInt64] {
                let part = UInt8(truncatingIfNeeded: low >> shift)
                if part >= 100 {
                    out[count] = 0x30 + part / 100
                    count += 1
                }
                if part >= 10 {
                    out[count] = 0x30 + part / 10 % 10
                    count += 1
                }
                out[count] = 0x30 + part % 10
                count += 1
                if shift > 0 {
                    out[count] = UInt8(ascii: ".")
                    count += 1
                }
            }
            return count
        }
    }
}

/// A range of addresses as configuration writes it: `10.0.0.0/8`, `2001:db8::/32`, or one address.
public struct IPNetwork: Hashable, Sendable {
    public let address: IPAddress
    /// Leading bits that count: 0…32 for IPv4, 0…128 for IPv6.
    public let prefixLength: Int

    /// `nil` unless `text` is an address or `address/length` with a length that the family has. IPv4 networks are written as IPv4, not
    /// inside IPv6.
    public init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        // IPv4 inside IPv6 would have a length that counts from another place.
        guard let address = IPAddress(parts[0]), !(address.isIPv4 && parts[0].utf8.contains(UInt8(ascii: ":"))) else { return nil }
        let bits = address.isIPv4 ? 32 : 128
        var length = bits
        if parts.count == 2 {
            guard (1...3).contains(parts[1].utf8.count), parts[1].utf8.allSatisfy({ 0x30...0x39 ~= $0 }), let read = Int(parts[1]),
                read <= bits
            else { return nil }
            length = read
        }
        self.init(address: address, prefixLength: length)
    }

    private init(address: IPAddress, prefixLength: Int) {
        self.address = address
        self.prefixLength = prefixLength
    }

    /// The same network without bits beyond its length.
    public var masked: IPNetwork { IPNetwork(address: address.masked(to: prefixLength), prefixLength: prefixLength) }

    public func contains(_ other: IPAddress) -> Bool { address.sharesPrefix(prefixLength, with: other) }
}

extension IPNetwork: CustomStringConvertible {
    /// `address/length`; reads back to the same value.
    public var description: String { "\(address)/\(prefixLength)" }
}
