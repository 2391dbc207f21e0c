import Network
import Primitives
import Testing

@testable import Peering

/// Many managers on a virtual network.
@Suite struct NetworkTests {
    /// A place in a network of the internet of its own.
    private static func place(_ index: Int) -> Endpoint { endpoint("\(20 + index / 200).\(index % 200).1.1:9000") }

    /// `count` nodes that know the first one only.
    private static func network(
        _ count: Int, seed: UInt64, configure: (inout PeerConfiguration) -> Void = { _ in }
    ) -> VirtualNetwork {
        var network = VirtualNetwork(seed: seed)
        for index in 0..<count {
            network.add(at: place(index)) { configuration in
                configuration.bootstrapPeers = [place(0)]
                configure(&configuration)
            }
        }
        return network
    }

    @Test func fiftyNodesWithOneBootstrapNodeFindEnoughPeers() {
        var network = Self.network(50, seed: 11)
        network.run(for: .seconds(30))
        #expect(network.findings == [])
        #expect(network.reachable(within: network.living).count == 50)
        for index in network.living {
            let outbound = network.nodes[index].manager.outboundCount
            #expect(
                outbound >= NodeDefaults.minOutboundPeers || network.nodes[index].manager.peerCount >= 20, "node \(index): \(outbound)")
            #expect(network.nodes[index].manager.peerCount <= NodeDefaults.maxPeers)
        }
        #expect(network.disagreements() == [])
        // A node that everybody names as its way in finds out that it is one of them, and is left alone by itself.
        #expect(network.nodes[0].manager.ownEndpoints == [Self.place(0)])
    }

    @Test func aFullBootstrapNodeStillShowsNewcomersTheWay() {
        var network = Self.network(24, seed: 12) {
            $0.maxPeers = 8
            $0.minOutboundPeers = 4
        }
        network.run(for: .seconds(60))
        #expect(network.findings == [])
        #expect(network.reachable(within: network.living).count == 24)
        for index in network.living { #expect(network.nodes[index].manager.peerCount >= 3, "node \(index)") }
    }

    @Test func aPartitionHeals() {
        var network = Self.network(16, seed: 13)
        network.run(for: .seconds(30))
        network.part = { $0 % 2 }
        network.run(for: .seconds(120))
        let parts = [0, 1].map { part in (0..<16).filter { $0 % 2 == part } }
        for part in parts {
            #expect(network.reachable(within: part).count == 8, "each half stays together")
            for index in part { #expect(network.neighbours(of: index).allSatisfy { $0 % 2 == index % 2 }) }
        }
        network.part = { _ in 0 }
        network.run(for: .seconds(70))
        #expect(network.reachable(within: network.living).count == 16)
        #expect(parts[1].contains { network.neighbours(of: $0).contains { $0 % 2 == 0 } })
        #expect(network.disagreements() == [])
        #expect(network.findings == [])
    }

    @Test func aNodeCutOffFromEverybodyComesBack() {
        var network = Self.network(10, seed: 14)
        network.run(for: .seconds(30))
        network.part = { $0 == 5 ? 1 : 0 }
        network.run(for: .seconds(400))
        #expect(network.neighbours(of: 5) == [])
        network.part = { _ in 0 }
        network.run(for: .seconds(75))
        #expect(network.neighbours(of: 5).count >= 3)
        #expect(network.disagreements() == [])
    }

    @Test func aDeadPeerIsFoundAndReplacedWithin30Seconds() {
        var network = Self.network(30, seed: 15) { $0.minOutboundPeers = 4 }
        network.run(for: .seconds(60))
        let before = network.living.filter { network.neighbours(of: $0).contains(7) }
        #expect(before.count >= 4)
        network.kill(7)
        let killedAt = network.now
        network.run(for: .seconds(30))
        for index in before {
            #expect(!network.neighbours(of: index).contains(7))
            let found = network.nodes[index].gone.last { network.node(behind: $0.id) == 7 }
            #expect(found?.reason == .livenessTimeout)
            #expect(found.map { $0.at - killedAt } ?? .max <= .seconds(30))
            let manager = network.nodes[index].manager
            // The bootstrap node is connected to everybody already, by their dials.
            #expect(manager.outboundCount >= 4 || manager.peerCount == 28, "node \(index) has a new one")
        }
        #expect(network.findings == [])
    }

    @Test func simultaneousDialsOfAFullMeshEndWithOneConnectionAPair() {
        let places = (0..<12).map(Self.place)
        var network = VirtualNetwork(seed: 16)
        for place in places { network.add(at: place) { $0.bootstrapPeers = places } }
        network.run(for: .seconds(30))
        #expect(network.disagreements() == [])
        for index in network.living { #expect(Set(network.neighbours(of: index)).count == 11) }
        #expect(network.findings == [])
    }

    @Test func theSameSeedGivesTheSameRun() {
        func run(_ seed: UInt64) -> (Int, [[Int]]) {
            var network = Self.network(12, seed: seed)
            network.run(for: .seconds(40))
            return (network.eventCount, network.living.map { network.neighbours(of: $0) })
        }
        let (first, second, other) = (run(17), run(17), run(18))
        #expect(first == second)
        #expect(first.1 != other.1)
    }

    /// An inbound peer that tells a thousand addresses after each question, all of them nobody's, from the start.
    @Test func aFloodOfAddressesDoesNotKeepANodeFromGoodPeers() {
        var driver = Driver { $0.bootstrapPeers = [endpoint("4.1.1.1:9000")] }
        let good = Set((0..<40).map { Self.place($0) })
        let flooder = driver.inbound(8, from: "66.6.6.6:1")
        let seed = driver.outbound(900, at: "4.1.1.1:9000")
        var ready: Set = [flooder, seed]
        driver.tell(seed, Array(good))
        var number = 0
        var outbound = 0
        for _ in 0..<600 {
            driver.pass(.seconds(1), answering: ready)
            let effects = driver.take()
            if effects.contains(.sendPeerListRequest(flooder)) || number == 0 {
                let list = (0..<1000).map { Self.place(1000 + (number + $0) % 30_000) }
                number += 1000
                driver.tell(flooder, list)
            }
            for dialled in effects.dials {
                if good.contains(dialled) {
                    outbound += 1
                    ready.insert(driver.outbound(UInt64(1000 + outbound), at: dialled.description))
                } else {
                    driver.fail(dialled.description)
                }
            }
        }
        #expect(driver.manager.outboundCount == NodeDefaults.minOutboundPeers)
        #expect(driver.manager.knownAddressCount <= 40 + 1 + PeeringLimits.untriedBucketsPerSource * PeeringLimits.untriedBucketSize)
        #expect(good.allSatisfy { driver.manager.dialling.book[$0] != nil }, "no good address was pushed out")
        #expect(driver.manager.checkInvariants() == [])
    }
}
