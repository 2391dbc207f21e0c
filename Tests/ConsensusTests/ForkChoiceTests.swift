import Consensus
import Ledger
import Primitives
import Testing

@Suite struct ForkChoiceTests {
    func chain(weight: UInt64, head: UInt8) -> Head {
        Head(
            height: 9, hash: Hash32([head] + [UInt8](repeating: 0xff, count: 31)) ?? .zero, previousHash: .zero, timestamp: 0,
            stateRoot: .zero, producer: "", totalWeight: weight)
    }

    @Test func theHeavierChainWins() {
        let inTurn = chain(weight: 4, head: 9)
        let takeovers = chain(weight: 3, head: 1)
        #expect(ForkChoice.prefers(inTurn, over: takeovers, forkHeight: 5))
        #expect(!ForkChoice.prefers(takeovers, over: inTurn, forkHeight: 5))
    }

    @Test func ofEqualChainsTheLowerHeadHashWins() {
        let low = chain(weight: 2, head: 1)
        let high = chain(weight: 2, head: 2)
        #expect(ForkChoice.prefers(low, over: high, forkHeight: 0))
        #expect(!ForkChoice.prefers(high, over: low, forkHeight: 0))
    }

    @Test func aChainIsNotPreferredOverItself() {
        let one = chain(weight: 3, head: 3)
        #expect(!ForkChoice.prefers(one, over: one, forkHeight: 0))
    }

    @Test func nothingBelowTheFinalityFloorIsUndone() {
        let heavy = chain(weight: 6, head: 1)
        let light = chain(weight: 1, head: 2)
        #expect(!ForkChoice.prefers(heavy, over: light, forkHeight: 9, finalityFloor: 10))
        #expect(ForkChoice.prefers(heavy, over: light, forkHeight: 10, finalityFloor: 10))
    }

    @Test func theChoiceIsATotalOrderOnAnySetOfChains() {
        var random = SplitMix64(seed: 0x60D)
        let chains = (0..<40).map { _ in
            chain(weight: UInt64.random(in: 1...6, using: &random), head: UInt8.random(in: 0...255, using: &random))
        }
        let best = chains.reduce(chains[0]) { ForkChoice.prefers($1, over: $0, forkHeight: 0) ? $1 : $0 }
        let other = chains.reversed().reduce(chains[39]) { ForkChoice.prefers($1, over: $0, forkHeight: 0) ? $1 : $0 }
        #expect(best == other, "the order in which a node hears of chains changes nothing")
        #expect(chains.allSatisfy { !ForkChoice.prefers($0, over: best, forkHeight: 0) })
    }
}
