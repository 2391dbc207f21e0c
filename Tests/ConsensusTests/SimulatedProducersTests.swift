import Consensus
import Primitives
import Testing

@Suite struct SimulatedProducersTests {
    @Test(arguments: [1, 5]) func withAllUpEveryBlockIsInTurnAndOnTime(blockTime: Int64) throws {
        var network = try SimulatedProducers(count: 4, blockTime: blockTime, seed: 1)
        network.run(seconds: 40 * blockTime)
        let chain = network.chain(of: 0)
        #expect(chain.count >= 38)
        #expect(chain.allSatisfy { $0.place == 0 })
        #expect(network.orphanCount == 0)
    }

    @Test(arguments: [1, 5]) func oneProducerDownCostsOneBlockTimeARound(blockTime: Int64) throws {
        var network = try SimulatedProducers(count: 4, blockTime: blockTime, seed: 2)
        network.producers[2].isUp = false
        network.run(seconds: 50 * blockTime)
        let chain = network.chain(of: 0)
        // A round of four heights takes five block times, and the takeover's grace now and then.
        #expect(chain.count >= 36 && chain.count <= 40)
        #expect(chain.filter { $0.height % 4 == 2 }.allSatisfy { $0.producer == 3 && $0.place == 1 })
        #expect(chain.filter { $0.height % 4 != 2 }.allSatisfy { $0.place == 0 })
        #expect(network.orphanCount == 0)
    }

    @Test(arguments: [1, 5]) func oneProducerAloneKeepsTheChainGoing(blockTime: Int64) throws {
        var network = try SimulatedProducers(count: 4, blockTime: blockTime, seed: 3)
        for index in 1...3 { network.producers[index].isUp = false }
        network.run(seconds: 100 * blockTime)
        let chain = network.chain(of: 0)
        // Its four ranks take 1 + 2 + 3 + 4 block times and three graces, which round up to a second each at most.
        #expect(chain.count >= 28 && chain.count <= 40)
        #expect(chain.allSatisfy { $0.producer == 0 })
    }

    @Test func aProducerThatRestartsSignsNoHeightTwice() throws {
        var network = try SimulatedProducers(count: 3, blockTime: 1, seed: 4)
        var random = SplitMix64(seed: 4)
        for _ in 0..<60 {
            network.run(seconds: 1)
            let index = Int.random(in: 0..<3, using: &random)
            network.producers[index].isUp = false
            // Its last block may not have reached the others, and it comes back with an older head.
            if let parent = network.producers[index].head.parent { network.producers[index].head = parent }
            network.run(seconds: 1)
            try network.restart(index)
            if Bool.random(using: &random) { network.sync(index) }
        }
        for index in 0..<3 { network.sync(index) }
        network.run(seconds: 5)
        #expect(network.producers.allSatisfy { !$0.doubleSigned })
        #expect(network.chain(of: 0).count >= 60)
    }

    @Test func afterALongPauseOfAllThereIsOneBlockAndNotOneEach() throws {
        var network = try SimulatedProducers(count: 4, blockTime: 5, seed: 5)
        // Between two blocks, so that none is lost on its way.
        network.run(seconds: 22)
        for index in 0..<4 { network.producers[index].isUp = false }
        network.run(seconds: 3600)
        // The one in turn at height 5 comes last; those before it in time give it a chance.
        for index in [3, 0, 2, 1] {
            try network.restart(index)
            network.sync(index)
            network.run(seconds: 1)
        }
        network.run(seconds: 40)
        network.settle()
        #expect(network.orphanCount == 0)
        #expect(network.chain(of: 0).count > 8)
        #expect(network.chain(of: 0).last?.head == network.chain(of: 3).last?.head)
    }

    @Test(arguments: [Int64(-3000), -900, 900, 3000, 12000])
    func aSkewedClockNeitherStopsNorSplitsTheChain(ahead: Int64) throws {
        var network = try SimulatedProducers(count: 4, blockTime: 5, seed: 6)
        network.producers[1].clockAheadMilliseconds = ahead
        network.run(seconds: 300)
        network.settle()
        let heads = Set((0..<4).map { network.producers[$0].head.head })
        #expect(heads.count == 1)
        // The others wait for a fast clock's timestamps to come: at worst each of its turns costs its whole lead.
        #expect(network.chain(of: 0).count >= 25)
        #expect(network.chain(of: 0).allSatisfy { $0.timestamp <= network.moment(of: 0).unixSeconds + 30 })
    }

    @Test func aBlockMadeAtTheLastMomentArrivesBeforeTheTakeover() throws {
        var network = try SimulatedProducers(count: 3, blockTime: 5, seed: 7)
        // Producer 1 is late by just under a block time: its block appears as the slot of its takeover opens.
        network.producers[1].clockAheadMilliseconds = -4980
        network.latencyMilliseconds = 300
        network.run(seconds: 9)
        network.run(seconds: 4)
        let chain = network.chain(of: 0)
        #expect(chain.first?.producer == 1)
        #expect(network.orphanCount == 0)
    }
}
