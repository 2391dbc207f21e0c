import Primitives
import Testing

struct RedactionTests {
    static let key = "af7bc75f29d5156dc98655806253f4a6e1d5eef2cdb918b91169bdcf9a5afcb9"

    /// As people paste it.
    static let spellings = [
        key, "0x" + key, "0X" + key.uppercased(), key.uppercased(), " \(key)\n", "\t0x\(key) ", "/etc/podoru/\(key)", "\(key).key",
        "x-\(key)-y", "\(key.prefix(63))", "\(key)0", "\(key)\(key)", "\(key):9000", "https://\(key).org",
    ]

    @Test(arguments: spellings) func whatCouldBeAKeyIsNotShown(text: String) {
        #expect(Redaction.mayHoldKey(text))
        for shown in [Redaction.value(text), Redaction.sentence("there is no file at \(text) here")] {
            #expect(!shown.lowercased().contains(Self.key.prefix(9)), "\(shown)")
            #expect(shown.contains("hexadecimal digits, not shown]"), "\(shown)")
        }
    }

    @Test(arguments: [
        "", "0x", "node.yaml", "0xFC265D13Dd3C8A6Fa72EF93bED3830c3551cC2ee", String(repeating: "f", count: 40), "deadbeef", "decade facade",
        "0xFC265D13Dd3C8A6Fa72EF93bED3830c3551cC2ee, 0xFC265D13Dd3C8A6Fa72EF93bED3830c3551cC2ee", "9007199254740993", "übergröße",
        "0xFC265D13Dd3C8A6Fa72EF93bED3830c3551cC2ee 0xFC265D13Dd3C8A6Fa72EF93bED3830c3551cC2ee",
    ]) func whatIsNoKeyStaysAsItIs(text: String) {
        #expect(!Redaction.mayHoldKey(text))
        #expect(Redaction.value(text) == text && Redaction.sentence(text) == text)
    }

    @Test func whiteSpaceWithinDoesNotHideAKey() {
        let broken = "\(Self.key.prefix(32))\n  \(Self.key.suffix(32))"
        #expect(Redaction.hiddenDigits(in: broken) == 64)
        #expect(Redaction.value(broken) == "[64 hexadecimal digits, not shown]")
    }

    @Test func whiteSpaceBeforeAnXDoesNotMakeADigitAPrefix() {
        let text = "\(Self.key.prefix(40))0 x"
        #expect(Redaction.hiddenDigits(in: text) == 41)
        #expect(Redaction.value(text) == "[41 hexadecimal digits, not shown] x")
    }

    @Test func aSentenceKeepsAllTheRest() {
        let text = "--authority 0x\(Self.key) is neither; nor is \(Self.key.uppercased())."
        #expect(
            Redaction.sentence(text)
                == "--authority 0x[64 hexadecimal digits, not shown] is neither; nor is [64 hexadecimal digits, not shown].")
    }

    @Test func noTextShowsMoreDigitsInARowThanAnAddressHas() {
        var random = printedSeed(UInt64.random(in: 0...UInt64.max), for: "redaction")
        let pieces = ["0", "x", "a", "F", " ", "g", "0x", "\n", Self.key, String(Self.key.prefix(20)), "-", "é"]
        for _ in 0..<3000 {
            let text = (0..<8).map { _ in pieces[Int(random.next() % UInt64(pieces.count))] }.joined()
            // The 0 of a `0x` is a prefix, not a digit.
            let shown = Redaction.sentence(text).replacing("0x", with: " ")
            let longest = shown.split { !$0.isASCII || !$0.isHexDigit }.map(\.count).max() ?? 0
            #expect(longest <= 40, Comment(rawValue: text))
            #expect(Redaction.value(text) == text || Redaction.mayHoldKey(text), Comment(rawValue: text))
        }
    }
}

struct KeyTextTests {
    private static let key = RedactionTests.key
    private static let address = "0xFC265D13Dd3C8A6Fa72EF93bED3830c3551cC2ee"

    @Test(arguments: [
        key, key + "\n", "0x" + key, "0X" + key.uppercased() + "\r\n", "  \(key)  ", "\(key.prefix(32))\n\(key.suffix(32))\n",
    ]) func aKeyIsReadAsPeopleWriteIt(text: String) throws {
        #expect(try PrivateKey(fileText: Array(text.utf8)).address.checksummed.text == Self.address)
    }

    static let faults: [([UInt8], KeyTextFault)] = [
        ([], .empty), (Array(" \n".utf8), .empty), ([0xef, 0xbb, 0xbf] + Array(key.utf8), .byteOrderMark(.utf8)),
        ([0xff, 0xfe] + key.utf8.flatMap { [$0, 0] }, .byteOrderMark(.utf16)), (Array(key.dropLast().utf8), .digits(63)),
        (Array("0x\(key)1".utf8), .digits(65)), (Array("0x".utf8), .otherText), (Array(#"{"crypto":{}}"#.utf8), .json),
        (Array("-----BEGIN EC PRIVATE KEY-----\n".utf8), .pem), ([UInt8](repeating: 0xa7, count: 32), .rawBytes),
        (Array(repeating: UInt8(ascii: "0"), count: 64), .outOfRange), (Array(repeating: UInt8(ascii: "f"), count: 64), .outOfRange),
        (Array("not a key".utf8), .otherText),
    ]

    @Test(arguments: faults) func whatIsNoKeyIsNamedForWhatItIs(bytes: [UInt8], fault: KeyTextFault) {
        #expect(throws: fault) { try PrivateKey(fileText: bytes) }
        #expect(!fault.reason.isEmpty && !fault.remedy.isEmpty)
        #expect(!fault.remedy.contains("new"), "what may be the only copy of a key is not to be replaced: \(fault.remedy)")
    }
}
