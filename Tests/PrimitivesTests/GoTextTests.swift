import Testing

@testable import Primitives

/// Go's `strings.TrimSpace` and `strings.ToLower`, on bytes.
@Suite struct GoTextTests {
    @Test func whiteSpaceIsTrimmedByCodePoint() {
        let spaces: [UInt32] =
            [0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x20, 0x85, 0xa0, 0x1680] + Array(0x2000...0x200a) + [0x2028, 0x2029, 0x202f, 0x205f, 0x3000]
        for value in UInt32(0)..<0x1_0000 {
            guard let scalar = Unicode.Scalar(value) else { continue }
            let text = ByteString(String(String.UnicodeScalarView([scalar, "x", scalar])))
            let expected = spaces.contains(value) ? ByteString("x") : text
            // Not one expectation a scalar: there are 63,488.
            if text.trimmedAsGo != expected { Issue.record("U+\(String(value, radix: 16)) is trimmed wrongly") }
        }
    }

    @Test func aCombiningMarkDoesNotHideTheSpaceBeforeIt() {
        #expect(ByteString(" \u{301}a").trimmedAsGo == ByteString("\u{301}a"))
        #expect(ByteString("a \u{301} ").trimmedAsGo == ByteString("a \u{301}"))
        #expect(ByteString("\r\n\u{301}").trimmedAsGo == ByteString("\u{301}"))
        #expect(ByteString("").trimmedAsGo.isEmpty && ByteString(" \u{3000} ").trimmedAsGo.isEmpty)
    }

    @Test func bytesThatAreNoUTF8AreNoSpaceAndLowerToReplacements() {
        // 0x85 alone is no U+0085, and an overlong space is none.
        for bytes: [UInt8] in [[0x85, 0x61, 0x85], [0xc0, 0xa0, 0x61], [0x61, 0xe2, 0x80], [0x80, 0x80, 0x80, 0x80, 0x80]] {
            #expect(ByteString(bytes).trimmedAsGo.bytes == bytes)
        }
        #expect(ByteString([0x41, 0xff, 0xe2, 0x80, 0x42]).lowercasedAsGo == ByteString("a\u{fffd}\u{fffd}\u{fffd}b"))
    }

    @Test func lowerCaseIsThatOfUnicode15() {
        let runs = LowerCaseTable.runs
        #expect(runs.count == 4 * 182)
        var mapped = 0
        var previous = Int32(-1)
        for start in stride(from: 0, to: runs.count, by: 4) {
            #expect(runs[start] > previous && runs[start + 1] >= runs[start] && [1, 2].contains(runs[start + 2]))
            previous = runs[start + 1]
            mapped += Int((runs[start + 1] - runs[start]) / runs[start + 2]) + 1
        }
        // The number of characters with a simple lower case in UnicodeData.txt 15.0.0.
        #expect(mapped == 1433)
    }

    /// The toolchain knows a later Unicode. What had a lower case by 15.0 has the same there, for mappings never change.
    @Test func theToolchainAgreesAboutWhatUnicode15Had() {
        var later = 0
        for value in UInt32(0)..<0x2_0000 {
            guard let scalar = Unicode.Scalar(value), value != 0x130 else { continue }
            let lowered = Array(scalar.properties.lowercaseMapping.unicodeScalars)
            guard lowered.count == 1, lowered[0].value != LowerCaseTable.lowered(value) else { continue }
            later += 1
            let age = scalar.properties.age ?? (0, 0)
            if LowerCaseTable.lowered(value) != value || age.major < 16 {
                Issue.record("U+\(String(value, radix: 16)) of Unicode \(age) lowers to U+\(String(lowered[0].value, radix: 16))")
            }
        }
        print("lower cases that came after Unicode 15: \(later)")
    }

    @Test(arguments: [
        (0x41, 0x61), (0x5a, 0x7a), (0x40, 0x40), (0x5b, 0x5b), (0xc0, 0xe0), (0xd7, 0xd7), (0xde, 0xfe), (0x100, 0x101), (0x101, 0x101),
        (0x12e, 0x12f), (0x130, 0x69), (0x131, 0x131), (0x178, 0xff), (0x1c4, 0x1c6), (0x1c5, 0x1c6), (0x23a, 0x2c65), (0x3a3, 0x3c3),
        (0x3f4, 0x3b8), (0x13a0, 0xab70), (0x1c90, 0x10d0), (0x1e9e, 0xdf), (0x2126, 0x3c9), (0x212a, 0x6b), (0x212b, 0xe5),
        (0x24b6, 0x24d0), (0x2c2f, 0x2c5f), (0xa7c0, 0xa7c1), (0xa7d0, 0xa7d1), (0xa7d8, 0xa7d9), (0xa7f5, 0xa7f6), (0x10570, 0x10597),
        (0x1057b, 0x1057b), (0x1e921, 0x1e943), (0x1e922, 0x1e922),
        // Cased since Unicode 16 and 17.
        (0xa7cb, 0xa7cb), (0xa7cc, 0xa7cc), (0xa7da, 0xa7da), (0xa7dc, 0xa7dc), (0x10d50, 0x10d50), (0xa7ce, 0xa7ce), (0x16ea0, 0x16ea0),
    ])
    func aCharacterHasThisLowerCase(upper: Int, lower: Int) {
        #expect(LowerCaseTable.lowered(UInt32(upper)) == UInt32(lower))
    }
}
