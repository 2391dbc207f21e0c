import ChainService
import Foundation
import Ledger
import NIOHTTP1
import Node
import PodoruConfiguration
import Primitives
import TestKit
import Testing

@testable import API

/// `node/live` and `node/ready`.
@Suite struct ReadinessTests {
    private func reasons(_ answer: HTTPAnswer) throws -> [String] { try answer.data["reasons"] as? [String] ?? ["no reasons"] }

    @Test func aProcessThatServesIsLive() async throws {
        try await withAPINode { api in
            let answer = try await api.get("/api/v1/node/live")
            #expect(answer.status == 200 && answer.text == "{\"success\":true,\"data\":{\"live\":true}}\n")
        }
    }

    @Test func aNodeWithoutPeersIsNotReadyAndOneWithPeersIs() async throws {
        try await withAPINode { first in
            let alone = try await first.get("/api/v1/node/ready")
            #expect(alone.status == 503)
            #expect(try alone.data["ready"] as? Bool == false)
            #expect(try reasons(alone) == ["no peers"])
            #expect(try await first.get("/api/v1/node/live").status == 200, "it lives all the same")
            let port = first.node.port
            try await withAPINode(configure: { $0.bootstrapPeers = [.of("127.0.0.1:\(port)")] }) { second in
                try await eventually("both are ready") {
                    let answers = [try await first.get("/api/v1/node/ready"), try await second.get("/api/v1/node/ready")]
                    return answers.allSatisfy {
                        $0.status == 200 && $0.text == "{\"success\":true,\"data\":{\"ready\":true,\"reasons\":[]}}\n"
                    }
                }
            }
        }
    }

    @Test func theOnlyAuthorityIsANetworkOfOne() async throws {
        let chain = try TestChain()
        let configure: (inout NodeConfiguration) -> Void = {
            $0.genesisPath = chain.directory.file("genesis.json")
            $0.nodeType = .producer
            $0.privateKey = chain.directory.file("key")
        }
        try await withAPINode(configure: configure) { api in
            let answer = try await api.get("/api/v1/node/ready")
            #expect(answer.status == 200, "\(answer.text)")
        }
        // A full node on the same chain has to hear of its blocks.
        let fullNode: (inout NodeConfiguration) -> Void = { $0.genesisPath = chain.directory.file("genesis.json") }
        try await withAPINode(configure: fullNode) { api in
            let answer = try await api.get("/api/v1/node/ready")
            #expect(answer.status == 503)
            #expect(try reasons(answer) == ["no peers"])
        }
    }

    @Test func aNodeThatIsBehindIsNotReadyUntilItHasCaughtUp() async throws {
        try await withAPINode { api in
            let status = try #require(await api.node.status())
            var behind = status
            behind.isSyncing = true
            behind.target = 400
            behind.height = 25
            let rules = api.node.chain.genesis.rules
            #expect(ReadinessCheck.judge(behind, rules: rules) == ["no peers", "behind: at height 25 of 400"])
            behind.isSyncing = false
            // A small gap is filled while it serves.
            #expect(ReadinessCheck.judge(behind, rules: rules) == ["no peers"])
        }
    }

    @Test func aNodeThatHasStoppedIsNotReady() async throws {
        try await withAPINode { api in
            await api.node.stop()
            let answer = try await api.get("/api/v1/node/ready")
            #expect(answer.status == 503)
            #expect(try reasons(answer) == ["the node is stopping"], "\(answer.text)")
            #expect(try await api.get("/api/v1/node/live").status == 200)
        }
    }
}
