import Ledger
import Network
import Peering
import Primitives
import ProtocolCore
import Session
import Testing
import Wire

/// What connections may hold and make wait, in whole nodes and virtual time.
@Suite struct SessionNetworkTests {
    /// A node that has a few blocks, and strangers that a test speaks for.
    struct Scene {
        let world: World
        let node: SimulatedNode

        init(seed: UInt64, configure: (inout CoreConfiguration) -> Void = { _ in }) throws {
            world = try World(seed: seed, producers: 1)
            node = try world.addProducer(0, bootstrap: [], configure: configure)
            world.startAll()
            world.network.run(for: .seconds(8))
            #expect(node.head.height >= 2)
        }

        /// Strangers that have shaken hands.
        func strangers(_ count: Int) -> [SimulatedStranger] {
            var strangers: [SimulatedStranger] = []
            while strangers.count < count {
                // Not more at once than may be without a handshake.
                strangers += (0..<min(20, count - strangers.count)).map { _ in
                    SimulatedStranger(world.network, to: node, chainID: "\(world.genesis.hash)")
                }
                world.network.run(for: .milliseconds(100))
            }
            #expect(node.core.peers.readyPeers.count == count)
            return strangers
        }

        var disconnects: [DisconnectReason: Int] { node.facts.disconnects }
    }

    @Test func aFloodIsReadSlowlyAndWholeAndInOrder() throws {
        let scene = try Scene(seed: 20)
        let stranger = scene.strangers(1)[0]
        let nonces = (1...500).map(UInt64.init)
        stranger.write(nonces.flatMap { SimulatedStranger.frame(.ping, Ping(nonce: $0, height: 0).encode()) })
        scene.world.network.run(for: .seconds(1))
        let early = stranger.pongs.count
        #expect(early >= 100 && early < 250, "the burst and a second's tokens: \(early)")
        scene.world.network.run(for: .seconds(5))
        let pongs = stranger.pongs
        #expect(pongs.count == 500 && pongs.elementsEqual(nonces), "each once and in order")
    }

    @Test func whoAsksAndDoesNotReadGoesAndTheOthersGetTheirAnswers() throws {
        let scene = try Scene(seed: 21)
        // Eight answers of this size are more than the sockets may hold together.
        scene.node.answerBytes = 7 << 20
        let strangers = scene.strangers(10)
        for stranger in strangers[..<8] {
            stranger.socket?.isReading = false
            stranger.say(.blockRequest, BlockRequest.single(1).encode())
        }
        scene.world.network.run(for: .seconds(1))
        for stranger in strangers[8...] { stranger.say(.blockRequest, BlockRequest.single(1).encode()) }
        scene.world.network.run(for: .seconds(1))
        #expect(strangers[8...].allSatisfy { $0.count(of: .blockResponse) == 0 }, "there is no room for more")
        #expect(scene.world.network.run(atMost: .seconds(10)) { strangers[8...].allSatisfy { $0.count(of: .blockResponse) == 1 } })
        let dropped = scene.disconnects[.slowReader, default: 0]
        #expect(dropped >= 1 && dropped < 8, "no more than it takes: \(dropped)")
        #expect(strangers[8...].allSatisfy { $0.closed == nil })
    }

    @Test func aSlowReaderThatTakesSomethingIsNotStuck() throws {
        let scene = try Scene(seed: 22)
        scene.node.answerBytes = 7 << 20
        scene.node.bytesPerSecond = 1 << 20
        let strangers = scene.strangers(10)
        for stranger in strangers { stranger.say(.blockRequest, BlockRequest.single(1).encode()) }
        #expect(scene.world.network.run(atMost: .seconds(60)) { strangers.allSatisfy { $0.count(of: .blockResponse) == 1 } })
        #expect(scene.disconnects.isEmpty)
    }

    @Test func trickledFramesHoldTheirRoomNoLongerThanTheirAllowance() throws {
        let scene = try Scene(seed: 23)
        let strangers = scene.strangers(7)
        let count = NetworkLimits.maxFrameBytes
        let prefix = withUnsafeBytes(of: UInt32(count).bigEndian) { Array($0) }
        for stranger in strangers[..<6] { stranger.write(prefix + [UInt8](repeating: 0x20, count: 100)) }
        scene.world.network.run(for: .milliseconds(100))
        // A message of an unknown type: nothing else may be so long.
        let message = SimulatedStranger.frame(type: 77, byteCount: count)
        strangers[6].write(message)
        let allowance = NetworkLimits.frameAllowance(byteCount: count)
        for _ in 0..<(allowance / .seconds(1) - 1) {
            scene.world.network.run(for: .seconds(1))
            for stranger in strangers[..<6] { stranger.write([0x20]) }
            strangers[6].ping()
        }
        #expect(scene.node.core.counters.messagesOfUnknownType == 0, "there is no room for it")
        #expect(scene.disconnects.isEmpty)
        scene.world.network.run(for: .seconds(5))
        #expect(scene.node.core.counters.messagesOfUnknownType == 1)
        #expect(strangers[..<6].allSatisfy { $0.closed != nil } && strangers[6].closed == nil)
    }

    @Test func aPingOvertakesBulk() throws {
        let scene = try Scene(seed: 24) { $0.peering.maxPeers = 60 }
        let strangers = scene.strangers(50)
        let transactions = try (1...400).map { try scene.world.transaction($0 % 40, nonce: UInt64($0)) }
        // All from one, who is not told them again; the batches for the others are two megabytes and more.
        for transaction in transactions { scene.node.submit(transaction) }
        let network = scene.world.network
        #expect(network.run(atMost: .seconds(2)) { scene.node.core.counters.sent[.transactionBatch].messages > 0 })
        for stranger in strangers { stranger.ping() }
        network.run(for: .seconds(2))
        let late = strangers.filter { stranger in
            let pong = stranger.heard.firstIndex { $0.known == .pong }
            let batch = stranger.heard.lastIndex { $0.known == .transactionBatch }
            return pong ?? .max < batch ?? 0
        }
        #expect(!late.isEmpty, "somebody's pong comes before its last batch")
    }

    @Test func nodesOnNarrowLinesFollowOneChain() throws {
        let world = try World(seed: 25, producers: 2)
        let bootstrap = (0..<2).map(SimulatedNetwork.endpoint)
        func narrow(_ node: SimulatedNode) {
            // Frames come in pieces.
            node.window = 300
            node.bytesPerSecond = 100_000
        }
        for number in 0..<2 { narrow(try world.addProducer(number, bootstrap: bootstrap)) }
        for _ in 2..<12 { narrow(try world.addFull(bootstrap: bootstrap)) }
        world.startAll()
        world.network.run(for: .seconds(14))
        #expect(world.network.nodes.map(\.head.height).min()! >= 5)
        #expect(world.network.run(atMost: .seconds(3)) { world.isOneChain })
        #expect(world.network.nodes.allSatisfy { $0.facts.disconnects[.protocolViolation] == nil })
    }
}
