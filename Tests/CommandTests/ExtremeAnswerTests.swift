import Foundation
import Primitives
import TestKit
import Testing

@testable import NodeClient
@testable import Operator
@testable import Terminal

/// Answers whose fields say the least, the most, or nothing that makes sense: no command may die of them.
@Suite struct ExtremeAnswerTests {
    static let values = [
        "-9223372036854775808", "9223372036854775807", "18446744073709551615", "18446744073709551616", "-1", "0", "1", "1e308", "-1e308",
        "1e400", "0.5", "null", "true", "\"\"", "\"x\"", "\"-9223372036854775808\"", "\"18446744073709551615\"", "[]", "{}", "[[]]",
        "\"\u{1B}[2J\\u0007\\u202e\"",
    ]

    /// The answers of a node at height 3, each field to be replaced.
    private static let answers: [(path: String, fields: [(String, String)])] = [
        (
            "/node/info",
            [
                ("version", "\"1.0.0\""), ("node_type", "\"producer\""), ("address", "\"0x01\""), ("chain_id", "\"0xabc\""),
                ("height", "3"),
                ("best_peer_height", "3"), ("is_syncing", "false"), ("peer_count", "1"), ("uptime", "5"), ("p2p_address", "\"x\""),
            ]
        ),
        (
            "/chain/info",
            [
                ("height", "3"), ("current_hash", "\"0x01\""), ("genesis_hash", "\"0x02\""), ("chain_id", "\"c\""),
                ("authorities", "[\"a\",\"b\"]"),
            ]
        ),
        ("/mempool", [("count", "2"), ("transactions", "[]")]),
        ("/node/health", [("status", "\"healthy\""), ("checks", "{\"network\":\"ok\"}"), ("timestamp", "1700000000")]),
    ]
    private static let peer = [
        ("id", "\"0x01\""), ("address", "\"127.0.0.1:9000\""), ("direction", "\"outbound\""), ("node_type", "\"full\""),
        ("version", "\"1\""),
        ("height", "3"), ("latency_ms", "0.5"), ("bytes_in", "1"), ("bytes_out", "1"), ("connected_at", "1700000000"),
    ]
    private static let block = [
        ("height", "3"), ("hash", "\"0x\""), ("timestamp", "1700000000"), ("producer", "\"a\""), ("transaction_count", "1"),
    ]

    private static func object(_ fields: [(String, String)], _ name: String = "", _ value: String = "") -> String {
        "{" + fields.map { "\"\($0.0)\":\($0.0 == name ? value : $0.1)" }.joined(separator: ",") + "}"
    }

    private func behave(_ node: FakeNode) {
        for answer in Self.answers { node.on(answer.path, .data(Self.object(answer.fields))) }
        node.on("/node/peers", .data("{\"peers\":[\(Self.object(Self.peer))]}"))
        for height in 0...3 { node.on("/block/height/\(height)", .data(Self.object(Self.block, "height", "\(height)"))) }
    }

    /// All that `status` and `doctor` make of what they heard; a node that is refused is fine.
    private func draw(_ node: FakeNode, _ what: String, twice: Bool = false) async throws {
        var collector = StatusCollector(try APIAddress(node.url))
        for _ in 0..<(twice ? 2 : 1) {
            guard let snapshot = try? await collector.gather() else { return }
            let warnings = StatusWarning.all(snapshot)
            let lines = StatusLayout(width: 80, height: 24).lines(snapshot, warnings: warnings).map {
                $0.text(width: 80, hasColours: false)
            }
            #expect(lines.allSatisfy { $0.count <= 80 && StatusText.printable($0) == $0 }, "\(what)")
            _ = StatusLayout().lines(snapshot, warnings: warnings)
            let json = Data(snapshot.json(warnings: warnings))
            let object = try? JSONSerialization.jsonObject(with: json)
            #expect(object != nil, "\(what): \(String(decoding: json, as: UTF8.self))")
            #expect(NodeAnswer.answered(snapshot).findings(isRunning: true).allSatisfy { $0.seen.count < 2000 }, "\(what)")
        }
    }

    /// Each value by itself, so that all cores take part: these are some 5,000 requests.
    @Test(arguments: values)
    func eachFieldMaySayAnything(value: String) async throws {
        let node = try FakeNode()
        defer { node.stop() }
        for answer in Self.answers {
            for (name, _) in answer.fields {
                behave(node)
                node.on(answer.path, .data(Self.object(answer.fields, name, value)))
                try await draw(node, "\(answer.path) \(name): \(value)")
            }
        }
        for (name, _) in Self.peer {
            behave(node)
            node.on("/node/peers", .data("{\"peers\":[\(Self.object(Self.peer, name, value)),\(Self.object(Self.peer))]}"))
            try await draw(node, "peer \(name): \(value)")
        }
        for (name, _) in Self.block {
            behave(node)
            for height in 0...3 {
                let fields = Self.block.map { $0.0 == "height" ? ($0.0, "\(height)") : $0 }
                // One of them, and every second one, so that differences are extreme too.
                if height == 2 || height == 0 { node.on("/block/height/\(height)", .data(Self.object(fields, name, value))) }
            }
            try await draw(node, "block \(name): \(value)")
        }
    }

