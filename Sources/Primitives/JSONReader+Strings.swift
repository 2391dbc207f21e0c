/// A string as it stands in the text: the bytes between the quotes, and whether they can be taken as they are.
struct JSONStringSpan {
    /// The bytes between the quotes.
    var range: Range<Int>
    /// No escape and no invalid UTF-8: the string is the very bytes.
    var isPlain: Bool
}

extension JSONReader {
    /// A string, unescaped. Invalid UTF-8 and lone surrogates become U+FFFD, one for each invalid byte, as in Go.
    /// Copies the bytes once; about 2 GB/s without escapes.
    public mutating func readString() throws(JSONError) -> ByteString {
        try expect(.string)
        return ByteString(JSONKey(try scanString(), in: bytes).copy())
    }

    /// A string as a view, for a comparison without an allocation.
    public mutating func readStringView() throws(JSONError) -> JSONKey {
        try expect(.string)
        return JSONKey(try scanString(), in: bytes)
    }

    /// Reads past the string whose quote is next and checks its escapes. Eight bytes a step where nothing is special.
    mutating func scanString() throws(JSONError) -> JSONStringSpan {
        let start = offset + 1
        var index = start
        var isPlain = true
        while true {
            index = ByteScan.firstSpecial(in: bytes, from: index)
            guard index < bytes.count else { throw .syntax(.endOfInput, offset: index) }
            switch bytes[index] {
            case UInt8(ascii: "\""):
                offset = index + 1
                return JSONStringSpan(range: start..<index, isPlain: isPlain)
            case UInt8(ascii: "\\"):
                isPlain = false
                index = try skipEscape(at: index)
            case 0..<0x20:
                throw .syntax(.controlCharacter, offset: index)
            default:
                let length = UTF8Scan.validLength(in: bytes, at: index)
                if length == 0 { isPlain = false }
                index += max(length, 1)
            }
        }
    }

    /// The index behind the escape whose backslash stands at `index`.
    private func skipEscape(at index: Int) throws(JSONError) -> Int {
        guard index + 1 < bytes.count else { throw .syntax(.endOfInput, offset: bytes.count) }
        switch bytes[index + 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            return index + 2
        case UInt8(ascii: "u"):
            for digit in index + 2..<index + 6 {
                guard digit < bytes.count else { throw .syntax(.endOfInput, offset: bytes.count) }
                if Hex.value(ofDigit: bytes[digit]) == nil { throw .syntax(.badEscape, offset: digit) }
            }
            return index + 6
        default:
            throw .syntax(.badEscape, offset: index + 1)
        }
    }
}

/// Where a string stops being bytes to copy: a word at a time.
enum ByteScan {
    private static let ones: UInt64 = 0x0101_0101_0101_0101
    private static let highBits: UInt64 = 0x8080_8080_8080_8080

    /// The first index at or after `start` of a quote, a backslash, a control character or a byte of 0x80 and above;
    /// the count when there is none.
    static func firstSpecial(in bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
        var index = start
        while index + 8 <= bytes.count {
            let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self))
            let quote = word ^ (ones &* UInt64(UInt8(ascii: "\"")))
            let backslash = word ^ (ones &* UInt64(UInt8(ascii: "\\")))
            // The high bit of a byte that is below 0x20 or zero after the xor. A borrow can only mark bytes above a
            // true one, so the lowest mark is right ("Bit Twiddling Hacks", hasless and haszero).
            let below = (word &- (ones &* 0x20)) & ~word
            let zero = ((quote &- ones) & ~quote) | ((backslash &- ones) & ~backslash)
            let marks = (below | zero | word) & highBits
            if marks != 0 { return index + marks.trailingZeroBitCount / 8 }
            index += 8
        }
        while index < bytes.count {
            let byte = bytes[index]
            if byte < 0x20 || byte >= 0x80 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { return index }
            index += 1
        }
        return index
    }
}

/// UTF-8 as Go's `unicode/utf8` judges it: no overlong forms, no surrogates, nothing above U+10FFFF.
enum UTF8Scan {
    /// The number of bytes of the valid sequence at `index`, or 0 when the byte there begins none.
    static func validLength(in bytes: UnsafeRawBufferPointer, at index: Int) -> Int {
        let first = bytes[index]
        let length: Int
        var second: ClosedRange<UInt8> = 0x80...0xbf
        switch first {
        case 0..<0x80: return 1
        case 0xc2...0xdf: length = 2
        case 0xe0: (length, second) = (3, 0xa0...0xbf)
        case 0xed: (length, second) = (3, 0x80...0x9f)
        case 0xe1...0xef: length = 3
        case 0xf0: (length, second) = (4, 0x90...0xbf)
        case 0xf4: (length, second) = (4, 0x80...0x8f)
        case 0xf1...0xf3: length = 4
        default: return 0
        }
        guard index + length <= bytes.count, second.contains(bytes[index + 1]) else { return 0 }
        for next in index + 2..<max(index + length, index + 2) where bytes[next] & 0xc0 != 0x80 { return 0 }
        return length
    }

    /// Appends the UTF-8 of `scalar`; U+FFFD for a surrogate.
    static func append(_ scalar: UInt32, to out: inout [UInt8]) {
        let valid = Unicode.Scalar(scalar) ?? replacement
        out.append(contentsOf: UTF8.encode(valid) ?? UTF8.encodedReplacementCharacter)
    }

    static let replacement: Unicode.Scalar = "\u{fffd}"
}
