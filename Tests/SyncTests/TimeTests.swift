import Primitives
import Sync
import Testing

/// Peers that are slow, stall or leave, and the log of it.
@Suite struct TimeTests {
    /// 5 s and the transfer of 100 blocks of 10 KB at 256 KiB a second.
    static let overdue: Nanoseconds = .seconds(5) + 3_906_250_000

    @Test func anOverdueRangeGoesToAnotherPeer() {
        var bench = SyncBench { $0.hedgeDelay = .seconds(3600) }
        bench.ready(1, 200)
        bench.ready(2, 150)
        #expect(bench.run(for: Self.overdue - 1) == [.progress(SyncProgress(height: 0, target: 150, blocksPerSecond: 0, remaining: nil))])
        #expect(bench.run(for: 1) == [.fault(id(1), .slow(range(1, 100))), ask(2, 1, 100), ask(2, 101, 150)])
    }

    @Test func aLateAnswerIsIgnoredWithoutReproach() {
        var bench = SyncBench { $0.hedgeDelay = .seconds(3600) }
        bench.ready(1, 100)
        bench.ready(2, 100)
        _ = bench.run(for: Self.overdue)
        #expect(bench.answer(2) == [prepare(1, 2, 1, 100)])
        #expect(bench.answer(1) == [])
        #expect(bench.prepared(1, 100) == [.apply(ticket(1))])
    }

    @Test func theFirstAnswerOfTwoIsTaken() {
        var bench = SyncBench { $0.hedgeDelay = .seconds(3600) }
        bench.ready(1, 100)
        bench.ready(2, 100)
        _ = bench.run(for: Self.overdue)
        #expect(bench.answer(1) == [prepare(1, 1, 1, 100)])
        #expect(bench.answer(2) == [])
    }

    @Test func aLonePeerThatIsLateIsWaitedFor() {
        var bench = SyncBench()
        bench.ready(1, 200)
        #expect(bench.run(for: .seconds(40)).contains(.fault(id(1), .slow(range(1, 100)))))
        #expect(bench.answer(1) == [prepare(1, 1, 1, 100)])
        // Its second request counts again.
        #expect(bench.sync.status.peers[0].isUsed)
        #expect(bench.answer(1) == [prepare(2, 1, 101, 200)])
    }

    @Test func whatALatePeerStillOwesIsItsOwnAgainOnceItAnswers() {
        var bench = SyncBench()
        bench.ready(1, 300)
        _ = bench.run(for: .seconds(20))
        #expect(bench.answer(1) == [prepare(1, 1, 1, 100), ask(1, 201, 300)])
        // Nothing is left for another, the second range of peer 1 in particular.
        #expect(bench.ready(2, 300) == [])
    }

    @Test func aPeerThatNeverAnswersIsGivenUpAfterAMinute() {
        var bench = SyncBench()
        bench.ready(1, 100)
        #expect(!bench.run(for: .seconds(60) - 1).contains(.fault(id(1), .stalled(range(1, 100)))))
        #expect(bench.run(for: 1).contains(.fault(id(1), .stalled(range(1, 100)))))
        #expect(bench.ready(2, 100) == [ask(2, 1, 100)])
    }

    @Test func bytesThatComeProlongTheWait() {
        var bench = SyncBench()
        bench.ready(1, 100)
        var effects: [SyncEffect] = []
        for _ in 0..<10 {
            effects += bench.run(for: .seconds(4))
            bench.bytes(1, 2_000_000)
        }
        #expect(!effects.contains(.fault(id(1), .slow(range(1, 100)))))
        // 20 MB earn 76 s more; then even a drip does not help.
        for _ in 0..<30 {
            effects += bench.run(for: .seconds(4))
            bench.bytes(1, 1)
        }
        #expect(effects.contains(.fault(id(1), .stalled(range(1, 100)))))
    }

    @Test func theRangeThatEverythingWaitsForIsAskedForTwice() {
        var bench = SyncBench()
        bench.ready(1, 200)
        bench.ready(2, 200)
        bench.pass(.milliseconds(100))
        // Peer 2 has nothing to do, and no peer has been measured: two seconds.
        #expect(bench.run(for: .milliseconds(1899)) == [])
        #expect(bench.run(for: .milliseconds(1)) == [ask(2, 1, 100)])
        #expect(bench.answer(2) == [prepare(1, 2, 1, 100)])
        // Peer 1 keeps its second range and its good name.
        #expect(bench.answer(1) == [])
        #expect(bench.answer(1) == [prepare(2, 1, 101, 200)])
    }

