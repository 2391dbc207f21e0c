import Foundation

/// The project as the house tests read it.
enum House {
    static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    struct Source: Sendable {
        /// The folder below `Sources`.
        let module: String
        let path: String
        let lines: [String]
        /// The lines without comments and without the text of strings.
        let code: [String]
    }

    /// All Swift files below `Sources`, by path.
    static let sources: [Source] = (try? read("Sources")) ?? []

    static func read(_ folderName: String) throws -> [Source] {
        let folder = root.appendingPathComponent(folderName)
        let paths = try FileManager.default.subpathsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".swift") }.sorted()
        return try paths.map { path in
            let text = try Data(contentsOf: folder.appendingPathComponent(path))
            return Source(
                module: String(path.prefix { $0 != "/" }), path: "\(folderName)/\(path)", lines: split(Array(text)),
                code: split(CodeScanner.code(of: Array(text))))
        }
    }

    private static func split(_ text: [UInt8]) -> [String] {
        text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map { String(decoding: $0, as: UTF8.self) }
    }

    static let modules = Set(sources.map(\.module))

    /// The lines of code of `modules` that `matches` says break a rule, as `file:line: text`.
    static func findings(in modules: [String]? = nil, _ matches: (String) -> Bool) -> [String] {
        sources.filter { modules?.contains($0.module) ?? true }.flatMap { source in
            source.code.enumerated().filter { matches($1.trimmingCharacters(in: .whitespaces)) }.map { index, _ in
                "\(source.path):\(index + 1): \(source.lines[index].trimmingCharacters(in: .whitespaces))"
            }
        }
    }

    /// `internal import struct X.Y` and friends → `X`.
    static func importedModule(_ line: String) -> String? {
        guard line.contains("import ") else { return nil }
        var words = line.split(separator: " ").map(String.init)
        while let first = words.first,
            ["public", "internal", "private", "package", "fileprivate", "@testable", "@preconcurrency"].contains(first)
        {
            words.removeFirst()
        }
        guard words.first == "import", words.count > 1 else { return nil }
        return words.last.map { String($0.prefix { $0 != "." }) }
    }

    /// What each module imports.
    static let imports: [String: Set<String>] = sources.reduce(into: [:]) { all, source in
        all[source.module, default: []].formUnion(source.code.compactMap(importedModule))
    }
}

/// What a rule finds, less what is excused. An excuse that is no longer needed is a finding too, so excuses only become fewer.
func unexcused(_ found: [String: String], excuses: Set<String>) -> [String] {
    found.filter { !excuses.contains($0.key) }.map(\.value).sorted()
        + excuses.filter { found[$0] == nil }.sorted().map { "\($0): the excuse is no longer needed, remove it" }
}
