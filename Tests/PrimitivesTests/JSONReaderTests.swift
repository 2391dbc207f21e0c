import Foundation
import Primitives
import Testing

/// Runs `body` on a reader over `text` and asks that it reads to the end.
func reading<R>(
    _ text: [UInt8], depth: Int = 64, _ body: (inout JSONReader) throws(JSONError) -> R
) throws(JSONError) -> R {
    let result: Result<R, JSONError> = text.withUnsafeBytes { bytes in
        var json = JSONReader(bytes, maxDepth: depth)
        do throws(JSONError) {
            let value = try body(&json)
            try json.end()
            return .success(value)
        } catch {
            return .failure(error)
        }
    }
    return try result.get()
}

func reading<R>(
    _ text: String, depth: Int = 64, _ body: (inout JSONReader) throws(JSONError) -> R
) throws(JSONError) -> R {
    try reading(Array(text.utf8), depth: depth, body)
}

private func skip(_ text: String, depth: Int = 64) throws(JSONError) -> Range<Int> {
    try reading(text, depth: depth) { json throws(JSONError) in try json.skipValue() }
}

struct JSONGrammarTests {
    static let valid = [
        "null", "true", "false", "0", "-0", "12", "-1.5e+10", "1E5", "0.0", "0e0", "1e-7", "\"\"", "\"a\\\"b\"", "\"\\u00e9\"",
        "\"\u{7f}\"", "\"é\"", "[]", "[ ]", "[1]", "[1,2]", " [ 1 , [ ] , { } ] ", "{}", "{\"a\":1}", "{ \"a\" : [ { } ] , \"a\" : 2 }",
        "\t\r\n 1 \t\r\n", "\"\\ud800\"", "\"\\/\\b\\f\\n\\r\\t\\\\\"", "123456789012345678901234567890",
    ]
    static let invalid = [
        "", " ", "nul", "nulL", "nullx", "tru", "True", "falsey", "01", "-01", "-", "+1", ".5", "1.", "1.e5", "1e", "1e+", "0x1", "1a",
        "--1", "NaN", "Infinity", "\"", "\"a", "\"\\", "\"\\\"", "\"\\x\"", "\"\\u\"", "\"\\u12\"", "\"\\u12g4\"", "\"\\'\"", "\"\n\"",
        "\"\t\"", "\"\u{1f}\"", "\"\u{0}\"", "'a'", "[", "]", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "[1,,2]", "[1}", "{", "}", "{\"a\"",
        "{\"a\":", "{\"a\":1", "{\"a\":1,", "{\"a\":1,}", "{,}", "{\"a\" 1}", "{\"a\"::1}", "{a:1}", "{1:1}", "{\"a\":1 \"b\":2}",
        "{\"a\":1]", "{\"a\":}", "{null:1}", "1 2", "[] []", "{}x", "[1]]", "\u{feff}1", "\u{a0}1", "/**/1", "[1]//", "\u{c}1",
    ]

    @Test(arguments: valid) func theGrammarAccepts(text: String) throws {
        let value = text.trimmingCharacters(in: CharacterSet(charactersIn: " \t\r\n"))
        let range = try skip(text)
        #expect(String(decoding: Array(text.utf8)[range], as: UTF8.self) == value)
    }

    @Test(arguments: invalid) func theGrammarRefuses(text: String) {
        #expect(throws: JSONError.self) { try skip(text) }
    }

    @Test func anErrorSaysWhatIsWrongAndWhere() {
        #expect(throws: JSONError.syntax(.trailingBytes, offset: 3)) { try skip("{} x") }
        #expect(throws: JSONError.syntax(.badNumber, offset: 1)) { try skip("[01]") }
        #expect(throws: JSONError.syntax(.endOfInput, offset: 2)) { try skip("[1") }
        #expect(throws: JSONError.syntax(.controlCharacter, offset: 10)) { try skip("\"abcdefghi\n\"") }
        #expect(throws: JSONError.syntax(.badEscape, offset: 2)) { try skip("\"\\q\"") }
        #expect(throws: JSONError.syntax(.unexpectedByte, offset: 3)) { try skip("nulL") }
    }

