import Foundation
import TestKit
import Testing

/// `podoru status` on a terminal.
@Suite struct StatusTerminalTests {
    let tool: CommandLineTool
    let node: FakeNode

    init() throws {
        tool = try CommandLineTool()
        node = try FakeNode()
        node.behave()
    }

    @Test func aTerminalHasColoursAndAWidth() async throws {
        defer { node.stop() }
        let terminal = try Terminal(tool, ["status", "--api", node.url], columns: 40)
        #expect(try await terminal.end() == 0)
        #expect(terminal.output.hasPrefix("\u{1B}[1mpodoru 1.0.0\u{1B}[0m  full\u{1B}[32m  in step\u{1B}[0m"))
        let plain = terminal.output.replacing(/\u{1B}\[[0-9]*m/, with: "").split(separator: "\n")
        #expect(plain.count > 5)
        for line in plain { #expect(line.count <= 40, "\(line)") }
        #expect(plain[0].hasSuffix("…"))
    }

    @Test func noColourMeansNone() async throws {
        defer { node.stop() }
        let terminal = try Terminal(tool, ["status", "--api", node.url], environment: ["NO_COLOR": "1"])
        #expect(try await terminal.end() == 0)
        #expect(!terminal.output.contains("\u{1B}"))
    }

    @Test func aWatchDrawsOnTheSecondPageAndGivesTheTerminalBack() async throws {
        defer { node.stop() }
        let terminal = try Terminal(tool, ["status", "--watch", "--interval", "100ms", "--api", node.url], lines: 12)
        try await terminal.wait("it draws twice") { $0.components(separatedBy: "\u{1B}[H").count > 2 }
        node.stop()
        try await terminal.wait("it says that the node is gone") { $0.contains("trying again: no node answers at") }
        #expect(try await terminal.end(interrupting: true) == 0)
        let output = terminal.output
        #expect(output.hasPrefix("\u{1B}[?1049h\u{1B}[?25l"))
        let end = try #require(output.range(of: "\u{1B}[?25h\u{1B}[?1049l"))
        #expect(!output[..<end.lowerBound].contains("\u{1B}[2J"), "nothing is cleared before it is drawn")
        #expect(output[end.upperBound...].contains("no answer"), "the last picture stays")
        // No picture has more lines than the terminal.
        for picture in output.components(separatedBy: "\u{1B}[H").dropFirst() {
            #expect(picture.components(separatedBy: "\u{1B}[0J")[0].filter { $0 == "\n" }.count < 12)
        }
    }
}
