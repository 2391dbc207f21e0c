// Go's `strings` on bytes. A Swift `Character` is a letter with all that combines with it, which Go does not know: there a space before
// a combining mark is a space.

extension ByteString {
    /// Go's `strings.TrimSpace`: without white space (`unicode.IsSpace`) at either end. Bytes that are no UTF-8 are no space. O(n).
    public var trimmedAsGo: ByteString {
        bytes.withUnsafeBytes { text in
            var start = 0
            while start < text.count {
                let length = UTF8Scan.validLength(in: text, at: start)
                guard length > 0, GoText.isSpace(UTF8Scan.scalar(in: text, at: start, length: length)) else { break }
                start += length
            }
            var end = text.count
            while end > start {
                var last = end - 1
                while last > start, end - last < 4, text[last] & 0xc0 == 0x80 { last -= 1 }
                guard UTF8Scan.validLength(in: text, at: last) == end - last,
                    GoText.isSpace(UTF8Scan.scalar(in: text, at: last, length: end - last))
                else { break }
                end = last
            }
            return ByteString(Array(text[start..<end]))
        }
    }

    /// Go's `strings.ToLower` with the Unicode of the reference: each character by itself, whatever stands beside it; each byte that is no
    /// UTF-8 becomes U+FFFD. O(n).
    public var lowercasedAsGo: ByteString {
        if bytes.allSatisfy({ $0 < 0x80 }) {
            return ByteString(bytes.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0 })
        }
        var lowered: [UInt8] = []
        lowered.reserveCapacity(count)
        bytes.withUnsafeBytes { text in
            var index = 0
            while index < text.count {
                let length = UTF8Scan.validLength(in: text, at: index)
                let scalar = length == 0 ? UTF8Scan.replacement.value : UTF8Scan.scalar(in: text, at: index, length: length)
                UTF8Scan.append(LowerCaseTable.lowered(scalar), to: &lowered)
                index += max(length, 1)
            }
        }
        return ByteString(lowered)
    }
}

enum GoText {
    /// Go's `unicode.IsSpace`: the characters of Unicode's White_Space property, which has not changed since Unicode 6.3.
    static func isSpace(_ scalar: UInt32) -> Bool {
        switch scalar {
        case 0x09...0x0d, 0x20, 0x85, 0xa0, 0x1680, 0x2000...0x200a, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000: true
        default: false
        }
    }
}
