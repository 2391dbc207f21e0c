import Foundation
import Ledger
import TestKit
import Testing

/// Genesis files that a node takes, warns of, or refuses, and what `check-config` says of them.
@Suite(.timeLimit(.minutes(5))) struct GenesisFileTests {
    private let tool: CommandLineTool
    private static let authority = "0x0a8479160FAF69D64Ee5ae0e5a78cB63dE4e1836"

    init() throws {
        tool = try CommandLineTool()
        try tool.write(
            "node.yaml", "genesis_path: genesis.json\ndata_dir: data\np2p_bind_addr: 127.0.0.1\np2p_port: 0\napi_enabled: false\n")
    }

    private func write(timestamp: Int64, isStrict: Bool = true, more: String = "") throws {
        let state = isStrict ? #"{"chain:rules":"strict","chain:block_time":"1s"}"# : "{}"
        try tool.write(
            "genesis.json", "{\"timestamp\":\(timestamp),\"authorities\":[\"\(Self.authority)\"],\n \"initial_state\":\(state)\(more)}")
    }

    private var now: Int64 { Int64(Date().timeIntervalSince1970) }

    private func check() throws -> CommandLineTool.Result { try tool.run("check-config", "node.yaml") }
    private func start() throws -> CommandLineTool.Result {
        try tool.run(["run", "--config", "node.yaml"], through: ["/usr/bin/timeout", "-k", "5", "60"])
    }

    @Test(arguments: [1000, 1_000_000] as [Int64]) func aTimestampInAnotherUnitIsRefusedWhereItIsMade(_ factor: Int64) throws {
        let result = try tool.run("genesis", "-a", Self.authority, "--timestamp", "\(now * factor)", "-o", "made.json")
        #expect(result.code == 64)
        #expect(result.errors.contains("seconds since 1970 are meant"), "\(result.errors)")
        #expect(!FileManager.default.fileExists(atPath: tool.folder.appendingPathComponent("made.json").path))
        #expect(try tool.run("genesis", "-a", Self.authority, "--timestamp", "946684799").code == 64)
        #expect(try tool.run("genesis", "-a", Self.authority, "--timestamp", "\(now + 86_400)").code == 0)
    }

    @Test func aGenesisInMillisecondsIsRefusedByAProducerAndByTheCheck() throws {
        let address = try tool.run("keygen", "-o", "a.key").output.line
        try tool.write(
            "genesis.json",
            #"{"timestamp":\#(now * 1000),"authorities":["\#(address)"],"initial_state":{"chain:rules":"strict","chain:block_time":"1s"}}"#)
        try tool.write("node.yaml", tool.read("node.yaml") + "node_type: producer\nprivate_key: a.key\n")
        for result in [try check(), try start()] {
            #expect(result.code == 65, "\(result.errors)")
            #expect(result.errors.contains("node.yaml:1:1: genesis_path: the genesis file genesis.json is wrong: its timestamp"))
            #expect(result.errors.contains("it looks like milliseconds"))
        }
    }

    @Test(arguments: [.min, 0, 946_684_799, .max] as [Int64]) func aStrictGenesisOfAnotherTimeIsRefused(_ timestamp: Int64) throws {
        try write(timestamp: timestamp)
        #expect(try check().code == 65)
        #expect(try start().code == 65)
    }

    @Test func anOldGenesisOfTheReferencesRulesIsTakenWithANote() throws {
        try write(timestamp: 0, isStrict: false)
        let result = try check()
        #expect(result.code == 0 && result.output == "ok\n")
        #expect(result.errors.contains("note: the genesis genesis.json: its timestamp 0 lies before the year 2000"), "\(result.errors)")
        try write(timestamp: now * 1000, isStrict: false)
        #expect(try check().code == 65, "no block can follow that one")
    }

    @Test func keysThatNobodyReadsOrThatStandTwiceAreErrorsOfTheCheck() throws {
        try write(timestamp: now, more: ",\n \"gas_confg\":{},\n \"authorities\":[\"\(Self.authority)\"]")
        let result = try check()
        #expect(result.code == 65)
        #expect(result.output.isEmpty)
        let lines = result.errors.split(separator: "\n")
        #expect(lines.count == 2)
        #expect(lines.first?.hasPrefix("genesis.json:3:2: gas_confg is no key of a genesis; the keys here are timestamp, ") == true)
        #expect(lines.last == "genesis.json:4:2: authorities is given twice; the last one counts")
    }

    @Test func aGenesisThatStartsNoChainIsAnErrorOfTheCheck() throws {
        try tool.write("genesis.json", #"{"timestamp":1700000000,"authorities":[]}"#)
        let none = try check()
        #expect(none.code == 65 && none.errors.contains("no authorities specified"), "\(none.errors)")
        try write(timestamp: now)
        try tool.write("node.yaml", tool.read("node.yaml") + "authorities: [\"0xb6ad77e26E15060F42616878D5E285A289bC2487\"]\n")
        #expect(try check().code == 78)
    }
}
