import Foundation
import Primitives
import Testing

private func string(_ text: [UInt8]) throws(JSONError) -> ByteString {
    try reading(text) { json throws(JSONError) in try json.readString() }
}

private func quoted(_ bytes: [UInt8]) -> [UInt8] {
    [UInt8(ascii: "\"")] + bytes + [UInt8(ascii: "\"")]
}

private func written(_ bytes: [UInt8]) -> [UInt8] {
    var json = JSONWriter(capacity: 0)
    json.string(ByteString(bytes))
    return json.bytes
}

/// What Go makes of bytes as a string: each byte that begins no valid sequence is U+FFFD. Judged by the standard library.
private func repaired(_ bytes: [UInt8]) -> [UInt8] {
    var out: [UInt8] = []
    var index = 0
    while index < bytes.count {
        let sequence = (1...4).lazy.compactMap { length -> [UInt8]? in
            guard index + length <= bytes.count else { return nil }
            let part = Array(bytes[index..<index + length])
            return String(validating: part, as: UTF8.self)?.unicodeScalars.count == 1 ? part : nil
        }.first
        out += sequence ?? [0xef, 0xbf, 0xbd]
        index += sequence?.count ?? 1
    }
    return out
}

struct JSONStringTests {
    static let unescaped: [(text: String, value: String)] = [
        (#""""#, ""), (#""plain""#, "plain"), (#""\"\\\/""#, "\"\\/"), (#""\b\f\n\r\t""#, "\u{8}\u{c}\n\r\t"),
        (#""\u0041\u00e9\u20AC""#, "Aé€"), (#""\ud83d\ude00""#, "😀"), (#""\uD83D\uDE00x""#, "😀x"),
        (#""\ud800""#, "\u{fffd}"), (#""\udc00""#, "\u{fffd}"), (#""\ud800x""#, "\u{fffd}x"), (#""\ud800\n""#, "\u{fffd}\n"),
        (#""\ud800\u0041""#, "\u{fffd}A"), (#""\ud800\ud83d\ude00""#, "\u{fffd}😀"), (#""\udc00\ud800""#, "\u{fffd}\u{fffd}"),
        (#""é€😀""#, "é€😀"), (#""\u0000""#, "\u{0}"), (#""a long text before an \u0065scape""#, "a long text before an escape"),
    ]

    @Test func escapesAreReadAsGoReadsThem() throws {
        for (text, value) in JSONStringTests.unescaped {
            #expect(try string(Array(text.utf8)) == ByteString(value), Comment(rawValue: text))
        }
    }

    /// Lone continuations, cut sequences, overlong forms, surrogates, beyond U+10FFFF, bytes of no sequence.
    static let invalid: [[UInt8]] = [
        [0x80], [0xbf, 0xbf], [0xc2], [0xe2, 0x82], [0xf0, 0x9f, 0x98], [0xc0, 0x80], [0xc1, 0xbf], [0xe0, 0x80, 0x80],
        [0xf0, 0x80, 0x80, 0x80], [0xed, 0xa0, 0x80], [0xed, 0xbf, 0xbf], [0xf4, 0x90, 0x80, 0x80], [0xf5, 0x80, 0x80, 0x80],
        [0xff], [0xfe, 0x41], [0xe2, 0x28, 0xa1], [0x41, 0xc3, 0x28, 0x42],
    ]

    @Test(arguments: invalid) func eachInvalidByteBecomesAReplacementCharacter(bytes: [UInt8]) throws {
        #expect(try string(quoted(bytes)).bytes == repaired(bytes))
        let inText = Array("text before ".utf8) + bytes + Array(" and behind".utf8)
        #expect(try string(quoted(inText)).bytes == repaired(inText))
    }

    @Test func randomBytesAreRepairedAsTheyAreInGo() throws {
        var random = printedSeed(UInt64.random(in: 0...UInt64.max), for: "invalid UTF-8")
        let alphabet: [UInt8] = [0x41, 0x80, 0x9f, 0xa0, 0xbf, 0xc2, 0xdf, 0xe0, 0xe2, 0xed, 0xef, 0xf0, 0xf4, 0xf5, 0xbb, 0xbd]
        for _ in 0..<1000 {
            let bytes = random.bytes(Int(random.next() % 20), of: alphabet)
            #expect(try string(quoted(bytes)).bytes == repaired(bytes))
        }
    }

    @Test func theEndIsFoundAtEveryDistance() throws {
        for length in 0...40 {
            let bytes = [UInt8](repeating: 0x61, count: length)
            #expect(try string(quoted(bytes)).bytes == bytes)
            for special: [UInt8] in [[0x1f], [0x00]] {
                #expect(throws: JSONError.syntax(.controlCharacter, offset: length + 1)) { try string(quoted(bytes + special)) }
            }
            // The neighbours of the special bytes are none.
            let harmless: [UInt8] = [0x20, 0x21, 0x23, 0x5b, 0x5d, 0x7f]
            #expect(try string(quoted(bytes + harmless)).bytes == bytes + harmless)
        }
    }
}

struct JSONKeyTests {
    private func key(_ text: String, _ check: (JSONKey) -> Bool) throws -> Bool {
        try reading("{\(text):0}") { json throws(JSONError) -> Bool in
            try json.beginObject()
            guard let key = try json.nextKey() else { return false }
            let result = check(key)
            _ = try json.skipValue()
            _ = try json.nextKey()
            return result
        }
    }

    @Test func keysMatchWithoutRegardToCaseAsInGo() throws {
        for text in [#""hash""#, #""HASH""#, #""Hash""#, #""ha\u0073h""#, "\"ha\u{17f}h\"", #""ha\u017Fh""#] {
            #expect(try key(text) { $0.matches("hash") })
        }
        #expect(try key("\"\u{212a}ey\"") { $0.matches("key") })
        #expect(try key("\"K\"") { $0.matches("k") })
        for text in [#""""#, #""has""#, #""hashh""#, #""ha_sh""#, #""h\u00e4sh""#, "\"hạsh\""] {
            #expect(try !key(text) { $0.matches("hash") })
        }
    }

    @Test func onlyTheVeryBytesAreEqual() throws {
        #expect(try key(#""t\u0079pe""#) { $0.equals("type") })
        #expect(try key(#""t""#) { $0.equals("t") })
        for text in [#""Type""#, #""typ""#, #""types""#, #""""#] {
            #expect(try !key(text) { $0.equals("type") })
        }
    }

    @Test func theHandshakesKeysIgnoreUnderscores() throws {
        for text in [#""chain_id""#, #""ChainID""#, #""_chain__id_""#, #""CHAIN_ID""#] {
            #expect(try key(text) { $0.matchesIgnoringCaseAndUnderscore("ChainID") })
            #expect(try key(text) { $0.matchesIgnoringCaseAndUnderscore("chain_id") })
        }
        #expect(try !key(#""chain-id""#) { $0.matchesIgnoringCaseAndUnderscore("ChainID") })
        #expect(try !key(#""chain_i""#) { $0.matchesIgnoringCaseAndUnderscore("ChainID") })
    }

    @Test func aKeysBytesAreUnescaped() throws {
        #expect(try key(#""a\n\u00e9""#) { $0.bytes == ByteString("a\né") })
    }

    @Test func aStringIsComparedWithoutACopy() throws {
        let isSet = try reading("\"SET\"") { json throws(JSONError) in try json.readStringView().equals("SET") }
        #expect(isSet)
    }
}

struct JSONWriterTests {
    /// Go's `encoding/json` with its default of HTML escaping.
    static let escaped: [(value: [UInt8], text: String)] = [
        ([], #""""#), (Array("plain é€😀".utf8), #""plain é€😀""#), (Array("\"\\/".utf8), #""\"\\/""#),
        ([0x08, 0x0c, 0x0a, 0x0d, 0x09], #""\b\f\n\r\t""#), ([0x00, 0x01, 0x0b, 0x1f], #""\u0000\u0001\u000b\u001f""#),
        (Array("<a href=\"x\">&".utf8), #""\u003ca href=\"x\"\u003e\u0026""#),
        (Array("a\u{2028}b\u{2029}c\u{2027}".utf8), "\"a\\u2028b\\u2029c\u{2027}\""), ([0x7f], "\"\u{7f}\""),
        ([0xff, 0x41, 0xe2, 0x80], #""\ufffdA\ufffd\ufffd""#), (Array("\u{fffd}".utf8), "\"\u{fffd}\""),
        ([0xed, 0xa0, 0x80], #""\ufffd\ufffd\ufffd""#),
    ]

    @Test func stringsAreEscapedAsGoEscapesThem() {
        for (value, text) in JSONWriterTests.escaped { #expect(String(decoding: written(value), as: UTF8.self) == text) }
    }

    @Test func integersAreDecimal() {
        var json = JSONWriter(capacity: 64)
        json.integer(0)
        json.raw(",")
        json.integer(UInt64.max)
        json.raw(",")
        json.integer(Int64.min)
        json.raw(",")
        json.integer(UInt8(255))
        json.raw(",")
        json.integer(-7)
        #expect(String(decoding: json.bytes, as: UTF8.self) == "0,18446744073709551615,-9223372036854775808,255,-7")
    }

    @Test func aByteFieldIsNullOrBase64() {
        var json = JSONWriter(capacity: 0)
        json.base64(nil)
        json.base64([])
        json.base64([1, 2])
        json.bool(true)
        json.raw(Array("x".utf8))
        #expect(String(decoding: json.bytes, as: UTF8.self) == #"null"""AQI="truex"#)
    }

    @Test func whatIsWrittenIsReadBackByThisReaderAndByFoundation() throws {
        var random = printedSeed(UInt64.random(in: 0...UInt64.max), for: "written strings")
        let scalars = Array("aZ\"\\/<>&\n\t\u{0}\u{1f}\u{7f}é€\u{2028}\u{2029}\u{fffd}😀\u{10ffff}".unicodeScalars)
        for _ in 0..<500 {
            var text = ""
            for _ in 0..<random.next() % 30 { text.unicodeScalars.append(scalars[Int(random.next() % UInt64(scalars.count))]) }
            let json = written(Array(text.utf8))
            #expect(try string(json) == ByteString(text))
            let other = try #require(JSONSerialization.jsonObject(with: Data(json), options: .fragmentsAllowed) as? String)
            #expect(Array(other.utf8) == Array(text.utf8))
        }
    }

    @Test func anyBytesAreWrittenAsTheirRepair() throws {
        var random = printedSeed(UInt64.random(in: 0...UInt64.max), for: "written bytes")
        for _ in 0..<500 {
            let bytes = random.bytes(Int(random.next() % 30))
            let json = written(bytes)
            #expect(try string(json).bytes == repaired(bytes))
            #expect(String(data: Data(json), encoding: .utf8) != nil)
        }
    }
}
