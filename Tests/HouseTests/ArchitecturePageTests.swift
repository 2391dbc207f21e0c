import Foundation
import Testing

/// docs/architecture.md against the sources: a page that sends its reader into the wrong room is worse than none.
@Suite struct ArchitecturePageTests {
    private static let sources = House.root.appendingPathComponent("Sources")

    private static func page() throws -> String {
        try String(contentsOf: House.root.appendingPathComponent("docs/architecture.md"), encoding: .utf8)
    }

    @Test func thePictureHasEachTarget() throws {
        let picture = try #require(try Self.page().split(separator: "```").dropFirst().first)
        let words = Set(picture.split { !$0.isLetter && $0 != "-" }.map(String.init))
        // A folder that a branch left empty is no target.
        let files = try FileManager.default.subpathsOfDirectory(atPath: Self.sources.path)
        let targets = Set(files.filter { $0.hasSuffix(".swift") || $0.hasSuffix(".c") }.map { String($0.prefix { $0 != "/" }) })
        #expect(targets.subtracting(words) == [])
    }

    @Test func theFilesThatThePageNamesAreThere() throws {
        let places = try Self.page().matches(of: /`([A-Za-z]+\/[A-Za-z\/+]+(?:\.swift)?)`/).map { String($0.output.1) }
        #expect(places.count > 40)
        let missing = places.filter { place in
            let path = place.hasPrefix("Sources/") || place.hasPrefix("Tests/") ? "../" + place : place
            return !FileManager.default.fileExists(atPath: Self.sources.appendingPathComponent(path).path)
        }
        #expect(missing == [])
    }
}
