import Logging
import NodeLogging
import Peering
import Platform
import PodoruConfiguration
import ProtocolCore
import TestKit
import Testing
import WholeFiles

@testable import Node

/// The operator's verbs on real nodes.
@Suite struct AdminTests {
    @Test func aPeerIsAddedRemovedAndAddedAgain() async throws {
        let network = try TestNetwork()
        try await withNodes { nodes in
            let first = try await nodes.start(network.configuration("first"))
            let second = try await nodes.start(network.configuration("second"))
            let place = "127.0.0.1:\(first.port)"
            #expect(try await second.addPeer(place))
            try await eventually("they are connected") { try await connected(first, second) }
            #expect(try await !second.addPeer(place), "it is in the list")

            #expect(try await second.removePeer(place) == 1)
            try await eventually("the other side sees the end") { try await first.now.peers.isEmpty }
            #expect(try await second.now.peers.isEmpty)

            #expect(try await second.addPeer(place))
            try await eventually("they are connected again") { try await second.now.peers.count == 1 }
            let id = try #require(try await second.now.peers.first?.id)
            #expect(try await second.removePeer(id) == 1, "by its identity")
        }
    }

    private func connected(_ first: Node, _ second: Node) async throws -> Bool {
        let counts = [try await first.now.peers.count, try await second.now.peers.count]
        return counts == [1, 1]
    }

    @Test func aBanEndsTheConnectionAndItsLiftingLetsThePeerComeBack() async throws {
        let network = try TestNetwork()
        try await withNodes { nodes in
            let first = try await nodes.start(network.configuration("first"))
            let second = try await nodes.start(network.dialling(network.configuration("second"), first))
            try await eventually("they are connected") { try await first.now.peers.count == 1 }
            #expect(try await first.ban("127.0.0.1", for: .seconds(3600)) == 1)
            #expect(try await first.bans().map(\.address) == ["127.0.0.1"])
            #expect(try await first.bans().map(\.isOperators) == [true])
            // The other dials for ever, and is turned away.
            try await eventually("it was turned away") { try #require(await first.metrics()).counters.rejections[.banned] >= 1 }
            #expect(try await first.now.peers.isEmpty)
            try await first.unban("127.0.0.1")
            try await eventually("it is back") { try await first.now.peers.count == 1 }
            _ = second
        }
    }

    @Test func aPausedProducerMakesNoBlocksUntilItResumes() async throws {
        let network = try TestNetwork()
        try await withNodes { nodes in
            let node = try await nodes.start(network.configuration("producer", authority: 0))
            try await eventually("it makes blocks") { try await node.now.height >= 1 }
            try await node.pauseProduction()
            #expect(try await node.now.isProductionPaused)
            // A block under way may still come. A producer at work is never more than a block time behind the clock.
            try await eventually("four block times pass without a block") {
                try await SystemClock.unixSeconds > node.now.headTimestamp + 4
            }
            let height = try await node.now.height
            let skipped = try #require(await node.metrics()).counters.productionsSkipped
            #expect(skipped <= 1, "at most the one that was ordered when the pause came")
            try await node.resumeProduction()
            try await eventually("it makes blocks again") { try await node.now.height > height }
            #expect(try await !node.now.isProductionPaused)
        }
    }

    @Test func aFullNodeHasNothingToPause() async throws {
        let network = try TestNetwork()
        try await withNodes { nodes in
            let node = try await nodes.start(network.configuration("full"))
            await #expect(throws: AdminError.self) { try await node.pauseProduction() }
            #expect(try await !node.now.isProductionPaused)
        }
    }

    @Test func theLogLevelChangesWhereThereIsAHandle() async throws {
        let network = try TestNetwork()
        let level = LogLevel(.info)
        let options = Node.Options(logger: Logger(label: "test") { _ in LogRecorder() }, logLevel: level)
        let node = try await Node.start(network.configuration("node"), options: options)
        #expect(throws: Never.self) { try node.setLogLevel("Debug") }
        let after = level.current
        var complaint: AdminError?
        do { try node.setLogLevel("loud") } catch { complaint = error }
        await node.stop()
        #expect(after == .debug && node.currentLogLevel == .debug)
        guard case .malformed(let text) = complaint else { throw TestFailure("a wrong level was taken") }
        #expect(text.contains("trace, debug, info, notice, warning, error, critical"))
    }

    @Test func whatMakesNoSenseIsSaidInWords() async throws {
        let network = try TestNetwork()
        try await withNodes { nodes in
            let node = try await nodes.start(network.configuration("node"))
            func refusal(_ verb: () async throws -> Void) async -> AdminError? {
                do { try await verb() } catch { return error as? AdminError }
                return nil
            }
            for (verb, words) in [
                (await refusal { _ = try await node.addPeer("nonsense") }, "host:port"),
                (await refusal { _ = try await node.addPeer("127.0.0.1:\(node.port)") }, "this node itself"),
                (await refusal { _ = try await node.removePeer("5.6.7.8:9000") }, "no peer"),
                (await refusal { _ = try await node.removePeer("0x7e5f4552091a69125d5dfcb7b8c2659029395bdf") }, "no peer"),
                (await refusal { _ = try await node.removePeer("nobody") }, "neither"),
                (await refusal { _ = try await node.ban("5.6.7.8:9000", for: .seconds(5)) }, "without a port"),
                (await refusal { _ = try await node.ban("5.6.7.8", for: .seconds(Int64.max)) }, "between 1 and 31536000 seconds"),
                (await refusal { _ = try await node.ban("5.6.7.8", for: .seconds(-1)) }, "between"),
                (await refusal { try await node.unban("5.6.7.8") }, "not banned"),
                (await refusal { try node.setLogLevel("debug") }, "not the node's to change"),
            ] {
                #expect(verb?.description.contains(words) == true, "\(words)")
            }
            await nodes.stop(node)
            let afterwards = await refusal { _ = try await node.bans() }
            #expect(afterwards == .stopped)
        }
    }
}
