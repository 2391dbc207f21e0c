internal import CHash

/// A key or another string of a JSON text: a view of the text where it stands there as it is, a copy otherwise.
///
/// Valid as long as the reader's bytes are.
public struct JSONKey {
    private let text: UnsafeRawBufferPointer
    /// Set when the text holds escapes or invalid UTF-8.
    private let unescaped: [UInt8]?

    init(_ span: JSONStringSpan, in bytes: UnsafeRawBufferPointer) {
        text = UnsafeRawBufferPointer(rebasing: bytes[span.range])
        unescaped = span.isPlain ? nil : JSONKey.unescape(text)
    }

    /// The string's bytes. Allocates.
    public var bytes: ByteString { ByteString(copy()) }

    /// Whether the key is exactly `name`.
    public func equals(_ name: StaticString) -> Bool {
        withBytes { JSONKey.sameBytes($0, name.rawBytes) }
    }

    /// Whether Go would take this key for the field `name` (ASCII): letters match in either case, and by Unicode's
    /// simple folding U+017F is an s and U+212A a k.
    public func matches(_ name: StaticString) -> Bool {
        withBytes { key in
            // Nearly every key that matches is spelt as the field, and most that do not differ in the first letter.
            if JSONKey.sameBytes(key, name.rawBytes) { return true }
            if let first = key.first, let wanted = name.rawBytes.first, first < 0x80, (first ^ wanted) & ~0x20 != 0 {
                return false
            }
            return JSONKey.foldedEqual(key, name.rawBytes, ignoringUnderscores: false)
        }
    }

    /// As `matches`, but underscores do not count either: `chain_id` is `ChainID` (`protocol.md`, "Handshake").
    public func matchesIgnoringCaseAndUnderscore(_ name: StaticString) -> Bool {
        withBytes { JSONKey.foldedEqual($0, name.rawBytes, ignoringUnderscores: true) }
    }

    func copy() -> [UInt8] { unescaped ?? Array(text) }

    private func withBytes<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R {
        if let unescaped { return unescaped.withUnsafeBytes(body) }
        return body(text)
    }

    // MARK: Comparing

    private static func sameBytes(_ key: UnsafeRawBufferPointer, _ name: UnsafeRawBufferPointer) -> Bool {
        guard key.count == name.count else { return false }
        guard let left = key.baseAddress, let right = name.baseAddress else { return true }
        return chash_compare(left, right, key.count) == 0
    }

    private static func foldedEqual(
        _ key: UnsafeRawBufferPointer, _ name: UnsafeRawBufferPointer, ignoringUnderscores: Bool
    ) -> Bool {
        var keyIndex = 0
        var nameIndex = 0
        while true {
            if ignoringUnderscores {
                while keyIndex < key.count, key[keyIndex] == UInt8(ascii: "_") { keyIndex += 1 }
                while nameIndex < name.count, name[nameIndex] == UInt8(ascii: "_") { nameIndex += 1 }
            }
            if keyIndex == key.count || nameIndex == name.count {
                return keyIndex == key.count && nameIndex == name.count
            }
            let folded = fold(key, &keyIndex)
            if folded == 0 || folded != fold(name, &nameIndex) { return false }
        }
    }

    /// The lower-case ASCII character at `index`, which moves on; 0 for one that folds to none.
    private static func fold(_ text: UnsafeRawBufferPointer, _ index: inout Int) -> UInt8 {
        let byte = text[index]
        let next = index + 1 < text.count ? text[index + 1] : 0
        index += 1
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): return byte | 0x20
        case 0..<0x80: return byte
        case 0xc5 where next == 0xbf:  // U+017F, long s
            index += 1
            return UInt8(ascii: "s")
        case 0xe2 where next == 0x84 && index + 1 < text.count && text[index + 1] == 0xaa:  // U+212A, Kelvin sign
            index += 2
            return UInt8(ascii: "k")
        default: return 0
        }
    }

    // MARK: Unescaping

    /// What Go's `unquote` makes of a string whose escapes are known to be well formed.
    private static func unescape(_ text: UnsafeRawBufferPointer) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(text.count)
        var index = 0
        while index < text.count {
            let special = ByteScan.firstSpecial(in: text, from: index)
            out.append(contentsOf: UnsafeRawBufferPointer(rebasing: text[index..<special]))
            index = special
            guard index < text.count else { break }
            if text[index] == UInt8(ascii: "\\") {
                appendEscape(text, &index, to: &out)
            } else {
                let length = UTF8Scan.validLength(in: text, at: index)
                if length == 0 {
                    UTF8Scan.append(UTF8Scan.replacement.value, to: &out)
                } else {
                    out.append(contentsOf: UnsafeRawBufferPointer(rebasing: text[index..<index + length]))
                }
                index += max(length, 1)
            }
        }
        return out
    }

    private static func appendEscape(_ text: UnsafeRawBufferPointer, _ index: inout Int, to out: inout [UInt8]) {
        let letter = text[index + 1]
        index += 2
        switch letter {
        case UInt8(ascii: "b"): out.append(0x08)
        case UInt8(ascii: "f"): out.append(0x0c)
        case UInt8(ascii: "n"): out.append(0x0a)
        case UInt8(ascii: "r"): out.append(0x0d)
        case UInt8(ascii: "t"): out.append(0x09)
        case UInt8(ascii: "u"):
            var scalar = codeUnit(text, at: index)
            index += 4
            if (0xd800..<0xdc00).contains(scalar), let low = lowSurrogate(text, at: index) {
                scalar = 0x10000 + (scalar - 0xd800) << 10 + (low - 0xdc00)
                index += 6
            }
            UTF8Scan.append(scalar, to: &out)
        default: out.append(letter)  // a quote, a backslash, a slash
        }
    }

    private static func lowSurrogate(_ text: UnsafeRawBufferPointer, at index: Int) -> UInt32? {
        guard index + 6 <= text.count, text[index] == UInt8(ascii: "\\"), text[index + 1] == UInt8(ascii: "u") else {
            return nil
        }
        let unit = codeUnit(text, at: index + 2)
        return (0xdc00..<0xe000).contains(unit) ? unit : nil
    }

    private static func codeUnit(_ text: UnsafeRawBufferPointer, at index: Int) -> UInt32 {
        var unit: UInt32 = 0
        for digit in text[index..<index + 4] { unit = unit << 4 | UInt32(Hex.value(ofDigit: digit) ?? 0) }
        return unit
    }
}

extension StaticString {
    /// The bytes of a name in code, which live as long as the program.
    fileprivate var rawBytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: utf8Start, count: utf8CodeUnitCount)
    }
}
