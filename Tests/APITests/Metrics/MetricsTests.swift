import ChainService
import Foundation
import NIOHTTP1
import Node
import Peering
import PodoruConfiguration
import Primitives
import ProtocolCore
import TestKit
import Testing
import Wire

@testable import API

/// `/metrics` of real nodes, read back by a strict parser.
@Suite struct MetricsTests {
    /// api.md, "Metrics".
    static let promised = [
        "podoru_block_height", "podoru_peer_count", "podoru_uptime_seconds", "podoru_peers", "podoru_p2p_bytes_total",
        "podoru_p2p_messages_total", "podoru_p2p_disconnects_total", "podoru_p2p_rejected_total", "podoru_p2p_throttled_seconds_total",
        "podoru_block_propagation_seconds", "podoru_block_hop_seconds", "podoru_block_duplicates_total",
        "podoru_block_validation_seconds", "podoru_sync_target_height", "podoru_sync_blocks_total", "podoru_mempool_transactions",
        "podoru_loop_lag_seconds", "podoru_store_bytes", "podoru_store_free_bytes", "podoru_build_info",
    ]

    private func scrape(_ node: Node, accept: String = "") async throws -> APIResponse {
        var request = APIRequest(method: .GET)
        request.accept = accept
        return try await metricsRoute(node: node).handler(request)
    }

    private func families(_ node: Node) async throws -> [String: ExpositionParser.Family] {
        let families = try ExpositionParser.parse(try await scrape(node).body, isOpenMetrics: false)
        return Dictionary(uniqueKeysWithValues: families.map { ($0.name, $0) })
    }

    @Test func allPromisedNamesAreTold() async throws {
        try await withBareNodes { nodes in
            let names = Set(try await families(nodes[0]).keys)
            #expect(Set(Self.promised).subtracting(names) == [])
        }
    }

    @Test func bothTextsHoldTheSameMetrics() async throws {
        try await withBareNodes { nodes in
            let plain = try await scrape(nodes[0])
            let open = try await scrape(nodes[0], accept: "application/openmetrics-text")
            #expect(plain.contentType == "text/plain; version=0.0.4; charset=utf-8")
            #expect(open.contentType == "application/openmetrics-text; version=1.0.0; charset=utf-8")
            let (one, two) = (
                try ExpositionParser.parse(plain.body, isOpenMetrics: false), try ExpositionParser.parse(open.body, isOpenMetrics: true)
            )
            #expect(one.flatMap { $0.samples.map(\.series) } == two.flatMap { $0.samples.map(\.series) })
            #expect(one.map(\.help) == two.map(\.help))
        }
    }

    @Test func theNumbersAreThoseOfTheNode() async throws {
        try await withBareNodes(2) { nodes in
            try await eventually("the two have talked") { await nodes[0].status()?.peers.first?.messagesOut ?? 0 >= 2 }
            let status = try #require(await nodes[0].status())
            let metrics = try await families(nodes[0])
            func value(_ name: String, _ labels: [String: String] = [:]) -> Double? {
                metrics[name]?.samples.first { sample in labels.allSatisfy { sample[$0.key] == $0.value } }?.value
            }
            #expect(value("podoru_block_height") == Double(status.height))
            #expect(value("podoru_block_timestamp_seconds") == Double(status.headTimestamp))
            #expect(value("podoru_start_time_seconds") == Double(status.startedAt))
            #expect(value("podoru_peer_count") == 1)
            #expect(value("podoru_peers", ["direction": "inbound"]) == 1)
            #expect(value("podoru_peers", ["direction": "outbound"]) == 0)
            #expect(value("podoru_p2p_messages_total", ["direction": "in", "type": "handshake"]) == 1)
            #expect(value("podoru_p2p_messages_total", ["direction": "out", "type": "handshake"]) == 1)
            #expect(value("podoru_p2p_bytes_total", ["direction": "out", "type": "handshake"]) ?? 0 > 300)
            #expect(value("podoru_store_bytes") ?? 0 > 0)
            #expect(value("podoru_store_free_bytes") ?? 0 > 0)
            #expect(value("podoru_uptime_seconds") ?? 0 > 0)
            #expect(metrics["podoru_build_info"]?.samples.first?["version"] == PodoruVersion.current)
        }
    }

