import Chain
import Consensus
import Ledger
import Network
import Peering
import Primitives
import ProtocolCore
import Testing
import Wire

/// Times and heights at the ends of their types, in whole nodes: nothing that a genesis or a peer says ends a process.
@Suite struct ExtremeTimesTests {
    private static let epoch: Int64 = 1_800_000_000

    /// A producer alone on a genesis of this time.
    private func producer(genesis timestamp: Int64, _ run: (World, SimulatedNode) throws -> Void) throws {
        let world = try World(seed: 1, producers: 1, age: Self.epoch.subtracting(clamping: timestamp))
        let node = try world.addProducer(0, bootstrap: [])
        world.startAll()
        try run(world, node)
    }

    @Test(arguments: [.max, .max - 1, .max / 1000, 1_800_000_000_000, 1_800_086_400] as [Int64])
    func aProducerOfAChainThatHasNotBegunWaitsWithoutSpinning(_ timestamp: Int64) throws {
        try producer(genesis: timestamp) { world, node in
            world.network.run(for: .seconds(60))
            #expect(node.head.height == 0)
            #expect((1...600).contains(node.ticks), "it looked \(node.ticks) times in 60 s")
        }
    }

    @Test(arguments: [.min + 10, .min / 1000, -1, 0] as [Int64]) func aProducerOfAnOldGenesisGoesOn(_ timestamp: Int64) throws {
        try producer(genesis: timestamp) { world, node in
            #expect(world.network.run(atMost: .seconds(30)) { node.head.height >= 3 })
        }
    }

    @Test func aChainThatIsDatedAheadBeginsAtItsTime() throws {
        try producer(genesis: Self.epoch + 40) { world, node in
            world.network.run(for: .seconds(39))
            #expect(node.head.height == 0)
            #expect(world.network.run(atMost: .seconds(10)) { node.head.height >= 3 })
        }
    }

    @Test func whatPeersSayOfTimesAndHeightsStopsNobody() throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        let world = try World(seed: seed, producers: 3)
        let bootstrap = (0..<3).map(SimulatedNetwork.endpoint)
        // Faults disconnect and ban nobody, so that every one of them is tried.
        let everybody = try #require(IPNetwork("10.0.0.0/8"))
        for number in 0..<3 { try world.addProducer(number, bootstrap: bootstrap) { $0.peering.exempt = [everybody] } }
        for _ in 3..<20 { try world.addFull(bootstrap: bootstrap) { $0.peering.exempt = [everybody] } }
        world.startAll()
        world.network.run(for: .seconds(8))
        let before = try #require(world.network.nodes.map(\.head.height).min())
        var hostile = HostileTalk(world: world, random: SplitMix64(seed: seed))
        var sent = 0
        for _ in 0..<400 {
            sent += hostile.say(from: world.network.nodes[19])
            world.network.run(for: .milliseconds(50))
        }
        print("\(sent) messages")
        #expect(sent > 20)
        // Claims of heights that nobody has make producers wait for a while; they may not stop them.
        #expect(world.network.run(atMost: .seconds(60)) { (world.network.nodes.map(\.head.height).max() ?? 0) > before + 5 })
    }

    @Test func aFastClockIsToldByTheOthersAndNotByItsOwner() throws {
        let world = try World(seed: 5, producers: 3, blockTime: "2s")
        let bootstrap = (0..<3).map(SimulatedNetwork.endpoint)
        for number in 0..<3 { try world.addProducer(number, bootstrap: bootstrap) }
        let fast = world.network.nodes[1]
        fast.clockAheadMilliseconds = 20_000
        world.startAll()
        world.network.run(for: .seconds(40))
        let name = world.genesis.authorities[1]
        for node in [world.network.nodes[0], world.network.nodes[2]] {
            let told = node.facts.clocks.compactMap { if case .ahead(let reading) = $0 { reading } else { nil } }
            #expect(told.map(\.producer) == [name], "once, and of that one")
            #expect((18_000...20_000).contains(told.first?.offsetMilliseconds ?? 0))
            let readings = node.core.clocks.readings(at: world.network.time)
            #expect(readings.contains { $0.producer == name && $0.offsetMilliseconds > 18_000 })
        }
        #expect(fast.facts.clocks.isEmpty)
    }

    @Test func nodesWithOtherRulesOfOneChainPartAndBothSay() throws {
        let world = try World(seed: 6, producers: 1)
        try world.addProducer(0, bootstrap: []) { $0.peering.local.rules = SHA256.hash([1]) }
        try world.addFull(bootstrap: [SimulatedNetwork.endpoint(0)]) { $0.peering.local.rules = SHA256.hash([2]) }
        let silent = try world.addFull(bootstrap: [SimulatedNetwork.endpoint(0)])
        world.startAll()
        world.network.run(for: .seconds(10))
        #expect(world.network.nodes[0].facts.otherRules == 1 && world.network.nodes[1].facts.otherRules == 1)
        #expect(world.network.nodes[1].head.height == 0)
        #expect(silent.head.height > 0, "who says nothing of its rules stays")
        for node in world.network.nodes.prefix(2) { #expect(node.core.counters.rejections[.otherRules] == 1) }
    }
}

/// Messages with numbers at the ends of their types, sound otherwise: blocks are signed by authorities.
private struct HostileTalk {
    let world: World
    var random: SplitMix64

    private static let times: [Int64] = [.min, .min + 1, -1, 0, 1_799_999_990, 1_800_000_020, 1_800_000_000_000, .max - 30, .max - 1, .max]
    private static let heights: [UInt64] = [0, 1, UInt64(Int64.max), UInt64(Int64.max) + 1, .max - 100, .max - 1, .max]

    /// Sends one message to each peer of `node`, as that node. Returns how many went out.
    mutating func say(from node: SimulatedNode) -> Int {
        let peers = node.core.peers.readyPeers.map(\.id)
        for id in peers {
            node.say(message(head: node.head), to: id)
        }
        return peers.count
    }

    private mutating func message(head: Head) -> Message {
        let last = height(head)
        switch Int.random(in: 0..<6, using: &random) {
        case 0: return .ping(Ping(nonce: .max, height: last))
        case 1: return .pong(Ping(nonce: random.next(), height: last))
        case 2: return .blockRequest(.range(HeightRange(first: last, count: NetworkLimits.rangeCount)))
        case 3: return .blockResponse(BlockResponse.encode([block(head)]).payload)
        default: return .block(block(head))
        }
    }

    private mutating func time() -> Int64 { Self.times.randomElement(using: &random) ?? 0 }

    /// Often one that would be next, so that the block is validated and not only put aside.
    private mutating func height(_ head: Head) -> UInt64 {
        Bool.random(using: &random) ? head.height + 1 : Self.heights.randomElement(using: &random) ?? 0
    }

    private mutating func block(_ head: Head) -> [UInt8] {
        let key = world.keys[Int.random(in: 0..<world.keys.count, using: &random)]
        let header = BlockHeader(
            version: 1, height: height(head), previousHash: head.hash.bytes, timestamp: time(), merkleRoot: Hash32.zero.bytes,
            stateRoot: world.genesis.stateRoot.bytes, producer: key.address.checksummed)
        return Block(header: header, transactions: nil, signature: key.sign(header.hash).bytes).json
    }
}
