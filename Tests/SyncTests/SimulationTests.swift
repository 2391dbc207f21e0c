import Primitives
import Sync
import Testing

/// Whole syncs against random peers in virtual time, and random events in any order.
@Suite struct SimulationTests {
    /// Fixed seeds, so that a failure repeats; the seed stands in the name of the test case.
    static let seeds = (1...300).map { UInt64($0) * 7919 }

    /// No deadlock and no long stop, whatever the others do: with the honest peer alone 4000 blocks take 8 s at most.
    @Test(arguments: seeds)
    func oneHonestPeerAmongAnyOthersIsEnough(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let others = (0..<Int.random(in: 0...9, using: &random)).map { _ in Behaviour.allCases.randomElement(using: &random) ?? .honest }
        let height = UInt64.random(in: 11...4000, using: &random)
        var simulation = SyncSimulation(seed: seed, chainHeight: height, behaviours: [.honest] + others)
        simulation.run(limit: .seconds(40))
        #expect(simulation.problems == [], "seed \(seed), height \(height), \(others), \(simulation.faults)")
    }

    @Test(arguments: Behaviour.allCases)
    func eachKindOfPeerBesideAnHonestOneIsHarmless(_ behaviour: Behaviour) {
        var simulation = SyncSimulation(seed: 42, chainHeight: 3000, behaviours: [.honest] + Array(repeating: behaviour, count: 6))
        simulation.run(limit: .seconds(40))
        let milliseconds = (simulation.finishedAt ?? 0) / 1_000_000
        print("\(behaviour): 3000 blocks in \(milliseconds) ms, asked for \(simulation.heightsAskedFor), \(simulation.faults)")
        #expect(simulation.problems == [])
    }

    @Test func honestPeersAreNotAskedForAnythingTwice() {
        for seed in 1...20 as ClosedRange<UInt64> {
            var simulation = SyncSimulation(seed: seed, chainHeight: 2000, behaviours: Array(repeating: .honest, count: 5))
            simulation.run(limit: .seconds(20))
            #expect(simulation.problems == [], "seed \(seed)")
            #expect(simulation.heightsAskedFor == 2000, "seed \(seed)")
            #expect(simulation.faults == [:], "seed \(seed)")
        }
    }

    @Test(arguments: seeds.prefix(100))
    func noOrderOfEventsBreaksTheInvariants(seed: UInt64) {
        var bench = SyncBench(height: 50) { $0.genesisTimestamp = 1_690_000_000 }
        var random = SplitMix64(seed: seed)
        for _ in 0..<400 {
            let peer = Int.random(in: 1...5, using: &random)
            let number = UInt64.random(in: 0...40, using: &random)
            let height =
                Int.random(in: 0...30, using: &random) == 0
                ? random.next() : UInt64.random(in: 0...2000, using: &random)
            switch Int.random(in: 0...14, using: &random) {
            case 0: bench.ready(peer, height)
            case 1: bench.claims(peer, height)
            case 2: bench.has(peer, height)
            case 3: bench.gone(peer)
            case 4: bench.head(min(height, 2000))
            case 5, 6, 7: bench.answer(peer, bytes: [0, 2, 1000, 8_000_000].randomElement(using: &random) ?? 0)
            case 8, 9: bench.prepared(number, Int.random(in: -1...101, using: &random))
            case 10: bench.malformed(number)
            case 11: bench.applied(number, min(height, 2000))
            case 12: bench.rejected(number, height, [.invalidBlock, .otherChain, .faultless].randomElement(using: &random) ?? .faultless)
            case 13: bench.bytes(peer, 10_000)
            default: _ = bench.run(for: .milliseconds(.random(in: 0...20_000, using: &random)))
            }
        }
    }
}
