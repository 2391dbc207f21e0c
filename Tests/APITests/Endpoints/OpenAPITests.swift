import Foundation
import Logging
import NIOHTTP1
import Node
import PodoruConfiguration
import Testing

@testable import API

/// docs/openapi.yaml describes what there is. `make test-api` holds the answers against it.
@Suite struct OpenAPITests {
    @Test func theDocumentHasExactlyTheRoutesOfTheServer() async throws {
        try await withAPINode { api in
            let context = APIContext(
                node: api.node, configuration: api.configuration, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
                bound: BoundPort())
            let routes = apiRoutes(context).map { "\($0.method.rawValue) \($0.path)" }
            #expect(Set(routes).count == routes.count)
            let documented = try Self.documented()
            #expect(documented.sorted() == routes.sorted())
        }
    }

    /// `GET /path` of each operation. The file keeps its paths at two and its methods at four spaces.
    private static func documented() throws -> [String] {
        let text = try String(contentsOf: Documents.folder.appendingPathComponent("openapi.yaml"), encoding: .utf8)
        var operations: [String] = []
        var path = ""
        var isInPaths = false
        for line in text.components(separatedBy: "\n") {
            let key = line.trimmingCharacters(in: .whitespaces)
            let indent = line.prefix { $0 == " " }.count
            guard key.hasSuffix(":"), !key.isEmpty else { continue }
            if indent == 0 { isInPaths = key == "paths:" }
            if indent == 2 { path = String(key.dropLast()) }
            if isInPaths, indent == 4 { operations.append("\(key.dropLast().uppercased()) \(path)") }
        }
        return operations
    }

    @Test func theGuideNamesEveryRoute() async throws {
        let guide = try String(contentsOf: Documents.folder.appendingPathComponent("api.md"), encoding: .utf8)
        for operation in try Self.documented() {
            let path = operation.split(separator: " ")[1]
            let example = path.replacingOccurrences(of: "/{address}", with: "/0x").replacingOccurrences(of: "/{key}", with: "/chain:name")
            #expect(guide.contains(path) || guide.contains(example), "\(operation)")
        }
    }
}
