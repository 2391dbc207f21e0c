import Foundation
import TestKit
import Testing

/// Mistakes in a configuration, as an operator meets them: with the built command.
@Suite(.timeLimit(.minutes(5))) struct MistakeTests {
    /// A command that starts a node by mistake is ended.
    private static let deadline = ["/usr/bin/timeout", "-k", "5", "60"]

    private static let commands = [["check-config", "node.yaml"], ["run", "--config", "node.yaml"]]

    @Test(arguments: Mistake.all) func aMistakeIsToldWithItsPlaceReasonAndRemedy(mistake: Mistake) throws {
        let tool = try CommandLineTool()
        try tool.write("node.yaml", mistake.text)
        for command in Self.commands {
            let result = try tool.run(command, environment: mistake.environment, through: Self.deadline)
            #expect(result.code == 78, "\(command)")
            #expect(result.errors == mistake.complaints.map { $0.line + "\n" }.joined(), "\(command)")
            #expect(result.output.isEmpty, "\(command)")
        }
        #expect(try tool.files == ["node.yaml"], "nothing is made")
        for complaint in mistake.complaints {
            #expect(!complaint.place.isEmpty && !complaint.reason.isEmpty && !complaint.remedy.isEmpty)
        }
    }

    @Test func theTableHasTheMistakesThatPeopleMake() {
        #expect(Mistake.all.count >= 80)
        let rows = Mistake.all.map { "\($0.text)\($0.environment.sorted { $0.key < $1.key })" }
        #expect(Set(rows).count == rows.count, "none is there twice")
    }

    @Test func whatIsNotUTF8IsNamedWhereItStands() throws {
        let tool = try CommandLineTool()
        try tool.write("node.yaml", Data("p2p_port: 9000\ndata_dir: \"ä".utf8) + [0xff] + Data("\"\n".utf8))
        for command in Self.commands {
            let result = try tool.run(command, through: Self.deadline)
            #expect(result.code == 78)
            #expect(result.errors == "node.yaml:2:13: not YAML: invalid leading UTF-8 octet; save the file as UTF-8\n")
        }
    }

    @Test(arguments: [
        ("nope.yaml", 66, "No such file or directory", "check the path"),
        ("node.yaml/x", 66, "Not a directory", "check the path"),
        (".", 74, "Is a directory", "name the file in this folder"),
    ]) func aFileThatCannotBeReadIsNamed(path: String, code: Int32, reason: String, remedy: String) throws {
        let tool = try CommandLineTool()
        try tool.write("node.yaml", "")
        for command in [["check-config", path], ["run", "--config", path]] {
            let result = try tool.run(command, through: Self.deadline)
            #expect(result.code == code)
            #expect(result.errors == "\(path): cannot be read: \(reason); \(remedy)\n")
        }
    }

    @Test(.enabled(if: OtherUser.canRun, OtherUser.why)) func aFileOfAnotherUserIsNamed() throws {
        let tool = try CommandLineTool()
        try tool.write("node.yaml", "", mode: OtherUser.unreadable)
        for command in Self.commands {
            let result = try tool.run(command, through: OtherUser.command + Self.deadline)
            #expect(result.code == 77)
            let remedy = "check its owner and mode, and those of its folders, for the user that runs this"
            #expect(result.errors == "node.yaml: cannot be read: Permission denied; \(remedy)\n")
        }
    }
}
