import Foundation
import Primitives
import TestKit
import Testing
import Wire

@Suite struct BlockResponseTests {
    func decode(_ text: String) throws(Violation) -> BlockResponse { try BlockResponse(decoding: Array(text.utf8)) }

    func pieces(_ text: String) throws(Violation) -> [String]? {
        guard case .blocks(let ranges) = try decode(text) else { return nil }
        let bytes = Array(text.utf8)
        return ranges.map { String(decoding: bytes[$0], as: UTF8.self) }
    }

    @Test func anEmptyPayloadIsAnUnknownBlock() throws {
        #expect(try decode("") == .unknown)
        #expect(try decode(" \n") == .unknown)
    }

    @Test func anObjectIsOneBlock() throws {
        #expect(try decode(#"{"header":{}}"#) == .block)
    }

    @Test(arguments: [
        ("[]", []), (" [ ] ", []), ("null", []), ("[{}]", ["{}"]),
        (#" [ {"a":1} , {"b":[{"c":"]}"}]} ] "#, [#"{"a":1}"#, #"{"b":[{"c":"]}"}]}"#]),
        (#"[{"a":"\"}],[{\\"},{"b":"\\"}]"#, [#"{"a":"\"}],[{\\"}"#, #"{"b":"\\"}"#]),
        (#"[{"a":"01234567\"89abcdef\\"},{"b":"}}}}}}}}]]]]]]]]"}]"#, [#"{"a":"01234567\"89abcdef\\"}"#, #"{"b":"}}}}}}}}]]]]]]]]"}"#]),
    ])
    func anArrayIsCutIntoItsElements(_ text: String, _ elements: [String]) throws {
        #expect(try pieces(text) == elements)
    }

    @Test(arguments: [
        "[", "]", "x", "5", "\"a\"", "nul", "nullx", "[{}", "[{},]", "[,{}]", "[{}{}]", "[{}] x", "[1]", "[null]", "[[]]", "[\"a\"]", "[{]",
        "[{\"a]",
        "[{\"a\\", "[{\"a\\\"]", "[{}]]", "null null", "[{\"aaaaaaaaaaaaaaaaaaaaaaaa",
    ])
    func whatIsNoArrayOfObjectsIsAViolation(_ text: String) {
        #expect(violation { () throws(Violation) in try decode(text) }?.name == "bad_payload")
    }

    @Test func atMostOneHundredElements() throws {
        func list(_ count: Int) -> String { "[" + Array(repeating: "{}", count: count).joined(separator: ",") + "]" }
        #expect(try pieces(list(100))?.count == 100)
        #expect(violation { () throws(Violation) in try decode(list(101)) } != nil)
        #expect(violation { () throws(Violation) in try TransactionBatch.split(Array(list(101).utf8)) }?.name == "bad_payload")
        #expect(try TransactionBatch.split(Array(list(100).utf8)).count == 100)
    }

    @Test func nestingIsBounded() {
        let deep = #"[{"a":"# + String(repeating: "[", count: 100_000)
        #expect(violation { () throws(Violation) in try decode(deep) } != nil)
        let edge = #"[{"a":"# + String(repeating: "[", count: 62) + String(repeating: "]", count: 62) + "}]"
        #expect(violation { () throws(Violation) in try decode(edge) } == nil)
    }

    @Test func realBlocksComeBackAsTheyWere() throws {
        struct File: Decodable {
            struct Frame: Decodable {
                var json: String
            }
            var frames: [Frame]
        }
        let blocks = try Vectors.decode(File.self, from: "wire-go-dialect.json").frames.map { Array($0.json.utf8) }
        let (payload, count) = BlockResponse.encode(blocks)
        #expect(count == blocks.count)
        guard case .blocks(let ranges) = try BlockResponse(decoding: payload) else {
            Issue.record("not an array")
            return
        }
        #expect(ranges.map { Array(payload[$0]) } == blocks)
    }

    @Test func theSplitterFindsWhatFoundationFinds() throws {
        var random = randomRun("array splitter")
        func value(_ depth: Int) -> Any {
            switch depth > 4 ? random.below(4) : random.below(6) {
            case 0: return String(decoding: random.bytes(random.below(30)), as: UTF8.self)
            case 1: return #"[{"\]}"#
            case 2: return random.below(1000)
            case 3: return NSNull()
            case 4: return (0..<random.below(4)).map { _ in value(depth + 1) }
            default: return object(depth + 1)
            }
        }
        func object(_ depth: Int) -> [String: Any] {
            Dictionary(uniqueKeysWithValues: (0..<random.below(4)).map { (#"k"{\\#($0)"#, value(depth)) })
        }
        for _ in 0..<300 {
            let objects = (0..<random.below(6)).map { _ in object(0) }
            let options: JSONSerialization.WritingOptions = random.below(2) == 0 ? [.prettyPrinted] : []
            let payload = [UInt8](try JSONSerialization.data(withJSONObject: objects, options: options))
            guard case .blocks(let ranges) = try BlockResponse(decoding: payload) else {
                Issue.record("not an array")
                return
            }
            #expect(ranges.count == objects.count)
            for (range, expected) in zip(ranges, objects) {
                let found = try JSONSerialization.jsonObject(with: Data(payload[range])) as? NSDictionary
                #expect(found == expected as NSDictionary)
            }
        }
    }

    @Test func mutatedArraysNeverTrapAndStayInside() throws {
        var random = randomRun("mutated arrays")
        let seed = Array(#"[{"a":"\"}","b":[1,2,{"c":null}]},{"d":"012345678901234567890\\"},{}]"#.utf8)
        for _ in 0..<5000 {
            let bytes = random.mutate(seed)
            guard let found = try? BlockResponse(decoding: bytes), case .blocks(let ranges) = found else { continue }
            var last = 0
            for range in ranges {
                #expect(range.lowerBound >= last && range.upperBound <= bytes.count && range.count >= 2)
                last = range.upperBound
            }
        }
    }

    @Test func anAnswerIsAPrefixThatFits() {
        let blocks = (0..<150).map { Array(#"{"h":\#($0)}"#.utf8) }
        #expect(BlockResponse.encode(blocks).count == 100)
        #expect(BlockResponse.encode([]).payload == Array("[]".utf8))
        let (payload, count) = BlockResponse.encode(blocks, maxPayloadBytes: 2 + 3 * 7 + 2)
        #expect(count == 3)
        #expect(payload == Array(#"[{"h":0},{"h":1},{"h":2}]"#.utf8))
        #expect(BlockResponse.encode(blocks, maxPayloadBytes: 2 + 3 * 7 + 1).count == 2)
        #expect(TransactionBatch.encode(blocks).count == 100)
    }
}
