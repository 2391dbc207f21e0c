import Chain
import Ledger
import Peering
import Primitives
import ProtocolCore
import Testing
import Wire

/// Whole nodes in virtual time: what a rule is worth in a network.
@Suite struct WholeNetworkTests {
    @Test func fiftyNodesFollowThreeProducersOnOneChain() throws {
        let seed: UInt64 = .random(in: 0 ... .max)
        print("seed \(seed)")
        let world = try World(seed: seed, producers: 3)
        let bootstrap = (0..<3).map(SimulatedNetwork.endpoint)
        for number in 0..<3 { try world.addProducer(number, bootstrap: bootstrap) }
        for _ in 3..<50 { try world.addFull(bootstrap: bootstrap) }
        world.startAll()
        world.network.run(for: .seconds(20))
        let heights = world.network.nodes.map(\.head.height)
        #expect(heights.min()! >= 10)
        #expect(heights.max()! - heights.min()! <= 1)
        #expect(world.network.run(atMost: .seconds(2)) { world.isOneChain })
        // A block crosses each link at most twice, once in each direction; more would be an echo.
        let blocks = world.network.nodes[0].head.height
        let links = world.network.nodes.reduce(0) { $0 + $1.core.peers.readyPeers.count } / 2
        let sent = Int(world.network.sent(.block))
        print("blocks \(blocks), links \(links), block messages \(sent)")
        #expect(sent >= Int(blocks) * 49)
        #expect(sent <= Int(blocks + 1) * links * 2)
    }

    @Test func aBlockCrossesALine() throws {
        let world = try World(seed: 1, producers: 1)
        try world.addProducer(0, bootstrap: [])
        for index in 1..<4 {
            try world.addFull(bootstrap: [SimulatedNetwork.endpoint(index - 1)]) {
                $0.peering.minOutboundPeers = 1
                $0.peering.maxPeers = 2
            }
        }
        world.startAll()
        let last = world.network.nodes[3]
        #expect(world.network.run(atMost: .seconds(20)) { last.head.height >= 3 })
        #expect(last.facts.origins[.gossip, default: 0] > 0)
    }

    @Test func aTransactionGivenToTheEndOfALineIsMinedAtItsHead() throws {
        let world = try World(seed: 2, producers: 1)
        try world.addProducer(0, bootstrap: [])
        for index in 1..<4 {
            try world.addFull(bootstrap: [SimulatedNetwork.endpoint(index - 1)]) {
                $0.peering.minOutboundPeers = 1
                $0.peering.maxPeers = 2
            }
        }
        world.startAll()
        world.network.run(for: .seconds(5))
        let last = world.network.nodes[3]
        last.submit(try world.transaction(1, nonce: 1))
        #expect(world.network.run(atMost: .seconds(10)) { world.value("user:1:1", on: last) != nil })
        #expect(world.value("user:1:1", on: world.network.nodes[0]) == Array("value 1".utf8))
    }

    @Test func aLateNodeSyncsTheWholeChain() throws {
        let world = try World(seed: 3, producers: 1)
        let bootstrap = (0..<3).map(SimulatedNetwork.endpoint)
        try world.addProducer(0, bootstrap: bootstrap)
        for _ in 0..<2 { try world.addFull(bootstrap: bootstrap) }
        world.startAll()
        world.network.run(for: .seconds(250))
        let late = try world.addFull(bootstrap: bootstrap)
        world.network.start(late)
        #expect(world.network.run(atMost: .seconds(20)) { world.isOneChain && late.head.height > 200 })
        #expect(late.core.counters.blocksBySync > 190)
        #expect(late.facts.syncFaults == [])
    }

    @Test func aChainGoesOnWhenOneProducerIsDown() throws {
        let world = try World(seed: 4, producers: 3)
        let bootstrap = (0..<3).map(SimulatedNetwork.endpoint)
        for number in 0..<3 { try world.addProducer(number, bootstrap: bootstrap) }
        try world.addFull(bootstrap: bootstrap)
        world.startAll()
        world.network.run(for: .seconds(10))
        world.network.kill(world.network.nodes[1])
        let before = world.network.nodes[0].head.height
        world.network.run(for: .seconds(30))
        // Of three turns one is taken over, which costs one more block time.
        #expect(world.network.nodes[0].head.height >= before + 18)
        #expect(world.network.run(atMost: .seconds(3)) { world.isOneChain })
    }

    @Test func aSmallGapIsFilled() throws {
        let world = try World(seed: 5, producers: 1)
        let bootstrap = (0..<2).map(SimulatedNetwork.endpoint)
        try world.addProducer(0, bootstrap: bootstrap)
        let full = try world.addFull(bootstrap: bootstrap)
        world.startAll()
        world.network.run(for: .seconds(6))
        world.network.cutOff(full)
        world.network.run(for: .seconds(4))
        world.network.reconnect(full)
        let target = world.network.nodes[0].head.height
        #expect(full.head.height < target)
        #expect(world.network.run(atMost: .seconds(40)) { full.head.height >= target })
    }

    @Test func nodesOfAnotherGenesisPartWithAReason() throws {
        let world = try World(seed: 6, producers: 1)
        let other = try World(seed: 6, producers: 1, blockTime: "2s")
        try world.addProducer(0, bootstrap: [])
        let stranger = try world.network.add { index, network in
            try SimulatedNode(
                index: index, network: network, genesis: other.genesis, key: World.key(9), isProducer: false,
                bootstrap: [SimulatedNetwork.endpoint(0)])
        }
        world.startAll()
        world.network.run(for: .seconds(3))
        #expect(world.network.nodes[0].core.counters.rejections[.otherChain] + stranger.core.counters.rejections[.otherChain] > 0)
        #expect(stranger.core.peers.readyPeers.isEmpty)
    }

    @Test func aProducerRestartsOnTopOfTheChainOfTheOthers() throws {
        let world = try World(seed: 7, producers: 3)
        let bootstrap = (0..<3).map(SimulatedNetwork.endpoint)
        for number in 0..<3 { try world.addProducer(number, bootstrap: bootstrap) }
        world.startAll()
        world.network.run(for: .seconds(10))
        let producer = world.network.nodes[2]
        world.network.kill(producer)
        world.network.run(for: .seconds(30))
        let made = producer.facts.origins[.own, default: 0]
        try producer.reopen()
        world.network.start(producer)
        #expect(world.network.run(atMost: .seconds(30)) { world.isOneChain && producer.facts.origins[.own, default: 0] > made + 3 })
        #expect(world.network.nodes.allSatisfy { $0.facts.competing == 0 })
    }
}
