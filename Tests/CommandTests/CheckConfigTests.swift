import Foundation
import TestKit
import Testing

@Suite struct CheckConfigTests {
    let tool: CommandLineTool

    init() throws {
        tool = try CommandLineTool()
    }

    @Test func aSoundConfigurationIsOk() throws {
        try tool.write("node.yaml", "p2p_port: 9001\nmax_peers: 20\n")
        let result = try tool.run("check-config", "node.yaml")
        #expect(result.code == 0)
        #expect(result.output == "ok\n")
        #expect(result.errors.contains("genesis_path"), "a file that is missing is noted")
    }

    @Test func quietlyItSaysOnlyWhatIsWrong() throws {
        try tool.write("node.yaml", "p2p_port: 9001\n")
        let sound = try tool.run("check-config", "--quiet", "node.yaml")
        #expect(sound.code == 0 && sound.output + sound.errors == "")
        try tool.write("node.yaml", "p2p_port: many\n")
        let mistaken = try tool.run("check-config", "--quiet", "node.yaml")
        #expect(mistaken.code == 78 && mistaken.errors.hasPrefix("node.yaml:1:11: "))
    }

    @Test func theEffectiveConfigurationIsAWholeOne() throws {
        try tool.write("node.yaml", "p2p_port: 9001\n")
        let result = try tool.run("check-config", "--effective", "node.yaml", environment: ["PODORU_MAX_PEERS": "20"])
        #expect(result.code == 0)
        let lines = result.output.split(separator: "\n")
        #expect(lines.contains("p2p_port: 9001") && lines.contains("max_peers: 20") && lines.contains("api_port: 8545"))
        // It can be used in place of the file.
        try tool.write("effective.yaml", result.output)
        #expect(try tool.run("check-config", "--effective", "effective.yaml").output == result.output)
    }

    @Test func everyMistakeHasItsOwnLineThatBeginsWithTheFile() throws {
        try tool.write("node.yaml", "p2p_port: many\nmax_peeers: 20\nblock_time: 5\n")
        let result = try tool.run("check-config", "node.yaml")
        #expect(result.code == 78)
        #expect(result.output.isEmpty)
        let lines = result.errors.split(separator: "\n")
        #expect(lines.count == 3)
        #expect(zip(lines, 1...).allSatisfy { $0.hasPrefix("node.yaml:\($1):") }, "\(result.errors)")
        #expect(result.errors.contains("max_peers"), "the nearest key is named")
    }

    @Test func theEnvironmentIsCheckedToo() throws {
        try tool.write("node.yaml", "max_peers: 20\n")
        let result = try tool.run("check-config", "node.yaml", environment: ["PODORU_MAX_PEERS": "lots"])
        #expect(result.code == 78)
        #expect(result.errors.contains("PODORU_MAX_PEERS"))
    }

    @Test(arguments: ["\u{0}\u{1}\u{2}", "a: [", "\t- x", "- a\n- b\n", "just text"]) func whatIsNoConfigurationIsNamed(content: String)
        throws
    {
        try tool.write("node.yaml", content)
        let result = try tool.run("check-config", "node.yaml")
        #expect(result.code == 78)
        #expect(result.errors.contains("node.yaml:"))
    }

    @Test func aMissingFileIsMissingInput() throws {
        let result = try tool.run("check-config", "nope.yaml")
        #expect(result.code == 66)
        #expect(result.errors.contains("nope.yaml"))
    }

    @Test func aFolderIsAnError() throws {
        let result = try tool.run("check-config", ".")
        #expect([65, 74].contains(result.code))
        #expect(!result.errors.isEmpty)
    }

    @Test func anEmptyFileIsTheDefaults() throws {
        try tool.write("node.yaml", "")
        #expect(try tool.run("check-config", "node.yaml").output == "ok\n")
    }
}
