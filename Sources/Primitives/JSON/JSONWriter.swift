/// Writes JSON byte for byte as Go's `encoding/json` does (`ledger.md`, "Canonical JSON"), onto the end of an array.
///
/// It writes what it is told in the order it is told. Commas and braces are `object`'s and `array`'s, or the caller's as `raw`, where consensus
/// hangs on each byte.
public struct JSONWriter {
    /// What is written so far.
    public var bytes: [UInt8]

    /// An empty writer with room for `capacity` bytes.
    public init(capacity: Int) {
        bytes = []
        bytes.reserveCapacity(capacity)
    }

    /// Text that is JSON already: braces, commas, keys.
    public mutating func raw(_ text: StaticString) {
        text.withUTF8Buffer { bytes.append(contentsOf: $0) }
    }

    /// Bytes that are JSON already.
    public mutating func raw(_ text: [UInt8]) {
        bytes.append(contentsOf: text)
    }

    /// Bytes that are JSON already.
    public mutating func raw(_ text: UnsafeRawBufferPointer) {
        bytes.append(contentsOf: text)
    }

    /// A quoted string, escaped as Go does with HTML escaping on; each invalid UTF-8 byte becomes `\ufffd`.
    public mutating func string(_ text: ByteString) {
        text.bytes.withUnsafeBytes { string($0) }
    }

    /// A quoted string, escaped in the same way.
    public mutating func string(_ text: String) {
        var text = text
        text.withUTF8 { string(UnsafeRawBufferPointer($0)) }
    }

    /// A quoted string in which only that is escaped which JSON wants escaped (RFC 8259, 7): for what no web page and no Go node reads, as
    /// lines of a log.
    public mutating func plainString(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case 0x08, 0x0c: appendNumbered(byte)
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), ..<0x20: appendEscape(byte)
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    /// A quoted string of UTF-8 bytes.
    public mutating func string(_ text: UnsafeRawBufferPointer) {
        bytes.append(UInt8(ascii: "\""))
        var index = 0
        while index < text.count {
            let special = ByteScan.firstEscaped(in: text, from: index)
            raw(UnsafeRawBufferPointer(rebasing: text[index..<special]))
            index = special
            if index < text.count { index += appendSpecial(text, at: index) }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    /// An integer of at most 64 bits, in decimal.
    @inlinable
    public mutating func integer(_ value: some FixedWidthInteger) {
        decimal(UInt64(value.magnitude), isNegative: value < 0)
    }

    @usableFromInline
    mutating func decimal(_ value: UInt64, isNegative: Bool) {
        if isNegative { bytes.append(UInt8(ascii: "-")) }
        var magnitude = value
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in  // 2^64 has 20 digits
            var start = digits.count
            repeat {
                start -= 1
                digits[start] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: magnitude % 10)
                magnitude /= 10
            } while magnitude > 0
            raw(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(digits)[start...]))
        }
    }

    /// A field of Go's type `[]byte`: `null` when nil, otherwise quoted padded base64 (`""` when empty).
    public mutating func base64(_ value: [UInt8]?) {
        guard let value else { return raw("null") }
        bytes.append(UInt8(ascii: "\""))
        value.withUnsafeBytes { Base64.encode($0, into: &bytes) }
        bytes.append(UInt8(ascii: "\""))
    }

    /// `true` or `false`.
    public mutating func bool(_ value: Bool) {
        raw(value ? "true" : "false")
    }

    /// Writes the character at `index` that may need an escape; how many bytes of the text it was.
    private mutating func appendSpecial(_ text: UnsafeRawBufferPointer, at index: Int) -> Int {
        let byte = text[index]
        guard byte >= 0x80 else {
            appendEscape(byte)
            return 1
        }
        let length = UTF8Scan.validLength(in: text, at: index)
        if length == 0 {
            raw("\\ufffd")
            return 1
        }
        // U+2028 and U+2029 end a line in JavaScript.
        if byte == 0xe2, text[index + 1] == 0x80, text[index + 2] == 0xa8 || text[index + 2] == 0xa9 {
            raw(text[index + 2] == 0xa8 ? "\\u2028" : "\\u2029")
        } else {
            raw(UnsafeRawBufferPointer(rebasing: text[index..<index + length]))
        }
        return length
    }

    private mutating func appendEscape(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""): raw("\\\"")
        case UInt8(ascii: "\\"): raw("\\\\")
        case 0x08: raw("\\b")
        case 0x0c: raw("\\f")
        case 0x0a: raw("\\n")
        case 0x0d: raw("\\r")
        case 0x09: raw("\\t")
        default: appendNumbered(byte)
        }
    }

    private mutating func appendNumbered(_ byte: UInt8) {
        raw("\\u00")
        bytes.append(Hex.digit(byte >> 4))
        bytes.append(Hex.digit(byte))
    }
}
