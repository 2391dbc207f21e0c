import Ledger
import Primitives
import TestKit
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

    /// Go's `encoding/json` over memory that is there: what an array left behind its end shows again in a longer one.
    @Test(arguments: [
        (#"{"id":"AQID","id":[null,7]}"#, "AQc="), (#"{"id":"AQID","id":[null,7,null,null]}"#, "AQcDAA=="),
        (#"{"id":[1,2,3],"id":[4],"ID":[null,null,null,null]}"#, "BAIDAA=="), (#"{"id":[1,2,3],"id":[4],"id":[null,null]}"#, "BAI="),
        // A string, an empty array and null are new slices, which have nothing behind them.
        (#"{"id":[1,2,3],"id":"BA==","id":[null,null]}"#, "BAA="), (#"{"id":[1,2,3],"id":[],"id":[null,null]}"#, "AAA="),
        (#"{"id":[1,2,3],"id":null,"id":[null,null]}"#, "AAA="), (#"{"id":[1,2],"id":[3],"id":[]}"#, ""),
        (#"{"id":[1,2,3],"id":[4],"id":[5,null],"id":[null,null,null]}"#, "BQID"),
    ])
    func bytesGivenAgainAreReadOverTheOldOnes(json: String, id: String) throws {
        #expect(try transaction(json).hasPrefix("{\"id\":\"\(id)\","))
    }

    @Test(arguments: [
        (#"[{"key":"a"},{"key":"b"}],"operations":[{}],"operations":[{},{"type":"SET"}]"#, [("", "a"), ("SET", "b")]),
        (#"[{"key":"a"},{"key":"b"}],"operations":[null],"operations":[{},{"type":"SET"}]"#, [("", ""), ("SET", "b")]),
        (#"[{"key":"a"},{"key":"b"}],"operations":[],"operations":[{},{}]"#, [("", ""), ("", "")]),
        (#"[{"key":"a"},{"key":"b"}],"operations":null,"operations":[{},{}]"#, [("", ""), ("", "")]),
        (#"[{"key":"a"},{"key":"b"}],"operations":[{"key":"c"}],"operations":[{"key":null},{}]"#, [("", "c"), ("", "b")]),
    ])
    func operationsGivenAgainAreReadOverTheOldOnes(json: String, expected: [(String, String)]) throws {
        let read = try Transaction(decoding: Array("{\"data\":{\"operations\":\(json)}}".utf8))
        let operations = (read.data?.operations ?? []).map { ($0?.type.name.text ?? "nil", $0?.key.text ?? "nil") }
        #expect(operations.map(\.0) == expected.map(\.0) && operations.map(\.1) == expected.map(\.1))
    }

    @Test func whatLiesBehindAnEndBelongsToItsElement() throws {
        func value(_ json: String) throws -> [UInt8]? {
            let block = try Block(decoding: Array("{\"transactions\":\(json)}".utf8))
            return block.transactions?.last??.data?.operations?.last??.value
        }
        func with(_ value: String) -> String { #"{"data":{"operations":[{"value":"# + value + "}]}}" }
        let first = "[{},\(with("[1,2,3]"))],\"transactions\":[{},\(with("[4]"))]"
        // The transaction itself lies behind the end for a while, and what was behind the end of its bytes with it.
        #expect(try value(first + ",\"transactions\":[{}],\"transactions\":[{},\(with("[null,null,null]"))]") == [4, 2, 3])
        #expect(try value(first + ",\"transactions\":[{},null],\"transactions\":[{},\(with("[null,null,null]"))]") == [0, 0, 0])
        #expect(try value(first + ",\"transactions\":[{},{\"data\":null}],\"transactions\":[{},\(with("[null,null]"))]") == [0, 0])
    }

    @Test func aHeadersBytesAndTheAuthoritiesOfAGenesisAreReadOverTheOldOnes() throws {
        let header = #"{"header":{"merkle_root":[1,2]},"header":{"merkle_root":[3]},"header":{"merkle_root":[null,null]}}"#
        #expect(try Block(decoding: Array(header.utf8)).header?.merkleRoot == [3, 2])
        let forgotten = #"{"header":{"merkle_root":[1,2]},"header":{"merkle_root":[3]},"header":null,"header":{"merkle_root":[null,null]}}"#
        #expect(try Block(decoding: Array(forgotten.utf8)).header?.merkleRoot == [0, 0])
        let authorities = #"{"authorities":["a","b"],"authorities":["c"],"authorities":[null,null,null]}"#
        #expect(try GenesisConfiguration(decoding: Array(authorities.utf8)).authorities == ["c", "b", ""])
    }

    /// A stranger's block may say a long array once and a short one a hundred thousand times.
    @Test func manyShortArraysAfterALongOneCostWhatTheirTextCosts() throws {
        let long = "[" + String(repeating: "1,", count: 1_000_000) + "1]"
        let json = "{\"id\":\(long)" + String(repeating: ",\"id\":[2]", count: 100_000) + "}"
        // Copying the long one each time would be 100 GB.
        #expect(try Transaction(decoding: Array(json.utf8)).id == [2])
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
        let long = [UInt8](repeating: UInt8(ascii: " "), count: Limits.maxInputBytes + 1)
        #expect(throws: DecodingError.tooLong(bytes: long.count, limit: Limits.maxInputBytes)) {
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
