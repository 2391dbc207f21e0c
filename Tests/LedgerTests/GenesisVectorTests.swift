import Foundation
import Ledger
import Primitives
import TestKit
import Testing

@Suite struct GenesisVectorTests {
    /// `blocks.json`; the configurations are given on as JSON.
    struct File {
        var genesis: [[String: Any]]
        var validations: [[String: Any]]

        init() throws {
            let object = try JSONSerialization.jsonObject(with: Vectors.data("blocks.json"))
            let top = try #require(object as? [String: Any])
            genesis = try #require(top["genesis"] as? [[String: Any]])
            validations = try #require(top["genesis_config_validation"] as? [[String: Any]])
        }

        static func configuration(_ vector: [String: Any]) throws -> [UInt8] {
            [UInt8](try JSONSerialization.data(withJSONObject: try #require(vector["config"])))
        }
    }

    @Test func genesisBlocksAreThoseOfGo() throws {
        let vectors = try File().genesis
        #expect(vectors.count == 8)
        for vector in vectors {
            let name = try #require(vector["name"] as? String)
            let genesis = try Genesis(decoding: File.configuration(vector))
            let json = try #require(genesis.blockJSON)
            let block = try Block(decoding: json)
            #expect(text(json) == vector["block_json"] as? String, "\(name)")
            #expect(genesis.hash.hex == vector["hash"] as? String, "\(name)")
            #expect(genesis.stateRoot.hex == vector["state_root"] as? String, "\(name)")
            let header = try #require(block.header)
            #expect(text(header.json) == vector["header_json"] as? String, "\(name)")
            #expect(Hex.string(try #require(header.merkleRoot)) == vector["merkle_root"] as? String, "\(name)")
            #expect((block.transactions ?? []).count == vector["tx_count"] as? Int, "\(name)")

            var before = header
            before.stateRoot = Hash32.zero.bytes
            #expect(before.hash.hex == vector["hash_before_initialize"] as? String, "\(name)")
        }
    }

    @Test func configurationsGetGosVerdict() throws {
        let vectors = try File().validations
        #expect(vectors.count == 14)
        for vector in vectors {
            let name = try #require(vector["name"] as? String)
            let expected = try #require(vector["validate"] as? String)
            let configuration = try GenesisConfiguration(decoding: File.configuration(vector))
            #expect(configuration.fault()?.description ?? "ok" == expected, "\(name)")
        }
    }

    @Test func aConfigurationSurvivesItsOwnJSON() throws {
        for vector in try File().genesis {
            let configuration = try GenesisConfiguration(decoding: File.configuration(vector))
            #expect(try GenesisConfiguration(decoding: configuration.json) == configuration)
        }
    }

    @Test func theChainsGenesisIsTheFirstBlockOfTheChain() throws {
        #expect(try Fixture.genesis().blockJSON == Fixture.chain.first)
    }

    @Test func aGenesisWithoutRulesIsReferenceAndOneWithThemStrict() throws {
        var configuration = try Fixture.genesis().configuration
        #expect(try Genesis(configuration).ruleSet == .reference)
        configuration.initialState["chain:rules"] = "strict"
        configuration.initialState["chain:block_time"] = "1m30s"
        #expect(try Genesis(configuration).ruleSet == .strict(blockTimeSeconds: 90))
    }

    @Test(arguments: ["", "5", "s", "0s", "250ms", "1.5s", "5s5s", "1s1m", "86401s", "-5s", "5 s", "99999999999999999999s"])
    func aBlockTimeThatIsNoWholeSecondsIsRefused(text: String) throws {
        var configuration = try Fixture.genesis().configuration
        configuration.initialState["chain:rules"] = "strict"
        configuration.initialState["chain:block_time"] = ByteString(text)
        #expect(throws: GenesisError.invalidBlockTime(ByteString(text))) { try Genesis(configuration) }
    }

    @Test(arguments: [("1s", Int64(1)), ("5s", 5), ("1h", 3600), ("1h1m1s", 3661), ("24h", 86_400), ("90s", 90)])
    func aBlockTimeOfWholeSecondsIsRead(text: String, seconds: Int64) throws {
        var configuration = try Fixture.genesis().configuration
        configuration.initialState["chain:rules"] = "strict"
        configuration.initialState["chain:block_time"] = ByteString(text)
        #expect(try Genesis(configuration).ruleSet == .strict(blockTimeSeconds: seconds))
    }

    @Test func strictRulesAskMoreOfAGenesis() throws {
        var strict = try Fixture.genesis().configuration
        strict.initialState["chain:rules"] = "strict"
        #expect(throws: GenesisError.invalidBlockTime(nil)) { try Genesis(strict) }
        strict.initialState["chain:block_time"] = "5s"

        var other = strict
        other.initialState["chain:rules"] = "relaxed"
        #expect(throws: GenesisError.unknownRules("relaxed")) { try Genesis(other) }

        other = strict
        other.authorities.append("authority")
        #expect(throws: GenesisError.invalidAuthority("authority")) { try Genesis(other) }

        other = strict
        let lower = try #require(Address(strict.authorities[0])).lowercased
        other.authorities.append(lower)
        #expect(throws: GenesisError.invalidAuthority(lower)) { try Genesis(other) }

        other = strict
        other.initialBalances["someone"] = "1"
        #expect(throws: GenesisError.invalidBalanceAddress("someone")) { try Genesis(other) }

        other = strict
        other.initialBalances[lower] = "-1"
        #expect(throws: GenesisError.balanceTooLarge(lower)) { try Genesis(other) }
        other.initialBalances[lower] = ByteString(String(repeating: "9", count: 78))
        #expect(throws: GenesisError.balanceTooLarge(lower)) { try Genesis(other) }
    }

    @Test func addressesAreLoweredAsGoDoes() throws {
        // Go's ToLower maps each character by itself: U+0130 to a plain i, a capital sigma to the one inside words.
        let configuration = GenesisConfiguration(
            timestamp: 0, authorities: ["x"], initialBalances: ["A\u{130}\u{3a3}\u{d6}": "1"])
        let block = try Block(decoding: try #require(try Genesis(configuration).blockJSON))
        let transaction = try #require(block.transactions?.first ?? nil)
        #expect(transaction.data?.operations?.first??.key == ByteString("balance:ai\u{3c3}\u{f6}"))
    }
}
