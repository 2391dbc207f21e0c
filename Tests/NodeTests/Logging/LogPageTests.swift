import Foundation
import Testing

/// docs/logs.md against the sources.
@Suite struct LogPageTests {
    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    private static func sources() throws -> String {
        let folder = root.appendingPathComponent("Sources")
        let paths = try FileManager.default.subpathsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".swift") }
        return try paths.map { try String(contentsOf: folder.appendingPathComponent($0), encoding: .utf8) }.joined()
    }

    /// Words in capitals and `…` stand for what changes.
    private static func fixedParts(_ message: String) -> [String] {
        message.split(separator: " ").split { $0.contains("…") || $0.contains(/[A-Z]/) }
            .map { $0.joined(separator: " ") }.filter { $0.count > 3 }
    }

    @Test func theSourcesSayEachMessageOfThePage() throws {
        let page = try String(contentsOf: Self.root.appendingPathComponent("docs/logs.md"), encoding: .utf8)
        let messages = page.matches(of: /\n\| `([^`]+)` \|/).map { String($0.output.1) }
        #expect(messages.count > 25)
        let sources = try Self.sources()
        for message in messages {
            for part in Self.fixedParts(message) { #expect(sources.contains(part), "nothing in Sources says “\(part)” of “\(message)”") }
        }
    }

    @Test func thePageHasEachMessageOfTheCore() throws {
        let page = try String(contentsOf: Self.root.appendingPathComponent("docs/logs.md"), encoding: .utf8)
        let core = try String(contentsOf: Self.root.appendingPathComponent("Sources/Node/Network/CoreLog.swift"), encoding: .utf8)
        let messages = core.matches(of: /logger\.(?:info|notice|warning|error)\(\s*"([^"\\]+)/).map { String($0.output.1) }
        #expect(messages.count > 10)
        for message in messages { #expect(page.contains("| `\(message)"), "docs/logs.md has no line for “\(message)”") }
    }
}
