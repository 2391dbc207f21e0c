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
