import ChainService
import Foundation
import Ledger
import PodoruConfiguration
import Primitives
import Synchronization
import TestKit
import Testing

@testable import API
@testable import Node

/// What the node says of itself, with a real peer.
@Suite struct NodeEndpointTests {
    @Test func peersComeInTwoShapes() async throws {
        try await withAPINode { api in
            let port = api.node.port
            let check: (APINode) async throws -> Void = { other in
                try await eventually("the peer is shown") {
                    try await api.get("/api/v1/node/peers").payload["peer_count"]?.int == 1
                }
                let answer = try await api.get("/api/v1/node/peers")
                #expect(answer["Vary"]?.contains("Content-Type") == true)
                let peer = try answer.payload["peers"]?[0]
                #expect(
                    peer?.keys == [
                        "id", "address", "direction", "node_type", "version", "height", "connected_at", "last_seen", "latency_ms",
                        "bytes_in",
                        "bytes_out", "messages_in", "messages_out", "capabilities", "dialect",
                    ])
                #expect(peer?["direction"]?.string == "inbound")
                #expect(peer?["bytes_in"]?.int ?? 0 > 0)
                let bare = try await api.get("/api/v1/node/peers", headers: ["Content-Type": "application/json"]).payload
                #expect(bare[0]?["id"] == peer?["id"])
                let info = try await other.get("/api/v1/node/info").payload
                #expect(info["address"] == peer?["id"])
                #expect(info["peers"]?[0]?["direction"]?.string == "outbound")
            }
            try await withAPINode(configure: { $0.bootstrapPeers = [.of("127.0.0.1:\(port)")] }, check)
        }
    }

    @Test func infoHasEveryField() async throws {
        try await withAPINode(chain: true) { api in
            let info = try await api.get("/api/v1/node/info").payload
            #expect(
                info.keys == [
                    "version", "node_type", "type", "address", "p2p_address", "p2p_port", "api_port", "chain_id", "height",
                    "best_peer_height",
                    "is_syncing", "sync_progress", "peer_count", "peers", "uptime", "observed_addresses", "rules_hash", "clock_offsets",
                ])
            #expect(info["rules_hash"]?.string == api.node.chain.genesis.rulesHash.prefixedHex)
            #expect(info["clock_offsets"]?.array?.isEmpty == true, "no block has come by gossip")
            #expect(info["p2p_port"]?.int == Int(api.node.port))
            #expect(info["api_port"]?.int == Int(api.port))
            #expect(info["height"]?.int == 130)
            #expect(info["sync_progress"]?.int == 100)
            #expect(info["is_syncing"]?.bool == false)
        }
    }

    @Test func infoAndMetricsNameTheCommitWhereItIsKnown() async throws {
        let onIPv6 = { (configuration: inout NodeConfiguration) in configuration.p2pBindAddr = "::1" }
        try await withAPINode(commit: "0123456789-dirty", configure: onIPv6) { api in
            let info = try await api.get("/api/v1/node/info").payload
            #expect(info["version"]?.string == PodoruVersion.current, "what clients compare stays as it is")
            #expect(info["commit"]?.string == "0123456789-dirty")
            #expect(info["p2p_address"]?.string == "[::1]:\(api.node.port)")
            let metrics = try await api.get("/metrics").text
            #expect(metrics.contains(#"podoru_build_info{version="\#(PodoruVersion.current)",commit="0123456789-dirty"} 1"#), "\(metrics)")
        }
    }

    /// The explorer marks its own node among the authorities by comparing the texts.
    @Test func aProducerIsSpelledAsTheGenesisSpellsIt() async throws {
        let chain = try TestChain(isLowerCase: true)
        try await withAPINode(configure: { chain.configure(&$0, produces: true) }, Self.expectSpelling(chain))
    }

    private static func expectSpelling(_ chain: TestChain) -> (APINode) async throws -> Void {
        { api in
            let address = try await api.get("/api/v1/node/info").payload["address"]
            #expect(address?.string == chain.authority.address.lowercased.text)
            let authorities = try await api.get("/api/v1/chain/info").payload["authorities"]
            #expect(authorities?[0] == address)
            try await eventually("it produces") { try await api.get("/api/v1/chain/info").payload["height"]?.int ?? 0 > 0 }
            let producer = try await api.get("/api/v1/block/latest").payload["producer"]
            #expect(producer == address)
        }
    }

    @Test func progressIsWholeOnlyAtTheEnd() {
        #expect(NodeEndpoints.syncProgress(height: 0, target: 0) == 100_000)
        #expect(NodeEndpoints.syncProgress(height: 1, target: 3) == 33_333)
        #expect(NodeEndpoints.syncProgress(height: .max - 1, target: .max) == 99_999)
    }

    @Test func aStoppedNodeIsUnhealthy() async throws {
        try await withAPINode { api in
            await api.node.stop()
            try await eventually("it is unhealthy") { try await api.get("/api/v1/node/health").status == 503 }
            let health = try await api.get("/api/v1/node/health").payload
            #expect(health["status"]?.string == "unhealthy")
            #expect(health["checks"]?.keys == ["database", "network", "sync", "api"])
            #expect(health["checks"]?["database"]?.string != "ok")
            #expect(try await api.get("/api/v1/chain/info").status == 503)
        }
    }

    @Test func aNodeWithoutItsPeersIsDegraded() async throws {
        try await withAPINode(configure: { $0.bootstrapPeers = [.of("127.0.0.1:1")] }, Self.expectNoPeers)
    }

    private static let expectNoPeers: @Sendable (APINode) async throws -> Void = { api in
        let answer = try await api.get("/api/v1/node/health")
        #expect(answer.status == 200)
        #expect(try answer.payload["status"]?.string == "degraded")
        #expect(try answer.payload["checks"]?["network"]?.string == "no peers")
    }

    @Test func aNodeWhoseDiskIsNearlyFullIsDegraded() async throws {
        try await withAPINode { api in
            // As the look at the disk notes it every ten seconds.
            api.node.space.note(300 << 20)
            let answer = try await api.get("/api/v1/node/health")
            #expect(answer.status == 200)
            #expect(try answer.payload["status"]?.string == "degraded")
            #expect(try answer.payload["checks"]?["database"]?.string == "the disk is nearly full: 300 MiB are left for the store")
        }
    }

    private func status(height: UInt64, head: Int64, uptime: Nanoseconds) -> NodeStatus {
        var status = NodeStatus(height: height, hash: .zero, committedHeight: height)
        status.headTimestamp = head
        status.uptime = uptime
        return status
    }

    @Test func aChainThatHasNotBegunIsDegradedAfterTenBlockTimes() {
        func sync(after uptime: Nanoseconds) -> String {
            HealthCheck.judge(
                status(height: 0, head: 1_800_086_400, uptime: uptime), now: 1_800_000_000, expectsPeers: false, blockTime: 2
            ).sync
        }
        #expect(sync(after: .seconds(20) - 1) == "ok")
        #expect(sync(after: .seconds(20)) == "the chain begins at 2027-01-16T08:00:00Z")
    }

    @Test(arguments: [.min, .min + 1, -1, 0, .max] as [Int64]) func anyTimeOfTheHeadIsJudged(_ timestamp: Int64) {
        for now in [Int64.min, 0, 1_800_000_000, .max] {
            for height in [0, 5] as [UInt64] {
                let report = HealthCheck.judge(
                    status(height: height, head: timestamp, uptime: .max), now: now, expectsPeers: false, blockTime: .max)
                #expect(!report.isUnhealthy)
            }
        }
    }

    @Test func manyRequestsAskTheNodeOnce() async throws {
        let asked = Atomic<Int>(0)
        let rendered = Atomic<Int>(0)
        try await withAPINode { api in
            let status = await api.node.status()
            let cache = NodeStatusCache(info: { status, _ in
                rendered.add(1, ordering: .relaxed)
                return APIResponse(body: Array("\(status.height)".utf8))
            }) {
                asked.add(1, ordering: .relaxed)
                return status
            }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<1000 { group.addTask { _ = try await cache.current() } }
                try await group.waitForAll()
            }
            // On a machine that stands still for a while it may have become old in between.
            #expect((1...10).contains(asked.load(ordering: .relaxed)))
            // What is shown is made once for all who ask meanwhile.
            #expect(rendered.load(ordering: .relaxed) == asked.load(ordering: .relaxed))
            let before = asked.load(ordering: .relaxed)
            try await api.statusIsForgotten()
            _ = try await cache.current()
            #expect(asked.load(ordering: .relaxed) == before + 1)
        }
    }
}