    @Test func theDepthIsCapped() throws {
        let deep = { (count: Int) in String(repeating: "[", count: count) + String(repeating: "]", count: count) }
        #expect(try skip(deep(64)).count == 128)
        #expect(throws: JSONError.tooDeep(limit: 64, offset: 64)) { try skip(deep(65)) }
        #expect(throws: JSONError.tooDeep(limit: 64, offset: 64)) { try skip(String(repeating: "[", count: 1_000_000)) }
        #expect(try skip(deep(10_000), depth: 10_000).count == 20_000)
        #expect(throws: JSONError.tooDeep(limit: 0, offset: 0)) { try skip("{}", depth: 0) }
    }

    @Test func mixedContainersCloseAsTheyOpenedAtAnyDepth() throws {
        for count in [1, 63, 64, 65, 130, 300] {
            let kinds = (0..<count).map { $0 % 3 == 0 }
            let opening = kinds.map { $0 ? "{\"k\":" : "[" }.joined()
            let closing = kinds.reversed().map { $0 ? "}" : "]" }.joined()
            #expect(try skip(opening + "1" + closing, depth: 1000).count == opening.utf8.count + closing.utf8.count + 1)
            let wrong = (closing.first == "}" ? "]" : "}") + closing.dropFirst()
            #expect(throws: JSONError.self) { try skip(opening + "1" + wrong, depth: 1000) }
        }
    }

    @Test func depthIsGivenBackWhenAContainerEnds() throws {
        let siblings = "[" + Array(repeating: "[]", count: 200).joined(separator: ",") + "]"
        #expect(try skip(siblings, depth: 2).count == siblings.utf8.count)
    }
}

struct JSONStructureTests {
    @Test func anObjectIsReadMemberByMember() throws {
        let text = " { \"type\" : 3 , \"deep\" : { \"x\" : [ 1 , null ] } , \"list\" : [ true , false ] } "
        var seen: [String] = []
        try reading(text) { json throws(JSONError) in
            try json.beginObject()
            while let key = try json.nextKey() {
                seen.append(key.bytes.text)
                if key.equals("type") {
                    seen.append("\(try json.readUInt64())")
                } else if key.equals("list") {
                    try json.beginArray()
                    while try json.nextElement() { seen.append("\(try json.readBool())") }
                } else {
                    seen.append("\(try json.skipValue())")
                }
            }
        }
        #expect(seen == ["type", "3", "deep", "25..<47", "list", "true", "false"])
    }

    @Test func aValueNotReadIsAnErrorAndNotALoop() {
        #expect(throws: JSONError.self) {
            try reading("{\"a\":1,\"b\":2}") { json throws(JSONError) in
                try json.beginObject()
                while try json.nextKey() != nil {}
            }
        }
    }

    @Test func theWrongKindIsNamed() {
        #expect(throws: JSONError.wrongKind(expected: .object, found: .array, offset: 1)) {
            try reading(" []") { json throws(JSONError) in try json.beginObject() }
        }
        #expect(throws: JSONError.wrongKind(expected: .string, found: .null, offset: 0)) {
            try reading("null") { json throws(JSONError) in _ = try json.readString() }
        }
        #expect(throws: JSONError.wrongKind(expected: .number, found: .string, offset: 0)) {
            try reading("\"1\"") { json throws(JSONError) in _ = try json.readUInt64() }
        }
        #expect(throws: JSONError.wrongKind(expected: .bool, found: .number, offset: 0)) {
            try reading("1") { json throws(JSONError) in _ = try json.readBool() }
        }
    }

    @Test func nullIsConsumedOnlyWhereItStands() throws {
        let seen = try reading("[null,1]") { json throws(JSONError) -> [Bool] in
            var seen: [Bool] = []
            try json.beginArray()
            while try json.nextElement() {
                seen.append(try json.consumeNull())
                if seen.last == false { _ = try json.readUInt64() }
            }
            return seen
        }
        #expect(seen == [true, false])
    }
}

struct JSONNumberTests {
    private func unsigned(_ text: String) throws(JSONError) -> UInt64 {
        try reading(text) { json throws(JSONError) in try json.readUInt64() }
    }

    private func signed(_ text: String) throws(JSONError) -> Int64 {
        try reading(text) { json throws(JSONError) in try json.readInt64() }
    }

    private func short(_ text: String) throws(JSONError) -> UInt32 {
        try reading(text) { json throws(JSONError) in try json.readUInt32() }
    }

