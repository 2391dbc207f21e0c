import Foundation
import Primitives
import Testing

struct Base64Tests {
    /// RFC 4648, section 10.
    static let published = [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ]

    static func strict(_ text: String) throws(Base64Error) -> [UInt8] {
        try read(Array(text.utf8), Base64.decodeStrict)
    }

    static func go(_ text: String) throws(Base64Error) -> [UInt8] {
        try read(Array(text.utf8), Base64.decodeGo)
    }

    static func read(
        _ text: [UInt8], _ decode: (UnsafeRawBufferPointer) throws(Base64Error) -> [UInt8]
    ) throws(Base64Error) -> [UInt8] {
        let result: Result<[UInt8], Base64Error> = text.withUnsafeBytes { text in
            do throws(Base64Error) { return .success(try decode(text)) } catch { return .failure(error) }
        }
        return try result.get()
    }

    @Test func theRFCsExamplesGoBothWays() throws {
        for (plain, text) in Base64Tests.published {
            #expect(Base64.encode(Array(plain.utf8)) == Array(text.utf8))
            #expect(try Base64Tests.strict(text) == Array(plain.utf8))
            #expect(try Base64Tests.go(text) == Array(plain.utf8))
        }
    }

    @Test func randomBytesComeBackAndLookAsFoundationWritesThem() throws {
        var random = printedSeed(UInt64.random(in: 0...UInt64.max), for: "base64 round trips")
        for length in Array(0...130) + [1000, 4097] {
            let bytes = random.bytes(length)
            let text = Base64.encode(bytes)
            #expect(text == Array(Data(bytes).base64EncodedString().utf8))
            #expect(text.count == Base64.encodedCount(length))
            #expect(try Base64Tests.read(text, Base64.decodeStrict) == bytes)
            #expect(try Base64Tests.read(text, Base64.decodeGo) == bytes)
        }
    }

    @Test func encodingAppends() {
        var out = Array("x".utf8)
        Array("foo".utf8).withUnsafeBytes { Base64.encode($0, into: &out) }
        [].withUnsafeBytes { Base64.encode($0, into: &out) }
        #expect(out == Array("xZm9v".utf8))
    }

