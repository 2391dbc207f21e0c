import Foundation
import TestKit
import Testing

/// What README tells a newcomer to paste, pasted.
@Suite struct ReadmeTests {
    private static let page = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("README.md")

    /// The shell blocks of a section, or of the whole page.
    private func blocks(_ section: String? = nil) throws -> [[String]] {
        var heading = ""
        var isInBlock = false
        var found: [[String]] = []
        for line in try String(contentsOf: Self.page, encoding: .utf8).components(separatedBy: "\n") {
            if isInBlock {
                if line == "```" { isInBlock = false } else { found[found.count - 1].append(line) }
            } else if line.hasPrefix("## ") {
                heading = String(line.dropFirst(3))
            } else if line == "```sh", section == nil || heading == section {
                isInBlock = true
                found.append([])
            }
        }
        return found
    }

    private func paste(_ lines: [String], in tool: CommandLineTool, _ environment: [String: String] = [:]) throws -> String {
        let path = CommandLineTool.binary.deletingLastPathComponent().path
        // Each line is shown before what it answers, so both streams are one.
        let result = try TestProcess.run(
            ["/bin/bash", "-c", "exec 2>&1; bash -euxc \"$0\"", lines.joined(separator: "\n")], in: tool.folder,
            environment: ["PATH": "\(path):/usr/bin:/bin"].merging(environment) { $1 })
        #expect(result.code == 0, "\(result.output)")
        return result.output
    }

    private static let run = "podoru run --config node.yaml"

    @Test func aChainOfOnesOwnIsMadeInFiveLinesAndUsed() async throws {
        let own = try blocks("A chain of your own")
        #expect(own.count == 2)
        let making = try #require(own.first)
        #expect(making.count == 5 && making.last == Self.run)
        let tool = try CommandLineTool()
        #expect(try paste(making.dropLast(), in: tool).hasSuffix("\nok\n"))

        // The last line stays in its terminal. Ports that others do not have.
        let ports = try FreePorts.first(of: 2)
        let node = NodeProcess(
            in: tool.folder,
            environment: ["PODORU_P2P_PORT": "\(ports)", "PODORU_API_PORT": "\(ports + 1)", "PODORU_P2P_BIND_ADDR": "127.0.0.1"])
        try await node.start()
        defer { node.kill() }
        let api = ["PODORU_API": "http://127.0.0.1:\(ports + 1)"]
        try await node.process.wait("the node answers") { try tool.run(["status"], environment: api).code == 0 }

        let used = try paste(own[1], in: tool, api)
        #expect(used.contains("podoru 1.0.0  producer") || used.contains("  producer  "), "\(used)")
        #expect(used.contains("\n{\"name\":\"Alice\"}\n"), "\(used)")
        #expect(used.contains("\n1.5 PDR\n"), "\(used)")
        let sending = try #require(try blocks("Send a transaction").first)
        let sent = try paste(sending, in: tool, api)
        #expect(sent.contains("\"status\":\"confirmed\""), "\(sent)")
    }

    @Test func nothingUsesTheCommandBeforeItIsOnThePath() throws {
        let lines = try blocks().flatMap { $0 }
        let first = try #require(lines.firstIndex { $0.hasPrefix("podoru ") })
        #expect(lines[..<first].contains { $0.contains("export PATH=") })
        #expect(!lines.contains { $0.contains("…") }, "every command can be pasted as it stands")
    }
}
