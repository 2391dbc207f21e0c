import Ledger
import Primitives
import TestSupport
import Testing

/// What Go's `encoding/json` does with blocks and transactions beyond the vectors.
@Suite struct CodecTests {
    private func block(_ json: String) throws -> String { text(try Block(decoding: Array(json.utf8)).json) }
    private func transaction(_ json: String) throws -> String { text(try Transaction(decoding: Array(json.utf8)).json) }

    @Test func nilEmptyAndAbsentAreKeptApart() throws {
        #expect(try block("{}") == #"{"header":null,"transactions":null,"signature":null}"#)
        #expect(try block("null") == #"{"header":null,"transactions":null,"signature":null}"#)
        #expect(
            try block(#"{"transactions":[],"signature":""}"#) == #"{"header":null,"transactions":[],"signature":""}"#)
        #expect(
            try block(#"{"transactions":[null],"header":null}"#)
                == #"{"header":null,"transactions":[null],"signature":null}"#)
        #expect(
            try transaction(#"{"data":{"operations":[]}}"#)
                == #"{"id":null,"from":"","timestamp":0,"data":{"operations":[]},"signature":null,"nonce":0}"#)
        #expect(
            try transaction(#"{"data":{}}"#)
                == #"{"id":null,"from":"","timestamp":0,"data":{"operations":null},"signature":null,"nonce":0}"#)
    }

    @Test func ofTwoEqualKeysTheLastWinsFieldByField() throws {
        let header = #"{"header":{"version":1,"height":2},"HEADER":{"Height":3}}"#
        #expect(try block(header).hasPrefix(#"{"header":{"version":1,"height":3,"#))
        #expect(try block(#"{"header":{"version":1},"header":null}"#).hasPrefix(#"{"header":null,"#))
        let slices = #"{"transactions":[{"nonce":1,"from":"a"},{"nonce":2}],"transactions":[{"nonce":3}]}"#
        #expect(
            try block(slices)
                == #"{"header":null,"transactions":[{"id":null,"from":"a","timestamp":0,"data":null,"signature":null,"nonce":3}],"signature":null}"#
        )
        #expect(try transaction(#"{"id":"AQ==","id":null}"#).hasPrefix(#"{"id":null,"#))
    }

    @Test func bytesMayComeAsNumbers() throws {
        #expect(try transaction(#"{"id":[1,2,255],"signature":[]}"#).hasPrefix(#"{"id":"AQL/","#))
        #expect(try transaction(#"{"id":[1,2,255],"signature":[]}"#).contains(#""signature":"""#))
        #expect(throws: DecodingError.self) { try transaction(#"{"id":[256]}"#) }
        #expect(throws: DecodingError.self) { try transaction(#"{"id":[-1]}"#) }
    }

    @Test(arguments: [
        #"{"header":[]}"#, #"{"transactions":{}}"#, #"{"transactions":[[]]}"#, #"{"header":{"version":4294967296}}"#,
        #"{"header":{"height":-1}}"#, #"{"header":{"producer_addr":5}}"#, #"{"signature":"*"}"#, #"[]"#, #""block""#, "",
        #"{"header":null}x"#, #"{"header""#, #"{"transactions":[{"data":{"operations":[{"type":1}]}}]}"#,
    ])
    func whatGoDoesNotDecodeIsAnError(json: String) {
        #expect(throws: DecodingError.self) { try Block(decoding: Array(json.utf8)) }
    }

    @Test func deepNestingIsAnErrorAndNoTrap() {
        let deep = "{\"x\":" + String(repeating: "[", count: 100_000)
        #expect(throws: DecodingError.self) { try Block(decoding: Array(deep.utf8)) }
    }

    @Test func moreBytesThanAnyBlockNeedsAreNotRead() {
        let long = [UInt8](repeating: UInt8(ascii: " "), count: Limits.maximumInputBytes + 1)
        #expect(throws: DecodingError.tooLong(bytes: long.count, limit: Limits.maximumInputBytes)) {
            try Block(decoding: long)
        }
    }

    @Test func theHeaderIsReadWithoutTheRest() throws {
        let json = #"{"x":[1],"header":{"height":7,"producer_addr":"p"},"transactions":#"# + "broken"
        let peek = try HeaderPeek.read(Array(json.utf8))
        #expect(peek.header.height == 7 && peek.header.producer == "p")
        #expect(peek.hash == peek.header.hash)
        #expect(throws: DecodingError.noHeader) { try HeaderPeek.read(Array("{}".utf8)) }
        #expect(throws: DecodingError.self) { try HeaderPeek.read(Array(#"{"header":null}"#.utf8)) }
    }

    @Test func prefixesOfABlockNeverDecode() throws {
        let json = try #require(Fixture.chain.dropFirst().first)
        for count in 0..<json.count {
            #expect(throws: DecodingError.self) { try Block(decoding: Array(json[..<count])) }
        }
    }
}
