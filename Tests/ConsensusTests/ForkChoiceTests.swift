import Consensus
import Primitives
import Testing

@Suite struct ForkChoiceTests {
    func chain(ranks: [Int], tip: UInt8) -> ChainCandidate {
        ChainCandidate(
            weight: ranks.reduce(ChainWeight.zero) { $0.adding(blockOfRank: $1) },
            tipHash: Hash32([tip] + [UInt8](repeating: 0xff, count: 31)) ?? .zero)
    }

    @Test func aBlockInTurnWeighsTwoAndATakeoverOne() {
        #expect(chain(ranks: [0, 0, 1, 3], tip: 0).weight.total == 6)
    }

    @Test func theHeavierChainWins() {
        let inTurn = chain(ranks: [0, 0], tip: 9)
        let takeovers = chain(ranks: [1, 1, 1], tip: 1)
        #expect(ForkChoice.prefers(inTurn, over: takeovers, forkHeight: 5))
        #expect(!ForkChoice.prefers(takeovers, over: inTurn, forkHeight: 5))
    }

    @Test func ofEqualChainsTheLowerTipHashWins() {
        let low = chain(ranks: [0], tip: 1)
        let high = chain(ranks: [1, 1], tip: 2)
        #expect(ForkChoice.prefers(low, over: high, forkHeight: 0))
        #expect(!ForkChoice.prefers(high, over: low, forkHeight: 0))
    }

    @Test func aChainIsNotPreferredOverItself() {
        let one = chain(ranks: [0, 1], tip: 3)
        #expect(!ForkChoice.prefers(one, over: one, forkHeight: 0))
    }

    @Test func nothingBelowTheFinalityFloorIsUndone() {
        let heavy = chain(ranks: [0, 0, 0], tip: 1)
        let light = chain(ranks: [1], tip: 2)
        #expect(!ForkChoice.prefers(heavy, over: light, forkHeight: 9, finalityFloor: 10))
        #expect(ForkChoice.prefers(heavy, over: light, forkHeight: 10, finalityFloor: 10))
    }

    @Test func theChoiceIsATotalOrderOnAnySetOfChains() {
        var random = SplitMix64(seed: 0x60D)
        let chains = (0..<40).map { _ in
            chain(
                ranks: (0..<Int.random(in: 1...3, using: &random)).map { _ in Int.random(in: 0...1, using: &random) },
                tip: UInt8.random(in: 0...255, using: &random))
        }
        let best = chains.reduce(chains[0]) { ForkChoice.prefers($1, over: $0, forkHeight: 0) ? $1 : $0 }
        let other = chains.reversed().reduce(chains[39]) { ForkChoice.prefers($1, over: $0, forkHeight: 0) ? $1 : $0 }
        #expect(best == other, "the order in which a node hears of chains changes nothing")
        #expect(chains.allSatisfy { !ForkChoice.prefers($0, over: best, forkHeight: 0) })
    }

    @Test func weightsStopAtTheirGreatestValue() {
        #expect(ChainWeight(total: .max).adding(blockOfRank: 0) == ChainWeight(total: .max))
    }
}