    @Test func severalFieldsMaySayAnythingAtOnce() async throws {
        let seed = UInt64.random(in: .min ... .max)
        var random = SplitMix64(seed: seed)
        let node = try FakeNode()
        defer { node.stop() }
        func fields(_ plain: [(String, String)]) -> String {
            Self.object(
                plain.map { Int.random(in: 0..<3, using: &random) == 0 ? ($0.0, Self.values.randomElement(using: &random) ?? "0") : $0 })
        }
        for round in 0..<150 {
            for answer in Self.answers { node.on(answer.path, .data(fields(answer.fields)), .data(fields(answer.fields))) }
            node.on("/node/peers", .data("{\"peers\":[\(fields(Self.peer)),\(fields(Self.peer))]}"))
            for height in 0...3 { node.on("/block/height/\(height)", .data(fields(Self.block))) }
            try await draw(node, "seed \(seed), round \(round)", twice: true)
        }
    }

    @Test func aChainAtTheHighestHeightThereIs() async throws {
        let node = try FakeNode()
        defer { node.stop() }
        let highest = UInt64.max
        behave(node)
        node.on("/chain/info", .data(Self.object(Self.answers[1].fields, "height", "\(highest)")))
        for height in highest - 10...highest {
            let fields = Self.block.map { $0.0 == "timestamp" ? ($0.0, height % 2 == 0 ? "\(Int64.min)" : "\(Int64.max)") : $0 }
            node.on("/block/height/\(height)", .data(Self.object(fields, "height", "\(height)")))
        }
        try await draw(node, "the highest height", twice: true)
        // Back to the beginning: a node that was reset.
        node.on("/chain/info", .data(Self.object(Self.answers[1].fields)))
        try await draw(node, "a height that falls", twice: true)
    }

    @Test func listsOfHundredsOfThousandsAreBounded() async throws {
        let node = try FakeNode()
        defer { node.stop() }
        behave(node)
        for count in [100_000, 1_000_000] {
            let names = String(repeating: "\"a\",", count: count) + "\"b\""
            node.on("/chain/info", .data(Self.object(Self.answers[1].fields, "authorities", "[\(names)]")))
            try await draw(node, "\(count) authorities")
            behave(node)
            node.on("/node/peers", .data("{\"peers\":[" + String(repeating: "{\"address\":\"a\"},", count: count / 5) + "{}]}"))
            try await draw(node, "\(count / 5) peers")
            behave(node)
        }
        let long = "\"" + String(repeating: "x", count: 3_000_000) + "\""
        node.on("/node/info", .data(Self.object(Self.answers[0].fields, "version", long)))
        try await draw(node, "a long version")
    }

    // MARK: The commands themselves

    @Test(arguments: ["-9223372036854775808", "9223372036854775807"]) func statusSurvivesAnyMoment(timestamp: String) throws {
        let tool = try CommandLineTool()
        let node = try FakeNode()
        defer { node.stop() }
        behave(node)
        node.on("/block/height/3", .data(Self.object(Self.block, "timestamp", timestamp)))
        for arguments in [["status"], ["status", "--json"]] {
            let result = try tool.run(arguments + ["--api", node.url])
            #expect(result.code == 0, "\(result.errors)")
            #expect(result.output.contains("\"timestamp\":\(timestamp)") || result.output.contains("newest "), "\(result.output)")
        }
    }

    @Test func transactionsAndReadsSurviveAnyNumber() throws {
        let tool = try CommandLineTool()
        try tool.write("a.key", "af7bc75f29d5156dc98655806253f4a6e1d5eef2cdb918b91169bdcf9a5afcb9")
        let address = "0xFC265D13Dd3C8A6Fa72EF93bED3830c3551cC2ee"
        let node = try FakeNode()
        defer { node.stop() }
        let digits = "\"" + String(repeating: "9", count: 1000) + "\""
        for value in Self.values + [digits] {
            node.on("/account/\(address)", .data("{\"address\":\"\(address)\",\"balance\":\(value),\"nonce\":\(value)}"))
            node.on("/gas/config", .data("{\"enabled\":true,\"base_fee\":\(value),\"per_byte_fee\":\(value)}"))
            node.on("/token/info", .data("{\"name\":\"t\",\"symbol\":\"T\",\"decimals\":\(value)}"))
            node.on("/transaction", .data("{\"transaction_hash\":\(value)}"))
            node.on("/state/k", .data("{\"key\":\"k\",\"value\":\(value)}"))
            node.on("/block/height/3", .data("{\"header\":{\"height\":3,\"timestamp\":\(value),\"nonce\":\(value)},\"transactions\":null}"))
            for arguments in [
                ["tx", "set", "k", "v", "--key-file", "a.key", "--timeout", "1ms"],
                ["tx", "transfer", address, "1.5", "--key-file", "a.key"],
                ["get", "balance", address], ["get", "balance", address, "--json"], ["get", "state", "k"], ["get", "block", "3"],
                ["get", "block", "3", "--json"],
            ] {
                let result = try tool.run(arguments + ["--api", node.url])
                // A signal that ends a process is told as its number, 4 for a trap.
                #expect([0, 64, 65, 66, 69, 74].contains(result.code), "\(value) \(arguments): \(result.code) \(result.errors)")
            }
        }
    }
}
