import Foundation
import Node
import PodoruConfiguration
import TestKit
import Testing

@testable import API

/// What the published Go node answered, asked again of this node over real HTTP: the same status and the same data, but for the
/// differences of `GoDifference.all`, which are listed in docs/api.md too.
@Suite struct GoReplayTests {
    struct File: Decodable {
        var requests: [Row]
    }

    struct Row: Decodable {
        var name: String
        var method: String
        var path: String
        var request_body: String?
        /// Absent where that node dropped the connection.
        var status: Int?
        var body: String?

        /// Which node answers: that of chain-130, one of a genesis without anything, a fresh one.
        var group: String { ["MIN", "WSN"].first { name.hasPrefix($0 + " ") } ?? "" }

        /// The body as it was sent: the file spells out the long one only in part.
        var sentBody: [UInt8]? {
            guard name == "tx submit 2 MiB body" else { return request_body.map { Array($0.utf8) } }
            return Array(("{\"transaction\":{\"from\":\"" + String(repeating: "x", count: 2_097_152) + "\"}}").utf8)
        }
    }

    static let rows: [Row] = (try? Vectors.decode(File.self, from: "api-go.json").requests) ?? []

    @Test func theAnswersAreThoseOfTheGoNodeButForTheListedDifferences() async throws {
        #expect(Self.rows.count == 167)
        var found: [String: String] = [:]
        try await withAPINode(chain: true) { api in
            for row in Self.rows where row.group == "" {
                if let difference = try await Self.replayWithPeer(row, api) { found[row.name] = difference }
            }
        }
        let scratch = TemporaryDirectory()
        try Data(#"{"timestamp":1704556800,"authorities":["0x0a8479160FAF69D64Ee5ae0e5a78cB63dE4e1836"]}"#.utf8)
            .write(to: URL(fileURLWithPath: scratch.file("genesis.json")))
        for (group, genesis) in [
            ("MIN", scratch.file("genesis.json")), ("WSN", Vectors.folder.appendingPathComponent("genesis.json").path),
        ] {
            let configure = { (configuration: inout NodeConfiguration) in configuration.genesisPath = genesis }
            try await withAPINode(configure: configure) { api in
                for row in Self.rows where row.group == group {
                    if let difference = try await Self.replay(row, api) { found[row.name] = difference }
                }
            }
        }
        for row in Self.rows {
            let listed = GoDifference.all.first { $0.name == row.name }
            #expect(found[row.name] == listed?.what, "\(row.name): \(row.method) \(row.path)")
        }
        #expect(Set(GoDifference.all.map(\.name)).isSubset(of: Self.rows.map(\.name)))
        #expect(Set(GoDifference.all.map(\.name)).count == GoDifference.all.count)
    }

    @Test func theDocumentHasTheSameTableOfDifferences() throws {
        let page = try String(contentsOf: Documents.folder.appendingPathComponent("api.md"), encoding: .utf8)
        let section = page.components(separatedBy: "## Differences from the published Go node").last ?? ""
        let lines = section.components(separatedBy: "\n").filter { $0.hasPrefix("| `") }
        #expect(lines == GoDifference.all.map(\.row))
    }

    /// Two rows were asked while a peer was connected from outside.
    private static func replayWithPeer(_ row: Row, _ api: APINode) async throws -> String? {
        guard row.name.hasSuffix("one inbound)") || row.name.hasSuffix("with peer") else { return try await replay(row, api) }
        let port = api.p2pPort
        var difference: String?
        let configure = { (configuration: inout NodeConfiguration) in configuration.bootstrapPeers = [.of("127.0.0.1:\(port)")] }
        try await withAPINode(configure: configure) { _ in
            try await eventually("the peer is connected") { await api.node.status()?.peers.count == 1 }
            try await api.statusIsForgotten()
            difference = try await replay(row, api)
        }
        try await eventually("the peer is gone") { await api.node.status()?.peers.isEmpty == true }
        try await api.statusIsForgotten()
        return difference
    }

    /// `nil` when the answer is that of the Go node, otherwise what differs.
    private static func replay(_ row: Row, _ api: APINode) async throws -> String? {
        // As the SDK and the explorer ask, whose shape of `node/peers` it is.
        let answer = try await api.send(row.method, row.path, headers: ["Content-Type": "application/json"], body: row.sentBody)
        if row.method != "OPTIONS" && row.method != "HEAD" { expectEnvelope(answer, row) }
        guard let status = row.status else { return "no answer → \(answer.status)" }
        guard answer.status == status else { return "\(status) → \(answer.status)" }
        // That router's own answers are empty or plain text.
        guard let body = row.body, let wanted = try? JSON(body.utf8), wanted["success"] != nil else { return nil }
        let differences = try answer.value.differences(from: wanted)
        return differences.isEmpty ? nil : differences.map { "`\($0)`" }.joined(separator: ", ")
    }

    private static func expectEnvelope(_ answer: HTTPAnswer, _ row: Row) {
        #expect(answer["Content-Type"] == "application/json", "\(row.name)")
        #expect(answer["Access-Control-Allow-Origin"] == "*", "\(row.name)")
        let value = try? answer.value
        #expect(value?["success"] == .bool(answer.status == 200), "\(row.name)")
        #expect(value?.keys == (answer.status == 200 ? ["success", "data"] : ["success", "error"]), "\(row.name)")
        #expect(answer.body.last == UInt8(ascii: "\n"), "\(row.name)")
    }
}

/// The repository's documents.
enum Documents {
    static let folder = Vectors.folder.deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("docs")
}

extension APINode {
    var p2pPort: UInt16 { node.port }

    /// Waits until the API asks the node anew where it stands.
    func statusIsForgotten() async throws {
        let before = ContinuousClock.now
        try await eventually("the shown status is old") { ContinuousClock.now - before > NodeStatusCache.lifetime }
    }
}
