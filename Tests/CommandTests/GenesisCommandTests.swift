import Foundation
import Ledger
import Primitives
import TestKit
import Testing

@Suite struct GenesisCommandTests {
    let tool: CommandLineTool
    static let one = "0x0a8479160FAF69D64Ee5ae0e5a78cB63dE4e1836"
    static let two = "0xb6ad77e26E15060F42616878D5E285A289bC2487"

    init() throws {
        tool = try CommandLineTool()
    }

    private func genesis(_ text: String) throws -> Genesis {
        try Genesis(decoding: Array(text.utf8))
    }

    @Test func theDefaultIsStrictWithFiveSecondsFromNow() throws {
        let result = try tool.run("genesis", "--authority", Self.one, "--authority", Self.two)
        #expect(result.code == 0)
        let genesis = try genesis(result.output)
        #expect(genesis.ruleSet == .strict(blockTimeSeconds: 5))
        #expect(genesis.authorities == [ByteString(Self.one), ByteString(Self.two)])
        #expect(abs(Double(genesis.configuration.timestamp) - Date().timeIntervalSince1970) < 60)
        #expect(genesis.configuration.token == nil)
    }

    @Test func everyOptionEndsInTheGenesis() throws {
        let result = try tool.run(
            "genesis", "-a", Self.one, "--block-time", "2s", "--timestamp", "1700000000", "--token-name", "Test", "--token-symbol", "TST",
            "--token-decimals", "6", "--token-supply", "1000", "--base-fee", "7", "--per-byte-fee", "3", "--balance",
            "\(Self.two)=123", "--set", "chain:name=A = <b>", "--set", "empty=", "--output", "genesis.json")
        #expect(result.code == 0)
        let genesis = try genesis(tool.read("genesis.json"))
        #expect(result.output.line == "0x" + Hex.string(genesis.hash.bytes))
        #expect(genesis.ruleSet == .strict(blockTimeSeconds: 2))
        #expect(genesis.configuration.timestamp == 1_700_000_000)
        #expect(genesis.token == TokenConfiguration(name: "Test", symbol: "TST", decimals: 6, initialSupply: "1000"))
        #expect(genesis.rules.fee(size: 10) == Amount(37))
        #expect(genesis.configuration.initialBalances == [ByteString(Self.two.lowercased()): "123"])
        #expect(genesis.configuration.initialState["chain:name"] == "A = <b>")
        #expect(genesis.configuration.initialState["empty"] == "")
        #expect(try tool.mode("genesis.json") == 0o644)
    }

    @Test func anAmountWithAPointIsTokens() throws {
        let result = try tool.run(
            "genesis", "-a", Self.one, "--token-decimals", "6", "--token-supply", "1000.0", "--base-fee", "0.000007", "--per-byte-fee",
            "3wei",
            "--balance", "\(Self.two)=1.5", "--balance", "\(Self.one)=15wei")
        #expect(result.code == 0, "\(result.errors)")
        let genesis = try genesis(result.output)
        #expect(genesis.token.initialSupply == "1000000000")
        #expect(genesis.rules.fee(size: 10) == Amount(37))
        #expect(
            genesis.configuration.initialBalances
                == [ByteString(Self.two.lowercased()): "1500000", ByteString(Self.one.lowercased()): "15"])
        for wrong in ["1.5000001", "1.5.0", ".", "1,5", "1.5PDR", "-1.0", "wei"] {
            let refused = try tool.run("genesis", "-a", Self.one, "--token-decimals", "6", "--balance", "\(Self.two)=\(wrong)")
            #expect(refused.code == 64 && refused.errors.contains("--balance"), "\(wrong): \(refused.errors)")
        }
        #expect(try tool.run("genesis", "-a", Self.one, "--token-decimals", "99", "--balance", "\(Self.two)=1.5").code == 64)
    }

    @Test func aKeyFileStandsForItsAddress() throws {
        let address = try tool.run("keygen", "-o", "a.key").output.line
        #expect(try genesis(tool.run("genesis", "-a", "a.key").output).authorities == [ByteString(address)])
    }

    @Test func anAddressInOneCaseIsSpelledWithItsChecksum() throws {
        let result = try tool.run("genesis", "-a", Self.one.lowercased())
        #expect(try genesis(result.output).authorities == [ByteString(Self.one)])
    }

    @Test func referenceRulesLeaveTheRulesKeysOut() throws {
        let genesis = try genesis(tool.run("genesis", "--reference", "-a", Self.one, "--timestamp", "1000000000").output)
        #expect(genesis.ruleSet == .reference)
        #expect(genesis.configuration.initialState.isEmpty)
    }

    @Test func theSameOptionsGiveTheSameChain() throws {
        let arguments = ["genesis", "-a", Self.one, "--timestamp", "1000000000", "--set", "b=1", "--set", "a=2", "--token"]
        #expect(try tool.run(arguments).output == tool.run(arguments).output)
    }

    @Test func anExistingFileIsNeverOverwritten() throws {
        try tool.write("genesis.json", "precious")
        let result = try tool.run("genesis", "-a", Self.one, "--output", "genesis.json")
        #expect(result.code == 73)
        #expect(try tool.read("genesis.json") == "precious")
        #expect(try tool.files == ["genesis.json"])
    }

    static let wrong: [[String]] = [
        [], ["-a", "nobody"], ["-a", one, "-a", one.lowercased()], ["-a", "0x0A8479160FAF69D64Ee5ae0e5a78cB63dE4e1836"],
        ["-a", one, "--strict", "--reference"], ["-a", one, "--reference", "--block-time", "5s"], ["-a", one, "--block-time", "500ms"],
        ["-a", one, "--block-time", "0s"], ["-a", one, "--balance", two], ["-a", one, "--balance", "x=1"],
        ["-a", one, "--balance", "\(two)=1,5"], ["-a", one, "--balance", "\(two)=-1"],
        ["-a", one, "--balance", "\(two)=" + String(repeating: "9", count: 80)],
        ["-a", one, "--balance", "\(two)=1", "--balance", "\(two.lowercased())=2"], ["-a", one, "--set", "novalue"],
        ["-a", one, "--set", "a=1", "--set", "a=2"], ["-a", one, "--set", "chain:rules=reference"], ["-a", one, "--base-fee", "1"],
        ["-a", one, "--token-decimals", "19"], ["-a", one, "--token", "--base-fee", "much"], ["-a", one, "--token-name", ""],
        ["-a", one, "--timestamp", "yesterday"],
    ]

    @Test(arguments: wrong) func aMistakeIsUsageAndWritesNothing(arguments: [String]) throws {
        let result = try tool.run(["genesis", "--output", "genesis.json"] + arguments)
        #expect(result.code == 64)
        #expect(!result.errors.isEmpty && result.output.isEmpty)
        #expect(try tool.files.isEmpty)
    }

    @Test func aKeyThatOthersCanReadIsRefusedHereToo() throws {
        try tool.write("a.key", String(repeating: "1", count: 64), mode: 0o644)
        #expect(try tool.run("genesis", "-a", "a.key").code == 77)
    }
}
