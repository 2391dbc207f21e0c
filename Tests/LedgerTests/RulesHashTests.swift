import Foundation
import Primitives
import TestKit
import Testing

@testable import Ledger

/// What peers compare beside the genesis block.
@Suite struct RulesHashTests {
    private static let base = """
        {"timestamp":1700000000,"authorities":["0x0a8479160FAF69D64Ee5ae0e5a78cB63dE4e1836","0xb6ad77e26E15060F42616878D5E285A289bC2487"],
         "initial_state":{"chain:name":"Test"},
         "token_config":{"name":"Podoru","symbol":"PDR","decimals":18,"initial_supply":"1000"},
         "gas_config":{"base_fee":"1000","per_byte_fee":"10"}}
        """

    private func genesis(_ text: String) throws -> Genesis { try Genesis(decoding: Array(text.utf8)) }

    private func changed(_ old: String, _ new: String) throws -> Genesis {
        let text = Self.base.replacingOccurrences(of: old, with: new)
        try #require(text != Self.base)
        return try genesis(text)
    }

    @Test func theEncodingIsThePages() throws {
        let genesis = try genesis(Self.base)
        let json = Genesis.rulesJSON(genesis.rules, genesis.token)
        #expect(
            String(decoding: json, as: UTF8.self)
                == #"{"podoru_rules":1,"authorities":["0x0a8479160FAF69D64Ee5ae0e5a78cB63dE4e1836","#
                + #""0xb6ad77e26E15060F42616878D5E285A289bC2487"],"fees":{"base_fee":"1000","per_byte_fee":"10"},"#
                + #""token":{"name":"Podoru","symbol":"PDR","decimals":18,"initial_supply":"1000"},"rules":"reference","block_time":0}"#)
        #expect(genesis.rulesHash == SHA256.hash(json))
    }

    /// The Python peer computes the same, and docs/protocol.md names it.
    @Test func theVectorsHashIsThatOfOtherLanguages() throws {
        #expect(try Fixture.genesis().rulesHash.hex == "f6a9895079398ea9f04414abf026879e9694a438519cbce79b6b793d1dea80e8")
    }

