/// Hexadecimal text, written in lower case and read in any.
public enum Hex {
    /// The two digits of each byte, without a prefix.
    public static func encode(_ bytes: some Collection<UInt8>) -> [UInt8] {
        var text: [UInt8] = []
        append(bytes, to: &text)
        return text
    }

    /// As for any bytes, but some 30 ns for a hash: every answer of the API has some.
    public static func encode(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: 2 * bytes.count) { room, count in
            for byte in bytes {
                room[count] = digit(byte >> 4)
                room[count + 1] = digit(byte)
                count += 2
            }
        }
    }

    /// As for any bytes, without a copy of them.
    public static func encode(_ bytes: [UInt8]) -> [UInt8] {
        bytes.withUnsafeBytes { encode($0) }
    }

    /// `0x` and the two digits of each byte.
    public static func encodePrefixed(_ bytes: some Collection<UInt8>) -> [UInt8] {
        var text: [UInt8] = [UInt8(ascii: "0"), UInt8(ascii: "x")]
        append(bytes, to: &text)
        return text
    }

    /// The digits as a `String`, without a prefix.
    public static func string(_ bytes: some Collection<UInt8>) -> String {
        String(decoding: encode(bytes), as: UTF8.self)
    }

    /// The digits as a `String` behind `0x`.
    public static func prefixedString(_ bytes: some Collection<UInt8>) -> String {
        String(decoding: encodePrefixed(bytes), as: UTF8.self)
    }

    /// The bytes that an even number of digits spells, or `nil` for anything else. A prefix is not a digit.
    public static func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
        guard text.count.isMultiple(of: 2) else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 2)
        var high: UInt8?
        for character in text {
            guard let digit = value(ofDigit: character) else { return nil }
            if let first = high {
                bytes.append(first << 4 | digit)
                high = nil
            } else {
                high = digit
            }
        }
        return bytes
    }

    /// The bytes of digits that stand behind a lower-case `0x`, or `nil`.
    public static func decodePrefixed(_ text: some Collection<UInt8>) -> [UInt8]? {
        hasPrefix(text) ? decode(text.dropFirst(2)) : nil
    }

    /// The bytes of digits with or without a lower-case `0x`, or `nil`.
    public static func decodeOptionallyPrefixed(_ text: some Collection<UInt8>) -> [UInt8]? {
        decodePrefixed(text) ?? decode(text)
    }

    /// 0…15, or `nil` for what is not a hexadecimal digit.
    @inlinable
    public static func value(ofDigit character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): character - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    /// The lower-case digit of the low four bits of `value`.
    @inlinable
    static func digit(_ value: UInt8) -> UInt8 {
        let low = value & 15
        return low < 10 ? UInt8(ascii: "0") + low : UInt8(ascii: "a") + low - 10
    }

    private static func hasPrefix(_ text: some Collection<UInt8>) -> Bool {
        text.starts(with: [UInt8(ascii: "0"), UInt8(ascii: "x")])
    }

    private static func append(_ bytes: some Collection<UInt8>, to text: inout [UInt8]) {
        text.reserveCapacity(text.count + 2 * bytes.count)
        for byte in bytes {
            text.append(digit(byte >> 4))
            text.append(digit(byte))
        }
    }
}

extension Hash32 {
    /// 64 lower-case digits.
    public var hex: String { withUnsafeBytes { Hex.string($0) } }
    /// `0x` and 64 lower-case digits, as the handshake and the API write hashes.
    public var prefixedHex: String { withUnsafeBytes { Hex.prefixedString($0) } }

    /// The hash that 64 digits spell, with or without a lower-case `0x`, or `nil`.
    public init?(hex text: some Collection<UInt8>) {
        guard let bytes = Hex.decodeOptionallyPrefixed(text) else { return nil }
        self.init(bytes)
    }

    /// The hash that 64 digits spell, with or without a lower-case `0x`, or `nil`.
    public init?(hex text: String) {
        self.init(hex: text.utf8)
    }
}

extension Hash32: CustomStringConvertible {
    public var description: String { hex }
}
