import Foundation
import TestKit
import Testing

@Suite struct KeyCommandTests {
    let tool: CommandLineTool

    init() throws {
        tool = try CommandLineTool()
    }

    @Test func keygenWritesAKeyThatOnlyItsOwnerReadsAndPrintsItsAddress() throws {
        let made = try tool.run("keygen", "--output", "a.key")
        #expect(made.code == 0)
        #expect(made.output.line.wholeMatch(of: /0x[0-9a-fA-F]{40}/) != nil)
        #expect(try tool.read("a.key").wholeMatch(of: /[0-9a-f]{64}/) != nil)
        #expect(try tool.mode("a.key") == 0o600)
        let address = try tool.run("address", "a.key")
        #expect(address.code == 0)
        #expect(address.output == made.output)
    }

    @Test func keygenWithoutANameWritesNodeKey() throws {
        #expect(try tool.run("keygen").code == 0)
        #expect(try tool.files == ["node.key"])
    }

    @Test func twoKeysAreDifferent() throws {
        _ = try tool.run("keygen", "-o", "a.key")
        _ = try tool.run("keygen", "-o", "b.key")
        #expect(try tool.read("a.key") != tool.read("b.key"))
    }

    @Test func keygenNeverOverwrites() throws {
        try tool.write("a.key", "precious")
        let result = try tool.run("keygen", "--output", "a.key")
        #expect(result.code == 73)
        #expect(result.output.isEmpty)
        #expect(result.errors.contains("a.key"))
        #expect(try tool.read("a.key") == "precious")
        #expect(try tool.files == ["a.key"])
    }

    @Test func keygenIntoAFolderThatIsNotThereSaysSo() throws {
        let result = try tool.run("keygen", "--output", "no/such/a.key")
        #expect(result.code == 73)
        #expect(result.errors.contains("no/such/a.key"))
    }

    @Test func addressPrintsTheReferencesAddress() throws {
        try tool.write("a.key", "af7bc75f29d5156dc98655806253f4a6e1d5eef2cdb918b91169bdcf9a5afcb9\n")
        #expect(try tool.run("address", "a.key").output.line == "0xFC265D13Dd3C8A6Fa72EF93bED3830c3551cC2ee")
    }

    @Test(arguments: [0o640, 0o604, 0o644, 0o660, 0o777]) func aKeyThatOthersCanReadIsRefused(mode: Int) throws {
        try tool.write("a.key", String(repeating: "1", count: 64), mode: mode)
        let result = try tool.run("address", "a.key")
        #expect(result.code == 77)
        #expect(result.errors.contains("chmod 600"))
        #expect(result.output.isEmpty)
    }

    @Test func aMissingKeyIsMissingInput() throws {
        let result = try tool.run("address", "nope.key")
        #expect(result.code == 66)
        #expect(result.errors.contains("nope.key"))
    }

    @Test(arguments: [
        "", "\n", "not a key", String(repeating: "1", count: 63), String(repeating: "1", count: 65), String(repeating: "g", count: 64),
        String(repeating: "0", count: 64), String(repeating: "f", count: 64), String(repeating: "1", count: 5000), "\u{0}\u{1}\u{ff}",
    ]) func aFileThatIsNoKeyIsBadDataAndIsNotShown(content: String) throws {
        try tool.write("a.key", content)
        let result = try tool.run("address", "a.key")
        #expect(result.code == 65)
        #expect(result.errors.contains("a.key"))
        #expect(!result.errors.contains(String(repeating: "1", count: 20)), "a key must not end in a log")
    }

    @Test func aFolderIsNoKey() throws {
        let result = try tool.run("address", ".")
        #expect(result.code == 65)
        #expect(result.errors.contains("not a regular file"))
    }

    @Test(arguments: [
        ["address"], ["address", "a", "b"], ["keygen", "--outptu", "x"], ["keygen", "x"], ["nonsense"], ["inspect", "txx", "-"],
    ])
    func aWrongCommandLineIsUsage(arguments: [String]) throws {
        let result = try tool.run(arguments)
        #expect(result.code == 64)
        #expect(!result.errors.isEmpty && result.output.isEmpty)
        #expect(try tool.files.isEmpty)
    }

    @Test func versionAndHelpAreAnswers() throws {
        let version = try tool.run("--version")
        #expect(version.code == 0 && version.output.line.wholeMatch(of: /[0-9]+\.[0-9]+\.[0-9]+( \([0-9a-f]{10}(-dirty)?\))?/) != nil)
        let help = try tool.run("--help")
        #expect(help.code == 0 && help.output.contains("keygen"))
    }
}
