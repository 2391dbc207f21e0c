import Foundation
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
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/bash")
        // Each line is shown before what it answers.
        process.arguments = ["-euxc", lines.joined(separator: "\n")]
        process.currentDirectoryURL = tool.folder
        let path = CommandLineTool.binary.deletingLastPathComponent().path
        process.environment = ["PATH": "\(path):/usr/bin:/bin"].merging(environment) { $1 }
        let output = Pipe()
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let text = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(text)")
        return text
    }

    private static let run = "podoru run --config node.yaml"

    @Test func aChainOfOnesOwnIsMadeInFiveLinesAndUsed() async throws {
        let own = try blocks("A chain of your own")
        #expect(own.count == 2)
        let making = try #require(own.first)
        #expect(making.count == 5 && making.last == Self.run)
        let tool = try CommandLineTool()
        defer { tool.remove() }
        #expect(try paste(making.dropLast(), in: tool).hasSuffix("\nok\n"))

        // The last line stays in its terminal. Ports that others do not have.
        let node = Process()
        node.executableURL = CommandLineTool.binary
        node.arguments = Self.run.split(separator: " ").dropFirst().map(String.init)
        node.currentDirectoryURL = tool.folder
        let ports = try FreePorts.first(of: 2)
        node.environment = [
            "PATH": "/usr/bin:/bin", "PODORU_P2P_PORT": "\(ports)", "PODORU_API_PORT": "\(ports + 1)", "PODORU_P2P_BIND_ADDR": "127.0.0.1",
        ]
        node.standardInput = FileHandle.nullDevice
        node.standardError = FileHandle.nullDevice
        try node.run()
        defer {
            if node.isRunning { kill(node.processIdentifier, SIGKILL) }
            node.waitUntilExit()
        }
        let api = ["PODORU_API": "http://127.0.0.1:\(ports + 1)"]
        let deadline = Date(timeIntervalSinceNow: 30)
        while try tool.run(["status"], environment: api).code != 0 {
            try #require(node.isRunning && Date() < deadline, "the node answers")
        }

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
