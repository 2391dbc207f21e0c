import Primitives
import Sync
import Testing

/// Peers that lie, send bad blocks or live on another chain.
@Suite struct FaultTests {
    // MARK: Heights

    @Test func aPeerWithoutTheBlockItClaimedLosesTheRangeAndTheClaim() {
        var bench = SyncBench()
        bench.ready(1, 5000)
        bench.ready(2, 200)
        #expect(
            bench.answer(1, bytes: 2) == [
                .fault(id(1), .heightLie(claimed: 5000, missing: 1)), ask(2, 1, 100), ask(2, 101, 200),
            ])
        #expect(bench.sync.target == 200)
        #expect(bench.sync.status.highestClaim == 200)
    }

    @Test func theWorkerMayFindTheAnswerEmptyToo() {
        var bench = SyncBench()
        bench.ready(1, 50)
        bench.answer(1, bytes: 20)
        #expect(bench.prepared(1, 0) == [.fault(id(1), .heightLie(claimed: 50, missing: 1)), .finished(height: 0)])
    }

    @Test func aLiarAloneDoesNotKeepTheNodeSyncing() {
        var bench = SyncBench(height: 700)
        bench.ready(1, 1_000_000_000_000_000_000)
        #expect(bench.sync.isSyncing)
        #expect(
            bench.answer(1, bytes: 2) == [
                .fault(id(1), .heightLie(claimed: 1_000_000_000_000_000_000, missing: 701)), .finished(height: 700),
            ])
        // The second request is answered the same way, which is no second lie.
        #expect(bench.answer(1, bytes: 2) == [])
        // Nor is saying it once more.
        #expect(bench.claims(1, 1_000_000_000_000_000_001) == [])
    }

    @Test func oneStrangerDoesNotMakeANodeAmongPeersAtItsHeightSyncing() {
        var bench = SyncBench(height: 700)
        bench.ready(1, 700)
        bench.ready(2, 700)
        #expect(bench.ready(3, 1_000_000) == [ask(3, 701, 800), ask(3, 801, 900)])
        #expect(!bench.sync.isSyncing)
        #expect(bench.sync.target == 700)
        // Blocks are what convinces.
        bench.answer(3)
        #expect(bench.prepared(1, 100).contains(.started(target: 1_000_000)))
    }

    @Test func theTargetIsAHeightThatTwoPeersVouchFor() {
        var bench = SyncBench()
        bench.ready(1, 1_000_000_000_000_000_000)
        bench.ready(2, 5000)
        bench.ready(3, 5002)
        #expect(bench.sync.target == 5002)
    }

    @Test func aLieIsForgivenAfterAMinute() {
        var bench = SyncBench(height: 10)
        bench.ready(1, 20)
        bench.answer(1, bytes: 2)
        #expect(bench.run(for: .seconds(59)) == [])
        #expect(bench.run(for: .seconds(1)) == [ask(1, 11, 20)])
    }

    @Test func aHeightThatNoChainOfThisGenesisCanHaveIsALieAtOnce() {
        var bench = SyncBench { $0.genesisTimestamp = 1_699_999_000 }
        #expect(bench.ready(1, 4601) == [.fault(id(1), .impossibleHeight(4601))])
        #expect(bench.ready(2, 4600).first == .started(target: 4600))
    }

    @Test func aRelayedBlockOfAnImpossibleHeightIsALieToo() {
        var bench = SyncBench { $0.genesisTimestamp = 1_699_999_000 }
        bench.ready(1, 0)
        #expect(bench.has(1, .max) == [.fault(id(1), .impossibleHeight(.max))])
    }

    @Test func aRelayedBlockEndsTheTimeOfDistrust() {
        var bench = SyncBench(height: 10)
        bench.ready(1, 20)
        bench.answer(1, bytes: 2)
        #expect(bench.claims(1, 21) == [])
        #expect(bench.has(1, 22).last == ask(1, 11, 22))
    }

    @Test func aBlockThatIsMissingJustAfterItWasClaimedIsWaitedFor() {
        var bench = SyncBench(height: 10)
        bench.ready(1, 10)
        #expect(bench.has(1, 11) == [ask(1, 11, 11)])
        // Relayed before it was on the disk.
        #expect(bench.answer(1, bytes: 0) == [])
        #expect(bench.run(for: .milliseconds(299)) == [])
        #expect(bench.run(for: .milliseconds(1)) == [ask(1, 11, 11)])
        #expect(bench.answer(1, bytes: 0) == [.fault(id(1), .heightLie(claimed: 11, missing: 11))])
    }

    // MARK: Blocks

    @Test func aBadBlockCostsThePeerItsUseAndTheRangeGoesToAnother() {
        var bench = SyncBench()
        bench.ready(1, 300)
        bench.answer(1)
        bench.answer(1)
        bench.ready(2, 300)
        bench.answer(1)
        bench.prepared(1, 100)
        bench.prepared(2, 100)
        bench.prepared(3, 100)
        #expect(
            bench.rejected(1, 37, .invalidBlock) == [
                .discard(ticket(2)), .discard(ticket(3)), .fault(id(1), .badBlock(height: 37)), ask(2, 37, 100), ask(2, 101, 200),
            ])
        #expect(bench.sync.height == 36)
        // The worker's word on the second range, which it met before the discard, harms nobody.
        #expect(bench.rejected(2, 101, .otherChain) == [])
        bench.answer(2)
        #expect(bench.prepared(4, 64) == [.apply(ticket(4))])
    }

    @Test func whatOthersBroughtAndTheWorkerHasNotBegunStays() {
        var bench = SyncBench { $0.heldRanges = 6 }
        bench.ready(1, 300)
        bench.ready(2, 300)
        bench.answer(1)
        bench.answer(2)
        bench.prepared(2, 100)
        bench.prepared(1, 100)
        #expect(bench.rejected(1, 1, .invalidBlock) == [.fault(id(1), .badBlock(height: 1)), ask(2, 1, 100), ask(2, 101, 200)])
        bench.answer(2)
        #expect(bench.prepared(3, 100) == [.apply(ticket(3))])
        bench.answer(2)
        #expect(bench.prepared(4, 100) == [.apply(ticket(4))])
        #expect(bench.applied(3, 100) == [.apply(ticket(2))])
    }

    @Test func aPeerThatSentABadBlockIsNeverAskedAgain() {
        var bench = SyncBench()
        bench.ready(1, 50)
        bench.answer(1)
        bench.prepared(1, 50)
        #expect(bench.rejected(1, 50, .invalidBlock) == [.fault(id(1), .badBlock(height: 50))])
        #expect(bench.claims(1, 5000) == [])
        let isAsked = bench.run(for: .seconds(3600)).contains { if case .request = $0 { true } else { false } }
        #expect(!isAsked)
        #expect(bench.ready(2, 50) == [ask(2, 50, 50)])
    }

    @Test func aPeerOfAnotherChainIsReportedAndAnotherAsked() {
        var bench = SyncBench(height: 100)
        bench.ready(1, 200)
        bench.ready(2, 200)
        bench.answer(1)
        bench.prepared(1, 100)
        #expect(bench.rejected(1, 101, .otherChain) == [.fault(id(1), .otherChain(height: 101)), ask(2, 101, 200)])
    }

    @Test func afterAnUndoPeersOfTheOtherChainAreAskedAgain() {
        var bench = SyncBench(height: 100)
        bench.ready(1, 200)
        bench.answer(1)
        bench.prepared(1, 100)
        bench.rejected(1, 101, .otherChain)
        #expect(bench.head(95) == [ask(1, 96, 195), ask(1, 196, 200)])
    }

    @Test func aRejectionWithoutFaultIsTriedAgainAfterAPause() {
        var bench = SyncBench()
        bench.ready(1, 50)
        bench.answer(1)
        bench.prepared(1, 50)
        #expect(bench.rejected(1, 1, .faultless) == [])
        #expect(bench.run(for: .milliseconds(999)) == [])
        #expect(bench.run(for: .milliseconds(1)) == [ask(1, 1, 50)])
    }
}
