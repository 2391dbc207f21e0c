import Foundation
import Primitives
import Testing

/// Bytes that nobody meant as JSON: the reader ends with a value or an error, inside its bounds.
struct JSONFuzzTests {
    @Test func randomBytesNeverCrashTheReader() {
        var random = printedSeed(UInt64.random(in: 0...UInt64.max), for: "random bytes")
        for _ in 0..<3000 { exercise(random.bytes(Int(random.next() % 40)), &random) }
    }

    @Test func randomTokensAreJudgedAsFoundationJudgesThem() throws {
        var random = printedSeed(UInt64.random(in: 0...UInt64.max), for: "random tokens")
        let tokens = ["{", "}", "[", "]", ",", ":", "\"a\"", "\"\"", "0", "12", "-3", "1.5", "null", "true", "false", " ", "\"b\\n\""]
        var accepted = 0
        for _ in 0..<20_000 {
            let text = (0..<1 + random.next() % 7).map { _ in tokens[Int(random.next() % UInt64(tokens.count))] }.joined()
            let ours = (try? reading(text) { json throws(JSONError) in try json.skipValue() }) != nil
            let theirs = (try? JSONSerialization.jsonObject(with: Data(text.utf8), options: .fragmentsAllowed)) != nil
            // Foundation lets a comma stand before a bracket.
            let squeezed = text.filter { $0 != " " }
            let hasSpareComma = squeezed.contains(",]") || squeezed.contains(",}")
            #expect(ours == (theirs && !hasSpareComma), Comment(rawValue: text))
            accepted += ours ? 1 : 0
        }
        #expect(accepted > 1000)
    }

    @Test func damagedBlocksNeverCrashTheReader() {
        var random = printedSeed(UInt64.random(in: 0...UInt64.max), for: "damaged text")
        let block = Array(
            #"{"header":{"version":1,"previous_hash":"AQIDBA==","producer_addr":"0x\u00e9\ud83d\ude00"},"list":[1,-2.5e3,null]}"#.utf8)
        for _ in 0..<3000 {
            var text = block
            for _ in 0...random.next() % 3 {
                let position = Int(random.next() % UInt64(text.count))
                switch random.next() % 3 {
                case 0: text[position] = UInt8(truncatingIfNeeded: random.next())
                case 1: text.remove(at: position)
                default: text = Array(text[..<position])
                }
                if text.isEmpty { break }
            }
            exercise(text, &random)
        }
    }

    /// Calls the reader in a random order; every call either moves on or throws.
    private func exercise(_ text: [UInt8], _ random: inout SplitMix64) {
        text.withUnsafeBytes { bytes in
            var json = JSONReader(bytes, maxDepth: 4)
            for _ in 0..<100 {
                let before = json.offset
                do throws(JSONError) {
                    try step(&json, random.next() % 12)
                } catch {
                    #expect(error.offset >= 0 && error.offset <= text.count)
                    #expect(!error.description.isEmpty)
                    return
                }
                #expect(json.offset >= before && json.offset <= text.count)
            }
        }
    }

    private func step(_ json: inout JSONReader, _ choice: UInt64) throws(JSONError) {
        switch choice {
        case 0: _ = try json.skipValue()
        case 1: _ = try json.readString()
        case 2: _ = try json.readGoBytes()
        case 3: _ = try json.readBase64Strict()
        case 4: _ = try json.readUInt64()
        case 5: _ = try json.readInt64()
        case 6: _ = try json.consumeNull()
        case 7: try json.beginArray()
        case 8: _ = try json.nextElement()
        case 9: _ = try json.nextKey()?.matchesIgnoringCaseAndUnderscore("producer_addr")
        case 10: try json.beginObject()
        default: _ = try json.peek()
        }
    }
}