    @Test func labelsComeFromClosedSets() async throws {
        try await withBareNodes(2) { nodes in
            try await eventually("the two are connected") { await nodes[0].status()?.peers.count == 1 }
            let metrics = try await families(nodes[0])
            let allowed: [String: Set<String>] = [
                "podoru_peers direction": ["inbound", "outbound"],
                "podoru_p2p_bytes_total direction": ["in", "out"], "podoru_p2p_messages_total direction": ["in", "out"],
                "podoru_p2p_bytes_total type": Set(MessageType.allCases.map(\.name) + ["unknown"]),
                "podoru_p2p_messages_total type": Set(MessageType.allCases.map(\.name) + ["unknown"]),
                "podoru_p2p_disconnects_total reason": Set(DisconnectReason.allCases.map(\.rawValue)),
                "podoru_p2p_rejected_total reason": Set(DisconnectReason.allCases.map(\.rawValue)),
                "podoru_build_info version": [PodoruVersion.current],
            ]
            var found: [String: Set<String>] = [:]
            for family in metrics.values {
                for label in family.samples.flatMap(\.labels) where label.name != "le" {
                    found["\(family.name) \(label.name)", default: []].insert(label.value)
                }
            }
            #expect(found == allowed)
        }
    }

    @Test func aScraperGetsThemOverHTTP() async throws {
        try await withAPINode(chain: true) { api in
            let answer = try await api.get("/metrics", headers: ["Accept": "application/openmetrics-text;version=1.0.0,text/plain;q=0.5"])
            #expect(answer.status == 200 && answer["vary"]?.contains("Accept") == true)
            let families = try ExpositionParser.parse(Array(answer.body), isOpenMetrics: true)
            #expect(families.first { $0.name == "podoru_block_height" }?.samples.map(\.value) == [130])
        }
    }

    @Test func theAPICountsItsOwnRequestsAndClients() async throws {
        try await withAPINode { api in
            _ = try await api.get("/nowhere")
            let socket = try await WebSocketClient.connect(port: api.port)
            let families = try ExpositionParser.parse(try await api.get("/metrics").body, isOpenMetrics: false)
            func value(_ name: String, _ status: String? = nil) -> Double? {
                families.first { $0.name == name }?.samples.first { $0["status"] == status }?.value
            }
            #expect(value("podoru_api_requests_total", "4xx") == 1)
            #expect(value("podoru_api_requests_total", "5xx") == 0)
            #expect(value("podoru_api_websocket_clients") == 1)
            #expect(value("podoru_api_connections") ?? 0 >= 2, "the WebSocket and the scrape")
            socket.close()
        }
    }

    @Test func thereIsNoSuchPathWhenTheyAreOff() async throws {
        let api = try await APINode.start { $0.metricsEnabled = false }
        let status = try? await api.get("/metrics").status
        await api.stop()
        #expect(status == 404)
    }

    @Test func aStoppedNodeAnswersThatItHasStopped() async throws {
        try await withBareNodes { nodes in
            await nodes[0].stop()
            await #expect(throws: NodeStopped.self) { try await scrape(nodes[0]) }
        }
    }

    @Test func metricsOfTheServerStandBesideThoseOfTheNode() async throws {
        try await withBareNodes { nodes in
            let route = metricsRoute(node: nodes[0]) { [MetricFamily(.counter, "api_requests", "Requests.", .count(3))] }
            let body = try await route.handler(APIRequest(method: .GET)).body
            let families = try ExpositionParser.parse(body, isOpenMetrics: false)
            #expect(families.last?.samples.map(\.text) == ["3"])
        }
    }

    /// docs/metrics.md has a row for each metric: name, type, labels.
    @Test func thePageNamesEveryMetric() async throws {
        let page = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../../docs/metrics.md").standardizedFileURL
        let rows = try String(contentsOf: page, encoding: .utf8).split(separator: "\n").filter { $0.hasPrefix("| `podoru_") }
            .map { row in row.split(separator: "|").prefix(3).map { $0.trimmingCharacters(in: .whitespaces) }.joined(separator: " ") }
        try await withAPINode(commit: "0123456789") { api in
            let told = try ExpositionParser.parse(try await api.get("/metrics").body, isOpenMetrics: false).map { family in
                var names: [String] = []
                for label in family.samples.flatMap(\.labels).map(\.name) where label != "le" && !names.contains(label) {
                    names.append(label)
                }
                return "`\(family.name)` \(family.type) \(names.isEmpty ? "–" : names.joined(separator: ", "))"
            }
            #expect(rows == told)
        }
    }
}
