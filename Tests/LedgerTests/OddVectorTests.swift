import Foundation
import Primitives
import TestKit
import Testing

@testable import Ledger

/// What differential runs against the Go node found (`Tests/Vectors/odd`). The blocks follow heights 1–10 of chain-130.
@Suite struct OddVectorTests {
    private func block(_ name: String) throws -> [UInt8] {
        [UInt8](try Vectors.data("odd/\(name)").prefix { $0 != 0x0a })
    }

    @Test func anIDThatTheReferenceCannotKeepIsAFaultOfTheBodyAlone() throws {
        let engine = try Fixture.engine(height: 10)
        let bad = try PreparedBlock.prepare(block("poison-bad.jsonl"))
        let honest = try PreparedBlock.prepare(block("poison-honest.jsonl"))
        #expect(bad.hash == honest.hash)
        let rejection = try #require(try engine.rejection(of: bad))
        #expect(rejection == .transaction(index: 0, .idTooLong(bytes: 32_499)))
        #expect(rejection.fault == .body)
        #expect(try engine.rejection(of: honest) == nil)
    }

    @Test func theLongestIDThatTheReferenceKeepsIsAccepted() throws {
        let engine = try Fixture.engine(height: 10)
        var block = try Block(decoding: block("poison-honest.jsonl"))
        block.transactions?[0]?.id = [UInt8](repeating: 7, count: Limits.maxIDBytes)
        #expect(Limits.maxIDBytes == 32_498)
        #expect(try engine.rejection(of: PreparedBlock.prepare(block.json)) == nil)
    }

    @Test func aFaultOfTheHeaderIsToldBeforeALongID() throws {
        let engine = try Fixture.engine(height: 9)
        let bad = try PreparedBlock.prepare(block("poison-bad.jsonl"))
        #expect(try engine.rejection(of: bad) == .wrongHeight(expected: 10, found: 11))
    }

    @Test func strictRulesAskForTheHashAnyway() throws {
        let chain = try SmallChain()
        var transaction = chain.set("a", by: chain.users[0])
        transaction.id = [UInt8](repeating: 7, count: Limits.maxIDBytes + 1)
        #expect(try chain.rejection([transaction]) == .transaction(index: 0, .wrongID))
    }

    @Test func aValueGivenTwiceKeepsTheOldByteWhereTheSecondIsNull() throws {
        let engine = try Fixture.engine(height: 10)
        let prepared = try PreparedBlock.prepare(block("target_value_repeated-1-9.jsonl"))
        #expect(prepared.transactions.first??.transaction.data?.operations?.first??.value == [1, 7])
        #expect(try engine.rejection(of: prepared) == nil)
    }

    @Test func whiteSpaceBeforeACombiningMarkIsTrimmedAlone() throws {
        let genesis = try Genesis(decoding: [UInt8](Vectors.data("odd/authority-name.genesis.json")))
        let engine = try ChainEngine(genesis: genesis, store: MemoryChainStore())
        let prepared = try PreparedBlock.prepare(block("authority-name.jsonl"), isAuthority: genesis.rules.isAuthority)
        guard case .signature(.wrongSigner) = try engine.rejection(of: prepared) else {
            Issue.record("the block was not refused for its signature")
            return
        }
    }

    @Test func anAuthoritysNameMayHaveWhiteSpaceOfGosAroundIt() throws {
        let address = try Fixture.key(100).address
        let name = address.lowercased.text.dropFirst(2)
        for space in ["", " ", "\t\u{b}\u{c}\r\n", "\u{85}\u{a0}\u{1680}\u{2000}\u{200a}\u{2028}\u{2029}\u{202f}\u{205f}\u{3000}"] {
            #expect(address.isNamed(ByteString("\(space)0x\(name)\(space)")))
            #expect(address.isNamed(ByteString("\(space)\(name.uppercased())\(space)")))
        }
        for other in ["\u{200b}", "\u{180e}", "\u{feff}", "\u{1c}", "\u{301}", " \u{301}", "\u{2060}"] {
            #expect(!address.isNamed(ByteString("\(other)0x\(name)")), "\(other.unicodeScalars)")
            #expect(!address.isNamed(ByteString("0x\(name)\(other)")), "\(other.unicodeScalars)")
        }
    }

    @Test func aGenesisKeyThatTheReferenceCannotKeepStartsNoChain() throws {
        func configuration(_ key: ByteString) -> GenesisConfiguration {
            GenesisConfiguration(timestamp: 5, authorities: ["a"], initialState: [key: "v"])
        }
        let longest = ByteString([UInt8](repeating: UInt8(ascii: "k"), count: 64_997))
        #expect(try Genesis(configuration(longest)).transactionHashes.count == 1)
        let longer = ByteString(longest.bytes + [0x6b])
        #expect(throws: GenesisError.stateKeyTooLong(bytes: 64_998)) { try Genesis(configuration(longer)) }
        // The key of a balance counts with its prefix, and in lower case: this one grows from two bytes to three.
        let balance = ByteString(String(repeating: "\u{23a}", count: 21_664))
        #expect(throws: GenesisError.stateKeyTooLong(bytes: 65_000)) {
            try Genesis(GenesisConfiguration(timestamp: 5, authorities: ["a"], initialBalances: [balance: "1"]))
        }
    }
}