    @Test func eachFurtherPeerIsAskedAfterTwiceTheTime() {
        var bench = SyncBench { $0.progressInterval = .seconds(3600) }
        for peer in 1...5 { bench.ready(peer, 100) }
        #expect(bench.run(for: .seconds(2)) == [ask(2, 1, 100)])
        #expect(bench.run(for: .seconds(4) - 1) == [])
        #expect(bench.run(for: 1) == [ask(3, 1, 100)])
    }

    @Test func aRangeThatWasLostGoesToTheFastestPeer() {
        var bench = SyncBench { $0.windowRanges = 3 }
        bench.ready(1, 10_000)
        bench.pass(.milliseconds(200))
        bench.deliver(1, ticket: 1, count: 100, to: 100)
        bench.ready(2, 10_000)
        bench.pass(.milliseconds(10))
        bench.answer(2)
        bench.prepared(2, 100)
        bench.ready(3, 10_000)
        // Peer 3 would be next by its share, peer 2 is the fastest.
        bench.answer(1)
        #expect(bench.malformed(3).contains(ask(2, 101, 200)))
    }

    @Test func theClockOfARequestStartsWhenTheOneBeforeItIsAnswered() {
        var bench = SyncBench()
        bench.ready(1, 200)
        bench.pass(.seconds(8))
        bench.answer(1)
        #expect(!bench.run(for: .seconds(8)).contains(.fault(id(1), .slow(range(101, 200)))))
    }

    @Test func aSlowPeerIsAskedLessAfterwards() {
        var bench = SyncBench { $0.hedgeDelay = .seconds(3600) }
        bench.ready(1, 100_000)
        bench.pass(.milliseconds(100))
        bench.answer(1)
        bench.prepared(1, 100)
        let before = bench.sync.status.peers[0].blocksPerSecond
        #expect(before == 1000)
        _ = bench.run(for: .seconds(10))
        #expect(bench.sync.status.peers[0].blocksPerSecond == 500)
    }

    // MARK: Leaving

    @Test func whenAllPeersAreGoneTheNodeWaitsAndResumes() {
        var bench = SyncBench()
        bench.ready(1, 500)
        bench.answer(1)
        bench.prepared(1, 100)
        #expect(bench.gone(1) == [])
        #expect(bench.sync.isSyncing)
        #expect(bench.applied(1, 100) == [])
        #expect(bench.sync.target == 500)
        #expect(bench.ready(2, 600) == [ask(2, 101, 200), ask(2, 201, 300)])
        #expect(bench.sync.target == 600)
    }

    @Test func whatAPeerThatLeftOwedGoesToTheOthers() {
        var bench = SyncBench { $0.requestsPerPeer = 4 }
        bench.ready(1, 400)
        bench.ready(2, 400)
        #expect(bench.gone(1) == [ask(2, 1, 100), ask(2, 101, 200), ask(2, 201, 300), ask(2, 301, 400)])
    }

    // MARK: The log

    @Test func progressIsReportedEveryFiveSeconds() {
        var bench = SyncBench()
        bench.ready(1, 1000)
        for number in 1...5 as ClosedRange<UInt64> {
            bench.pass(.seconds(1))
            bench.deliver(1, ticket: number, count: 100, to: number * 100)
        }
        #expect(
            bench.tick() == [
                .progress(SyncProgress(height: 500, target: 1000, blocksPerSecond: 100, remaining: .seconds(5)))
            ])
        #expect(bench.tick(after: .seconds(4)) == [])
        #expect(
            bench.tick(after: .seconds(1)) == [
                .progress(SyncProgress(height: 500, target: 1000, blocksPerSecond: 100 - 100.0 / 3, remaining: 7_500_000_000))
            ])
    }

    @Test func nothingIsReportedOutsideASync() {
        var bench = SyncBench()
        bench.ready(1, 10)
        #expect(bench.run(for: .seconds(4)).isEmpty)
        bench.deliver(1, ticket: 1, count: 10, to: 10)
        #expect(bench.run(for: .seconds(60)) == [])
    }
}
