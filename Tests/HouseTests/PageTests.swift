import Foundation
import Testing

/// What comments cite.
@Suite struct PageTests {
    /// The pages below `docs/`, by name, with their headings.
    private static let pages: [String: [String]] = {
        let folder = House.root.appendingPathComponent("docs")
        let paths = (try? FileManager.default.subpathsOfDirectory(atPath: folder.path)) ?? []
        var pages: [String: [String]] = [:]
        for path in paths where path.hasSuffix(".md") {
            let text = (try? String(contentsOf: folder.appendingPathComponent(path), encoding: .utf8)) ?? ""
            let name = String(path.split(separator: "/").last ?? "")
            pages[name] = text.split(separator: "\n").filter { $0.hasPrefix("#") }.map {
                $0.drop { $0 == "#" }.trimmingCharacters(in: .whitespaces)
            }
        }
        return pages
    }()

    /// The text of a source with its line breaks and comment signs taken out, where it has `word` at all.
    private static func text(of source: House.Source, having word: String) -> String? {
        guard source.lines.contains(where: { $0.contains(word) }) else { return nil }
        return source.lines.filter { $0.contains("//") }.map { line in
            line.split(separator: " ").drop { $0.allSatisfy { $0 == "/" } }.joined(separator: " ")
        }.joined(separator: " ")
    }

    /// `` `protocol.md` `` or `` `protocol.md`, "Frame" ``: the page is there, and the section with this name (or with its type behind it).
    @Test func everyPageThatIsCitedExistsWithItsSection() {
        #expect(Self.pages.count > 20)
        var found: [String] = []
        for source in House.sources {
            let parts = Self.text(of: source, having: ".md`")?.split(separator: "`", omittingEmptySubsequences: false) ?? []
            for (index, part) in parts.enumerated() where part.hasSuffix(".md") {
                let name = String(part.split(separator: "/").last ?? "")
                guard let headings = Self.pages[name] else {
                    found.append("\(source.path): there is no page \(name)")
                    continue
                }
                let quoted = parts[min(index + 1, parts.count - 1)].split(separator: "\"", omittingEmptySubsequences: false)
                guard quoted.count > 2, quoted[0] == ", ", !headings.contains(where: { $0 == quoted[1] || $0.hasPrefix("\(quoted[1]) (") })
                else { continue }
                found.append("\(source.path): \(name) has no section \"\(quoted[1])\"")
            }
        }
        #expect(found == [])
    }

    @Test func everyDecisionThatIsCitedExists() {
        let numbers = Set(Self.pages.keys.compactMap { $0.count > 4 ? Int($0.prefix(4)) : nil })
        var found: [String] = []
        for source in House.sources {
            let words = Self.text(of: source, having: "decision ")?.split { !$0.isLetter && !$0.isNumber } ?? []
            for (word, next) in zip(words, words.dropFirst()) where word == "decision" {
                if let number = Int(next), !numbers.contains(number) { found.append("\(source.path): there is no decision \(number)") }
            }
        }
        #expect(found == [])
    }
}
