import Foundation
import Testing

/// The rules of the house, read back from the sources themselves, so that they cannot rot on a page.
@Suite struct HouseTests {
    static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    static let core = [
        "Primitives", "Ledger", "RateLimiter", "Network", "Wire", "Session", "Peering", "Gossip", "Sync", "Mempool", "Consensus", "Chain",
        "ProtocolCore",
    ]
    static let machine = ["EventLoop", "Storage", "PodoruConfiguration", "WholeFiles", "ChainService"]
    static let commands = ["podoru", "podoru-bench"]

    struct Source {
        let module: String
        let path: String
        let lines: [String]
    }

    static func sources() throws -> [Source] {
        let folder = root.appendingPathComponent("Sources")
        let paths = try FileManager.default.subpathsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".swift") }.sorted()
        return try paths.map { path in
            let text = try String(contentsOf: folder.appendingPathComponent(path), encoding: .utf8)
            return Source(
                module: String(path.prefix { $0 != "/" }), path: "Sources/" + path,
                lines: text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init))
        }
    }

    /// The lines of `modules` that `matches` says break a rule, as `file:line: text`.
    static func findings(in modules: [String]? = nil, _ matches: (String) -> Bool) throws -> [String] {
        var found: [String] = []
        for source in try sources() where modules?.contains(source.module) ?? true {
            for (index, line) in source.lines.enumerated() {
                let code = line.prefix { _ in true }.trimmingCharacters(in: .whitespaces)
                if code.hasPrefix("//") { continue }
                if matches(code) { found.append("\(source.path):\(index + 1): \(code)") }
            }
        }
        return found
    }

    @Test func thereAreSourcesToRead() throws {
        let modules = Set(try Self.sources().map(\.module))
        #expect(modules.isSuperset(of: Self.core + Self.machine + Self.commands))
    }

    @Test func theCoreDoesNotKnowTheMachine() throws {
        let forbidden = [
            "CUV", "CLMDB", "CYAML", "CZlib", "EventLoop", "Storage", "PodoruConfiguration", "WholeFiles", "ChainService", "API", "Node",
            "Foundation", "Dispatch",
            "Logging", "NIO",
        ]
        let found = try Self.findings(in: Self.core) { line in
            guard let name = Self.importedModule(line) else { return false }
            return forbidden.contains { name == $0 || name.hasPrefix("NIO") }
        }
        #expect(found == [])
    }

    @Test func theCoreHasNoClockTaskOrChanceOfItsOwn() throws {
        let words = [
            "Task {", "Task.", "Date()", "ContinuousClock", "SuspendingClock", "DispatchQueue", "SystemRandomNumberGenerator", "Mutex<",
        ]
        let found = try Self.findings(in: Self.core) { line in words.contains { line.contains($0) } }
        #expect(found == [])
    }

    @Test func noSourceImportsFoundation() throws {
        let found = try Self.findings { Self.importedModule($0)?.hasPrefix("Foundation") ?? false }
        #expect(found == [])
    }

    @Test func theProtocolModulesDoNotImportEachOther() throws {
        let siblings = ["Peering", "Gossip", "Sync", "Mempool"]
        for module in siblings {
            let found = try Self.findings(in: [module]) { line in
                Self.importedModule(line).map { $0 != module && siblings.contains($0) } ?? false
            }
            #expect(found == [])
        }
    }

    @Test func theCoreSpeaksMessagesAndKnowsNoFrames() throws {
        let words = ["FrameEncoder", "FrameDecoder", "FrameBudget", "Envelope(", "Dialect.", "Transport("]
        let core = ["Peering", "Gossip", "Sync", "ProtocolCore"]
        #expect(try Self.findings(in: core) { line in words.contains { line.contains($0) } } == [])
        #expect(try Self.findings(in: ["Gossip", "Sync"]) { Self.importedModule($0) == "Wire" } == [])
    }

    @Test func nothingCrashesOnPurpose() throws {
        let words = ["try!", " as! ", "fatalError(", "preconditionFailure(", "TODO", "FIXME"]
        let found = try Self.findings { line in words.contains { line.contains($0) } }
        #expect(found == [])
    }

    @Test func onlyCommandsPrint() throws {
        let found = try Self.findings { line in line.hasPrefix("print(") || line.contains(" print(") }
            .filter { finding in !Self.commands.contains { finding.hasPrefix("Sources/\($0)/") } }
        #expect(found == [])
    }

    @Test func everyUncheckedOrUnsafeDeclarationSaysWhy() throws {
        var found: [String] = []
        for source in try Self.sources() {
            for (index, line) in source.lines.enumerated()
            where line.contains("@unchecked Sendable") || line.contains("nonisolated(unsafe)") {
                let above = index > 0 ? source.lines[index - 1] : ""
                if !line.contains("//"), !above.contains("//") { found.append("\(source.path):\(index + 1)") }
            }
        }
        #expect(found == [])
    }

    @Test func filesFitAHead() throws {
        let longest = 450
        let found = try Self.sources().filter { $0.lines.count > longest }.map { "\($0.path): \($0.lines.count) lines" }
        #expect(found == [])
    }

    /// `internal import struct X.Y` and friends → `X`.
    static func importedModule(_ line: String) -> String? {
        var words = line.split(separator: " ").map(String.init)
        while let first = words.first,
            ["public", "internal", "private", "package", "fileprivate", "@testable", "@preconcurrency"].contains(first)
        {
            words.removeFirst()
        }
        guard words.first == "import", words.count > 1 else { return nil }
        return words.last.map { String($0.prefix { $0 != "." }) }
    }
}
