import Foundation
import Testing

/// `docs/glossary.md` against the sources.
@Suite struct GlossaryTests {
    private struct Row {
        var word: String
        var code: [String]
        var banned: [String]
    }

    private static let rows: [Row] = {
        let page = House.root.appendingPathComponent("docs/glossary.md")
        let text = (try? String(contentsOf: page, encoding: .utf8)) ?? ""
        func quoted(_ cell: String) -> [String] {
            cell.split(separator: "`", omittingEmptySubsequences: false).enumerated().filter { $0.offset % 2 == 1 }.map { String($1) }
        }
        return text.split(separator: "\n").compactMap { line in
            let cells = line.split(separator: "|", omittingEmptySubsequences: false).map { $0.trimmingCharacters(in: .whitespaces) }
            guard cells.count == 6, cells[1] != "word", !cells[1].hasPrefix("---") else { return nil }
            return Row(word: cells[1], code: quoted(cells[2]), banned: quoted(cells[4]))
        }
    }()

    /// Names that another library gave, or that stand in a record's bytes.
    private static let excused: Set<String> = ["minimum", "BlockFlaw", "flaw"]

    /// All but those that still have the other word.
    private static let modulesWithNow = Array(House.modules.subtracting(["Peering"]))

    @Test func everyWordIsInTheCode() {
        #expect(Self.rows.count >= 40)
        let missing = Self.rows.flatMap { row in row.code.filter { Names.counts[$0] == nil }.map { "\(row.word): \($0)" } }
        #expect(missing == [])
        #expect(Self.rows.filter(\.code.isEmpty).map(\.word) == [])
    }

    @Test func noWordHasASecondOne() {
        let rows = Self.rows.flatMap { row in row.banned.map { (banned: $0, word: row.word) } }
        #expect(!rows.isEmpty)
        var found: [String: String] = [:]
        for name in Names.counts.keys {
            let parts = Self.parts(of: name)
            for (banned, word) in rows where parts.contains(banned) || parts.contains(banned + "s") {
                found[name] = "\(name): say \(word), not \(banned) (docs/glossary.md)"
            }
        }
        #expect(unexcused(found, excuses: Self.excused) == [])
    }

    /// A moment is called `now`, and effects are appended `into` a list.
    @Test func parametersHaveOneName() {
        let moments = House.findings(in: Self.modulesWithNow) { $0.contains("moment: Moment") && !$0.contains("var moment") }
        #expect(moments == [], "say now: Moment")
        let found = House.findings { line in
            line.contains("effects: inout") && !line.contains("into effects: inout") && !line.contains("_ effects: inout")
        }
        #expect(found == [], "say into effects:")
    }

    /// `localTipHeight` → local, tip, height.
    private static func parts(of name: String) -> Set<String> {
        var parts: [String] = [""]
        for character in name {
            if character.isUppercase || character == "_" { parts.append("") }
            if character != "_" { parts[parts.count - 1].append(character.lowercased()) }
        }
        return Set(parts)
    }
}