    @Test func everyByteOutsideTheAlphabetIsRefusedWhereItStands() throws {
        let text = Base64.encode(Array(0..<30))
        let alphabet = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        for position in 0..<text.count {
            for byte in UInt8.min...UInt8.max where !alphabet.contains(byte) {
                // Padding at the end is another matter.
                if byte == UInt8(ascii: "="), position >= text.count - 2 { continue }
                var wrong = text
                wrong[position] = byte
                #expect(throws: Base64Error.invalidCharacter(offset: position)) {
                    try Base64Tests.read(wrong, Base64.decodeStrict)
                }
            }
        }
    }

    @Test(arguments: ["A", "AQ", "AQI", "AQ=", "AQIDA", "AQ==A", "AQ==\n"])
    func theWrongLengthIsRefused(text: String) {
        #expect(throws: Base64Error.wrongLength(text.utf8.count)) { try Base64Tests.strict(text) }
    }

    @Test(arguments: ["====", "A===", "AQ=A", "AQ==AQ==", "AQI=AQI=", "A Q=", "AQ\n="])
    func paddingInTheMiddleAndWhiteSpaceAreRefused(text: String) {
        #expect(throws: Base64Error.self) { try Base64Tests.strict(text) }
    }

    @Test func bitsOfNoByteAreRefusedByTheStrictReaderAndDroppedByGos() throws {
        for (text, bytes) in [("AR==", [1]), ("AQJ=", [1, 2]), ("//==", [0xff])] as [(String, [UInt8])] {
            #expect(throws: Base64Error.trailingBits) { try Base64Tests.strict(text) }
            #expect(try Base64Tests.go(text) == bytes)
        }
    }

    @Test(arguments: ["AQID\n", "\r\nAQID", "AQ\nID", "A\rQ\nI\r\nD", "\n\n\n\nAQID"])
    func goSkipsLineEndsAnywhere(text: String) throws {
        #expect(try Base64Tests.go(text) == [1, 2, 3])
    }

    @Test func goSkipsLineEndsInsideThePadding() throws {
        #expect(try Base64Tests.go("AQ=\n=\r\n") == [1])
        #expect(try Base64Tests.go("\n") == [])
    }

    /// Among them those of `transactions.json`, `json_decode`.
    @Test(arguments: ["AQ", "A Q==", "-_8=", "A\n", "====", "AQ=\n", "AQ==\nAQ==", "=", "AQ==="])
    func goRefusesTheRest(text: String) {
        #expect(throws: Base64Error.self) { try Base64Tests.go(text) }
    }

    @Test func randomTextNeverCrashesAndReadersAgreeWithFoundation() {
        var random = printedSeed(UInt64.random(in: 0...UInt64.max), for: "base64 text")
        for _ in 0..<5000 {
            let text = random.bytes(Int(random.next() % 13), of: Array("AQgw+/==\n-".utf8))
            let strict = try? Base64Tests.read(text, Base64.decodeStrict)
            if let strict { #expect(Base64.encode(strict) == text) }
            let lenient = try? Base64Tests.read(text, Base64.decodeGo)
            if let strict { #expect(lenient == strict) }
            #expect(lenient == goReference(text))
        }
    }

    /// Go's `decodeQuantum`, character by character.
    private func goReference(_ text: [UInt8]) -> [UInt8]? {
        let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        let kept = text.filter { $0 != 0x0a && $0 != 0x0d }
        let body = kept.prefix { $0 != UInt8(ascii: "=") }
        let padding = kept.count - body.count
        guard kept.count.isMultiple(of: 4), padding <= 2, kept.dropFirst(body.count).allSatisfy({ $0 == UInt8(ascii: "=") })
        else { return nil }
        var bits = 0
        var held = 0
        var out: [UInt8] = []
        for character in body {
            guard let value = digits.firstIndex(of: character) else { return nil }
            bits = (bits << 6 | value) & 0xffff
            held += 6
            if held >= 8 {
                held -= 8
                out.append(UInt8(truncatingIfNeeded: bits >> held))
            }
        }
        return out
    }
}

struct HexTests {
    @Test func bytesGoBothWaysInEitherCase() {
        let bytes = [UInt8](0...255)
        #expect(Hex.decode(Hex.encode(bytes)) == bytes)
        #expect(Hex.decode(Hex.string(bytes).uppercased().utf8) == bytes)
        #expect(Hex.string([0x00, 0x0f, 0xa0]) == "000fa0")
        #expect(Hex.prefixedString([0xff]) == "0xff")
    }

    @Test func whatIsNoHexIsRefused() {
        for text in ["0", "0g", "g0", " 00", "0x00", "00 ", "é"] { #expect(Hex.decode(text.utf8) == nil) }
    }

    @Test func thePrefixIsLowerCaseAndAskedForOrNot() {
        #expect(Hex.decodePrefixed("0x0a".utf8) == [10])
        #expect(Hex.decodePrefixed("0X0a".utf8) == nil)
        #expect(Hex.decodePrefixed("0a".utf8) == nil)
        #expect(Hex.decodeOptionallyPrefixed("0a".utf8) == [10])
        #expect(Hex.decodeOptionallyPrefixed("0x0a".utf8) == [10])
        #expect(Hex.decodeOptionallyPrefixed("0x".utf8) == [])
    }

    @Test func aHashIsSixtyFourDigits() {
        let hash = SHA256.hash([])
        #expect(Hash32(hex: hash.hex) == hash)
        #expect(Hash32(hex: hash.prefixedHex) == hash)
        #expect(Hash32(hex: String(hash.hex.dropLast(2))) == nil)
    }
}

struct SplitMix64Tests {
    /// The first numbers of seed 1234567, as the reference C prints them.
    @Test func theSeedGivesTheReferencesNumbers() {
        var random = SplitMix64(seed: 1_234_567)
        let expected: [UInt64] = [
            6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423, 4_593_380_528_125_082_431,
            16_408_922_859_458_223_821,
        ]
        #expect(expected.map { _ in random.next() } == expected)
    }
}