    @Test func aStrictChainsEncodingHasItsBlockTimeInSeconds() throws {
        let genesis = try changed(#""chain:name":"Test""#, #""chain:rules":"strict","chain:block_time":"1m30s""#)
        let json = String(decoding: Genesis.rulesJSON(genesis.rules, genesis.token), as: UTF8.self)
        #expect(json.hasSuffix(#","rules":"strict","block_time":90}"#))
    }

    @Test(arguments: [
        (#""base_fee":"1000","per_byte_fee":"10""#, #""base_fee":"","per_byte_fee":"""#),
        (#""base_fee":"1000","per_byte_fee":"10""#, #""per_byte_fee":"+010","base_fee":"01000""#),
        (#""base_fee":"1000","per_byte_fee":"10""#, ""),
        (#""initial_supply":"1000""#, #""initial_supply":"+0001000""#),
        (#""timestamp":1700000000,"#, #""comment":"nobody reads this","timestamp":1700000000,"#),
    ])
    func whatMeansTheSameHasOneHash(_ old: String, _ new: String) throws {
        let other = try changed(old, new)
        #expect(try genesis(Self.base).hash == other.hash)
        #expect(try genesis(Self.base).rulesHash == other.rulesHash)
        #expect(try genesis(Self.base).differences(from: other) == [])
    }

    @Test func feesThatAreNotChargedAreNone() throws {
        let none = try changed(#", "gas_config":{"base_fee":"1000","per_byte_fee":"10"}"#.replacingOccurrences(of: ", ", with: ",\n "), "")
        let zero = try changed(#""base_fee":"1000","per_byte_fee":"10""#, #""base_fee":"0","per_byte_fee":"0""#)
        #expect(none.rulesHash == zero.rulesHash)
        #expect(try none.rulesHash != genesis(Self.base).rulesHash)
    }

    @Test func withoutATokenItIsTheReferencesAndFeesAreNone() throws {
        let bare = GenesisConfiguration(timestamp: 1_700_000_000, authorities: ["a"])
        var gas = bare
        gas.gas = GasConfiguration(baseFee: "5", perByteFee: "5")
        var token = bare
        token.token = .standard
        let (one, two, three) = (try Genesis(bare), try Genesis(gas), try Genesis(token))
        #expect(one.rulesHash == two.rulesHash && one.hash == two.hash)
        #expect(one.rulesHash == three.rulesHash && one.hash != three.hash)
    }

    @Test(arguments: [
        (
            #""0x0a8479160FAF69D64Ee5ae0e5a78cB63dE4e1836","0xb6ad77e26E15060F42616878D5E285A289bC2487""#,
            #""0xb6ad77e26E15060F42616878D5E285A289bC2487","0x0a8479160FAF69D64Ee5ae0e5a78cB63dE4e1836""#, RulesPart.authorities
        ),
        ("0x0a8479160FAF69D64Ee5ae0e5a78cB63dE4e1836", "0x0a8479160faf69d64ee5ae0e5a78cb63de4e1836", .authorities),
        (#","0xb6ad77e26E15060F42616878D5E285A289bC2487""#, "", .authorities),
        (#""base_fee":"1000""#, #""base_fee":"1001""#, .fees),
        (#""per_byte_fee":"10""#, #""per_byte_fee":"0""#, .fees),
        (#""name":"Podoru""#, #""name":"Podoru2""#, .token),
        (#""symbol":"PDR""#, #""symbol":"PDX""#, .token),
        (#""decimals":18"#, #""decimals":6"#, .token),
        (#""initial_supply":"1000""#, #""initial_supply":"1001""#, .token),
        (#""initial_supply":"1000""#, #""initial_supply":"""#, .token),
    ])
    func whatTheBlockDoesNotCommitToTheHashDoes(_ old: String, _ new: String, _ part: RulesPart) throws {
        let (one, other) = (try genesis(Self.base), try changed(old, new))
        #expect(one.hash == other.hash, "the block does not tell them apart")
        #expect(one.rulesHash != other.rulesHash)
        #expect(one.differences(from: other) == [part])
    }
}

/// Keys that nobody reads, and keys that stand twice.
@Suite struct GenesisKeyTests {
    private func faults(_ text: String) throws -> [String] {
        let json = Array(text.utf8)
        _ = try GenesisConfiguration(decoding: json)
        return GenesisConfiguration.keyFaults(in: json).map { "\($0.line):\($0.column) \($0.path) \(kind($0))" }
    }

    private func kind(_ fault: GenesisKeyFault) -> String { fault.kind == .repeated ? "repeated" : "unknown" }

    @Test func aSoundGenesisHasNone() throws {
        #expect(try faults(String(decoding: Vectors.data("genesis.json"), as: UTF8.self)) == [])
        #expect(try faults(#"{"Timestamp":1,"AUTHORITIES":["a"],"token_config":null,"initial_state":{"x":"","X":""}}"#) == [])
    }

    @Test func eachIsNamedWithItsPlaceAtEveryLevel() throws {
        let text = """
            {"timestamp": 1, "authorities": ["a"],
             "gas_confg": {"base_fee": "1"},
             "token_config": {"nmae": "x", "name": "T", "symbol": "T", "Symbol": "U"},
             "gas_config": {"base_fee": "1",
               "fee": {"base_fee": [1, {}]}},
             "initial_state": {"a": "1", "ä": "2", "b": "3",
               "a": "4"},
             "initial_balances": {"0x1": "1", "0x1": "2"},
             "authorities": ["b"]}
            """
        #expect(
            try faults(text) == [
                "2:2 gas_confg unknown", "3:19 token_config.nmae unknown", "3:60 token_config.symbol repeated",
                "5:4 gas_config.fee unknown",
                "7:4 initial_state.a repeated", "8:35 initial_balances.0x1 repeated", "9:2 authorities repeated",
            ])
    }

    @Test func aKeyInAnotherSpellingIsTheSameKey() throws {
        #expect(try faults(#"{"timestamp":1,"authorities":["a"],"\u0054imestamp":2}"#) == ["1:36 timestamp repeated"])
        #expect(try faults(#"{"authorities":["a"],"initial_state":{"ab":"1","a\u0062":"2"}}"#) == ["1:48 initial_state.ab repeated"])
    }

    @Test func aFileFullOfThemIsToldInPart() throws {
        let keys = (0..<1000).map { "\"k\($0)\":\($0)" }.joined(separator: ",")
        #expect(try faults("{\(keys)}").count == GenesisKeyFault.maxCount)
    }

    @Test func whatWouldMoveACursorIsNotPassedOn() throws {
        #expect(try faults(#"{"a\u001b[2J\n":1}"#) == ["1:2 a?[2J? unknown"])
    }
}

@Suite struct GenesisTimeTests {
    private static let now: Int64 = 1_800_000_000

    private func fault(_ timestamp: Int64, now: Int64 = now) -> GenesisTimeFault? {
        GenesisConfiguration(timestamp: timestamp, authorities: ["a"]).timeFault(now: now)
    }

    @Test func from2000ToTenYearsAheadIsFine() {
        #expect(fault(946_684_800) == nil)
        #expect(fault(Self.now) == nil)
        #expect(fault(Self.now + 3650 * 86_400) == nil)
    }

    @Test(arguments: [.min, -1, 0, 1000, 946_684_799] as [Int64]) func before2000IsTooEarly(_ timestamp: Int64) {
        #expect(fault(timestamp) == .tooEarly(timestamp))
    }

    @Test(arguments: [.max, 1_800_000_000_000, 1_800_000_000 + 3661 * 86_400] as [Int64]) func laterThanTenYearsIsTooLate(
        _ timestamp: Int64
    ) {
        #expect(fault(timestamp) == .tooLate(timestamp))
        #expect(fault(timestamp, now: .min) == .tooLate(timestamp))
    }

    @Test func aClockThatNobodyHasSetJudgesNothing() {
        #expect(fault(Self.now, now: 0) == nil)
        #expect(fault(Self.now, now: .max) == nil)
    }

    @Test(arguments: [(1000, "milliseconds"), (1_000_000, "microseconds"), (1_000_000_000, "nanoseconds")] as [(Int64, String)])
    func anotherUnitIsNamed(_ factor: Int64, _ unit: String) {
        #expect(fault(Self.now * factor)?.description.contains("looks like \(unit)") == true)
    }
}
