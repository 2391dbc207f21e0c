/// Where a string of JSON stops being bytes to copy, found a word at a time.
enum ByteScan {
    private static let ones: UInt64 = 0x0101_0101_0101_0101
    private static let highBits: UInt64 = 0x8080_8080_8080_8080

    /// For reading: the first index at or after `start` of a quote, a backslash, a control character or a byte of
    /// 0x80 and above; the count when there is none.
    static func firstSpecial(in bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
        var index = start
        while index + 8 <= bytes.count {
            let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self))
            let marks = specialMarks(word) & highBits
            if marks != 0 { return index + marks.trailingZeroBitCount / 8 }
            index += 8
        }
        while index < bytes.count {
            if specialMarks(UInt64(bytes[index])) & 0x80 != 0 { return index }
            index += 1
        }
        return index
    }

    /// For writing: as `firstSpecial`, and `<`, `>` and `&`, which Go escapes for HTML.
    static func firstEscaped(in bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
        var index = start
        while index + 8 <= bytes.count {
            let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self))
            let marks = (specialMarks(word) | htmlMarks(word)) & highBits
            if marks != 0 { return index + marks.trailingZeroBitCount / 8 }
            index += 8
        }
        while index < bytes.count {
            let word = UInt64(bytes[index])
            if (specialMarks(word) | htmlMarks(word)) & 0x80 != 0 { return index }
            index += 1
        }
        return index
    }

    /// The high bit of each byte that is below 0x20, at least 0x80, a quote or a backslash. A borrow can only mark
    /// bytes above a true one, so the lowest mark is right ("Bit Twiddling Hacks", hasless and haszero).
    private static func specialMarks(_ word: UInt64) -> UInt64 {
        let below = (word &- (ones &* 0x20)) & ~word
        return below | word | equalMarks(word, UInt8(ascii: "\"")) | equalMarks(word, UInt8(ascii: "\\"))
    }

    private static func htmlMarks(_ word: UInt64) -> UInt64 {
        equalMarks(word, UInt8(ascii: "<")) | equalMarks(word, UInt8(ascii: ">")) | equalMarks(word, UInt8(ascii: "&"))
    }

    private static func equalMarks(_ word: UInt64, _ byte: UInt8) -> UInt64 {
        let difference = word ^ (ones &* UInt64(byte))
        return (difference &- ones) & ~difference
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

    /// The scalar of the valid sequence of `length` bytes at `index`.
    static func scalar(in bytes: UnsafeRawBufferPointer, at index: Int, length: Int) -> UInt32 {
        guard length > 1 else { return UInt32(bytes[index]) }
        let lead = UInt32(bytes[index]) & (0x7f >> UInt32(length))
        return bytes[index + 1..<index + length].reduce(lead) { $0 << 6 | UInt32($1 & 0x3f) }
    }

    /// Appends the UTF-8 of `scalar`; U+FFFD for a surrogate.
    static func append(_ scalar: UInt32, to out: inout [UInt8]) {
        let valid = Unicode.Scalar(scalar) ?? replacement
        out.append(contentsOf: UTF8.encode(valid) ?? UTF8.encodedReplacementCharacter)
    }

    static let replacement: Unicode.Scalar = "\u{fffd}"
}
