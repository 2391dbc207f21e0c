import Foundation
import Network
import Primitives
import TestKit
import Testing
import Wire

@testable import Node

/// What a node says of itself and of its peers.
@Suite struct StatusTests {
    @Test func twoNodesTellWhoTheyAreAndWhatWentBetweenThem() async throws {
        let network = try TestNetwork()
        try await withNodes { nodes in
            let before = Int64(Date().timeIntervalSince1970)
            let first = try await nodes.start(network.configuration("first", authority: 0))
            let second = try await nodes.start(network.dialling(network.configuration("second"), first))
            // A handshake and a peer list at least, in both directions.
            try await eventually("both have heard each other") {
                let counts = [try await first.now, try await second.now].map { $0.peers.first?.messagesIn ?? 0 }
                return counts.allSatisfy { $0 >= 2 }
            }
            let (one, two) = (try await first.now, try await second.now)
            let (peerOfFirst, peerOfSecond) = (try #require(one.peers.first), try #require(two.peers.first))

            #expect(one.address == network.authorities[0].address.checksummed.text)
            #expect(one.nodeType == .producer && two.nodeType == .full)
            #expect(one.p2pPort == first.port && two.p2pPort == second.port)
            #expect(one.startedAt >= before - 1 && one.uptime > 0)
            #expect(one.observedAddresses == [Endpoint("127.0.0.1:\(first.port)")])
            #expect(!one.isSyncing && one.remaining == nil && !one.isProductionPaused)

            #expect(peerOfSecond.id == one.address && peerOfFirst.id == two.address)
            #expect(peerOfFirst.isInbound && !peerOfSecond.isInbound)
            #expect(peerOfFirst.version == PodoruVersion.current && peerOfFirst.dialect == "podoru")
            #expect(peerOfFirst.capabilities == ["txbatch", "ping"])
            #expect(peerOfFirst.connectedAt >= before - 1 && peerOfFirst.lastSeen >= peerOfFirst.connectedAt)
            #expect(peerOfFirst.bytesIn > 400 && peerOfFirst.bytesOut > 400, "a handshake alone is longer")
            #expect(peerOfFirst.messagesOut >= 2)
        }
    }
}
