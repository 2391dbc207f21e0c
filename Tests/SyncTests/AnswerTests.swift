import Network
import Primitives
import Sync
import Testing

/// What becomes of answers: prepared side by side, applied in order, continued when short.
@Suite struct AnswerTests {
    @Test func answersAreAppliedInOrderHoweverTheyCome() {
        var bench = SyncBench()
        bench.ready(1, 200)
        bench.gone(1)
        bench.ready(2, 200)
        bench.answer(2)
        bench.answer(2)
        #expect(bench.prepared(2, 100) == [])
        #expect(bench.prepared(1, 100) == [.apply(ticket(1)), .apply(ticket(2))])
        #expect(bench.applied(1, 100) == [])
        #expect(bench.applied(2, 200) == [.finished(height: 200)])
    }

    @Test func twoRangesAtMostAreInTheWorker() {
        var bench = SyncBench()
        bench.ready(1, 300)
        bench.ready(2, 300)
        bench.answer(1)
        bench.answer(1)
        bench.answer(2)
        #expect(bench.prepared(1, 100) == [.apply(ticket(1))])
        #expect(bench.prepared(2, 100) == [.apply(ticket(2))])
        #expect(bench.prepared(3, 100) == [])
        #expect(bench.applied(1, 100) == [.apply(ticket(3))])
    }

    @Test func aCutAnswerIsContinuedFromTheSamePeerWithoutReproach() {
        var bench = SyncBench()
        bench.ready(1, 100)
        bench.answer(1, bytes: 7_500_000)
        #expect(bench.prepared(1, 90) == [.apply(ticket(1)), ask(1, 91, 100)])
    }

    @Test func anAnswerThatIsShortWithoutNeedLosesTheRestToAnother() {
        var bench = SyncBench()
        bench.ready(1, 100)
        bench.ready(2, 100)
        bench.answer(1, bytes: 70_000)
        #expect(
            bench.prepared(1, 7) == [
                .fault(id(1), .shortAnswer(range(1, 100), delivered: 7)), .apply(ticket(1)), ask(2, 8, 100),
            ])
    }

    @Test func aLonePeerThatAnswersShortIsAskedOn() {
        var bench = SyncBench()
        bench.ready(1, 10)
        for height in 1...9 as ClosedRange<UInt64> {
            bench.answer(1, bytes: 10_000)
            let effects = bench.prepared(height, 1)
            #expect(effects.last == ask(1, height + 1, 10))
            bench.applied(height, height)
        }
    }

    @Test func aSlowWorkerBoundsTheRangesOfAPeerThatAnswersOneBlock() {
        var bench = SyncBench()
        bench.ready(1, 100_000)
        var number: UInt64 = 0
        while bench.sync.status.requestsInFlight > 0, number < 200 {
            number += 1
            bench.answer(1, bytes: 10_000)
            bench.prepared(number, 1)
        }
        #expect(bench.sync.status.rangesHeld <= 19)
    }

    @Test func moreBlocksThanAskedForIsMalformed() {
        var bench = SyncBench()
        bench.ready(1, 100)
        bench.answer(1)
        #expect(bench.prepared(1, 101) == [.fault(id(1), .malformed(range(1, 100)))])
    }

    @Test func aMalformedAnswerEndsThePeersUseAndDiscardsWhatElseItBrought() {
        var bench = SyncBench()
        bench.ready(1, 300)
        bench.answer(1)
        bench.answer(1)
        bench.ready(2, 300)
        #expect(
            bench.malformed(1) == [
                .fault(id(1), .malformed(range(1, 100))), .discard(ticket(2)), ask(2, 1, 100), ask(2, 101, 200),
            ])
        // Peer 1 is not asked again, and what it still sends is dropped.
        #expect(bench.answer(1) == [])
        #expect(bench.gone(1) == [])
    }

    @Test func anAnswerNobodyAskedForEndsThePeersUse() {
        var bench = SyncBench(height: 5)
        bench.ready(1, 5)
        #expect(bench.answer(1) == [.fault(id(1), .unsolicitedResponse)])
        #expect(bench.claims(1, 100) == [])
    }

    @Test func blocksThatCameByGossipAreNotAppliedAgain() {
        var bench = SyncBench()
        bench.ready(1, 300)
        bench.answer(1)
        #expect(bench.head(150) == [.discard(ticket(1))])
        // The second range was asked for from 101 on and is of use from 151 on.
        #expect(bench.answer(1) == [prepare(2, 1, 101, 200)])
        #expect(bench.prepared(2, 100) == [.apply(ticket(2))])
        #expect(bench.applied(2, 200) == [])
    }

    @Test func aRangeThatGossipOvertookIsForgotten() {
        var bench = SyncBench(height: 10)
        bench.ready(1, 15)
        #expect(bench.head(15) == [])
        #expect(bench.answer(1) == [])
        #expect(bench.sync.status.requestsInFlight == 0)
        #expect(bench.sync.nextDeadline == nil)
    }

    @Test func anUndoDiscardsEverythingAndBeginsAgainFromTheNewHead() {
        var bench = SyncBench(height: 100)
        bench.ready(1, 300)
        bench.answer(1)
        bench.prepared(1, 100)
        #expect(bench.head(90) == [.discard(ticket(1)), ask(1, 91, 190)])
        // What the worker still says of the old range changes nothing.
        #expect(bench.rejected(1, 101, .otherChain) == [])
    }
}