    @Test func integersAreReadToTheirLimits() throws {
        #expect(try unsigned("0") == 0)
        #expect(try unsigned("18446744073709551615") == .max)
        #expect(try signed("-9223372036854775808") == .min)
        #expect(try signed("9223372036854775807") == .max)
        #expect(try signed("-0") == 0)
        #expect(try signed("-5") == -5)
        #expect(try short("4294967295") == .max)
    }

    /// `transactions.json`, `json_decode`.
    @Test(arguments: ["1.0", "1e3", "-1", "-0", "18446744073709551616", "100000000000000000000", "1.5", "1e2", "1E0"])
    func whatIsNoUnsignedIntegerIsRefused(text: String) {
        #expect(throws: JSONError.notAnInteger(type: .uint64, offset: 0)) { try unsigned(text) }
    }

    @Test func whatIsNoIntegerOfTheTypeIsRefused() {
        for text in ["9223372036854775808", "-9223372036854775809", "1.0", "1e2"] {
            #expect(throws: JSONError.notAnInteger(type: .int64, offset: 0)) { try signed(text) }
        }
        for text in ["4294967296", "-1", "0.0"] {
            #expect(throws: JSONError.notAnInteger(type: .uint32, offset: 0)) { try short(text) }
        }
    }

    @Test func aMalformedNumberIsASyntaxError() {
        for text in ["01", "1x", "-", "1.", "00"] {
            #expect { try unsigned(text) } throws: {
                if case .syntax? = $0 as? JSONError { true } else { false }
            }
        }
    }

    @Test func randomIntegersComeBack() throws {
        var random = printedSeed(UInt64.random(in: 0...UInt64.max), for: "integers")
        for _ in 0..<1000 {
            let value = random.next() >> (random.next() % 64)
            #expect(try unsigned("\(value)") == value)
            let number = Int64(truncatingIfNeeded: random.next()) >> Int64(random.next() % 64)
            #expect(try signed("\(number)") == number)
        }
    }
}

struct JSONBytesTests {
    private func goBytes(_ text: String) throws(JSONError) -> [UInt8]? {
        try reading(text) { json throws(JSONError) in try json.readGoBytes() }
    }

    private func strictBytes(_ text: String) throws(JSONError) -> [UInt8] {
        try reading(text) { json throws(JSONError) in try json.readBase64Strict() }
    }

    @Test func aByteFieldIsNullBase64OrNumbers() throws {
        #expect(try goBytes("null") == nil)
        #expect(try goBytes("\"\"") == [])
        #expect(try goBytes("\"AQI=\"") == [1, 2])
        #expect(try goBytes("[1, 2, 255, null]") == [1, 2, 255, 0])
        #expect(try goBytes("[]") == [])
    }

    @Test func gosBase64IsReadThroughEscapes() throws {
        #expect(try goBytes("\"AQ==\\n\"") == [1])
        #expect(try goBytes("\"\\/\\/8=\"") == [0xff, 0xff])
        #expect(try goBytes("\"\\u0041Q==\"") == [1])
        #expect(try goBytes("\"AR==\"") == [1])
    }

    @Test(arguments: [
        "\"AQ\"", "\"A Q==\"", "\"-_8=\"", "[256]", "[-1]", "[1.0]", "[\"1\"]", "[1,]", "{}", "1", "true", "\"AQ==\n\"", "\"AQ==",
    ])
    func whatIsNoByteFieldIsRefused(text: String) {
        #expect(throws: JSONError.self) { try goBytes(text) }
    }

    @Test func theStrictFieldTakesOneSpellingOfBytes() throws {
        #expect(try strictBytes("\"AQI=\"") == [1, 2])
        #expect(try strictBytes("\"\\/\\/8=\"") == [0xff, 0xff])
        #expect(try strictBytes("\"\"") == [])
        for text in ["\"AR==\"", "\"AQ==\\n\"", "\"AQ\"", "null", "[1]"] {
            #expect(throws: JSONError.self) { try strictBytes(text) }
        }
        #expect(throws: JSONError.badBase64(.wrongLength(2), offset: 0)) { try strictBytes("\"AQ\"") }
    }

    @Test func aByteFieldEndsAtItsOwnQuote() throws {
        let both = try reading("[\"AQ==\",\"Ag==\"]") { json throws(JSONError) -> [[UInt8]] in
            var both: [[UInt8]] = []
            try json.beginArray()
            while try json.nextElement() { both.append(try json.readBase64Strict()) }
            return both
        }
        #expect(both == [[1], [2]])
    }
}
