import Network
import Primitives
import Sync
import Testing

/// What is asked for, from whom, and how much at once.
@Suite struct RequestTests {
    @Test func aLongGapIsAskedForInRangesOfAHundredTwoInFlight() {
        var bench = SyncBench()
        #expect(bench.ready(1, 1000) == [.started(target: 1000), ask(1, 1, 100), ask(1, 101, 200)])
    }

    @Test func aGapOfOneIsFilledWithASingleHeight() {
        var bench = SyncBench(height: 41)
        #expect(bench.ready(1, 42) == [.request(id(1), HeightRange(42), single: true)])
        #expect(!bench.sync.isSyncing)
    }

    @Test(arguments: [2, 7, 10] as [UInt64])
    func aSmallGapIsOneRequestAndNoSync(_ gap: UInt64) {
        var bench = SyncBench(height: 500)
        #expect(bench.ready(1, 500 + gap) == [ask(1, 501, 500 + gap)])
        #expect(!bench.sync.isSyncing)
    }

    @Test func aGapOfElevenIsASync() {
        var bench = SyncBench(height: 500)
        #expect(bench.ready(1, 511) == [.started(target: 511), ask(1, 501, 511)])
    }

    @Test func peersAtOurHeightAreAskedNothing() {
        var bench = SyncBench(height: 500)
        #expect(bench.ready(1, 500) == [])
        #expect(bench.ready(2, 3) == [])
        #expect(bench.sync.nextDeadline == nil)
    }

    @Test func theWindowIsSpreadOverThePeers() {
        var bench = SyncBench()
        bench.ready(1, 10_000)
        #expect(bench.ready(2, 10_000) == [ask(2, 201, 300), ask(2, 301, 400)])
        #expect(bench.ready(3, 10_000) == [ask(3, 401, 500), ask(3, 501, 600)])
        #expect(bench.ready(4, 10_000) == [ask(4, 601, 700), ask(4, 701, 800)])
        #expect(bench.ready(5, 10_000) == [])
        #expect(bench.sync.status.requestsInFlight == 8)
    }

    @Test func aPeerIsAskedOnlyForWhatItClaims() {
        var bench = SyncBench()
        bench.ready(1, 150)
        #expect(bench.ready(2, 1000) == [ask(2, 151, 250), ask(2, 251, 350)])
    }

    @Test func aShorterPeerGetsTheLowerPartOfARangeThatComesBack() {
        var bench = SyncBench()
        bench.ready(1, 250)
        #expect(bench.ready(2, 150) == [])
        // Peer 2 has no more than half of the second range; the rest is asked for when that has come.
        #expect(bench.gone(1) == [ask(2, 1, 100), ask(2, 101, 150)])
    }

    @Test func theNextRangeIsAskedForWhenAnAnswerComes() {
        var bench = SyncBench()
        bench.ready(1, 1000)
        #expect(bench.answer(1) == [prepare(1, 1, 1, 100), ask(1, 201, 300)])
    }

    @Test func twoRequestsStayInFlightUntilTheEnd() {
        var bench = SyncBench()
        bench.ready(1, 5000)
        for range in 0..<50 as Range<UInt64> {
            let left = 50 - Int(range)
            #expect(bench.sync.status.requestsInFlight == min(2, left))
            bench.pass(.milliseconds(50))
            bench.answer(1)
            #expect(bench.sync.status.requestsInFlight == min(2, left - 1))
            bench.prepared(range + 1, 100)
            bench.applied(range + 1, range * 100 + 100)
        }
        #expect(bench.sync.height == 5000)
        #expect(!bench.sync.isSyncing)
    }

    @Test func equalPeersGetEqualParts() {
        var bench = SyncBench { $0.windowRanges = 2 }
        for peer in 1...4 { bench.ready(peer, 40_000) }
        let counts = Self.deliverAll(&bench, ranges: 400, peers: 4) { _ in .milliseconds(20) }
        #expect(counts.allSatisfy { (90...110).contains($0) }, "\(counts)")
    }

    @Test func aFasterPeerGetsMoreInProportion() {
        var bench = SyncBench { $0.windowRanges = 2 }
        for peer in 1...2 { bench.ready(peer, 40_000) }
        let counts = Self.deliverAll(&bench, ranges: 400, peers: 2) { $0 == 1 ? .milliseconds(10) : .milliseconds(40) }
        // Four to one.
        #expect((300...340).contains(counts[0]), "\(counts)")
    }

    /// Answers always the lowest outstanding range, after the time that its peer takes. Returns the ranges per peer.
    static func deliverAll(_ bench: inout SyncBench, ranges: Int, peers: Int, _ time: (Int) -> Nanoseconds) -> [Int] {
        var counts = [Int](repeating: 0, count: peers)
        var number: UInt64 = 0
        var queue: [(peer: Int, range: HeightRange)] = []
        func note(_ effects: [SyncEffect]) {
            for case .request(let peer, let range, _) in effects { queue.append((Int(peer.slot), range)) }
        }
        note([ask(1, 1, 100), ask(1, 101, 200)])
        while number < UInt64(ranges), !queue.isEmpty {
            let next = queue.removeFirst()
            counts[next.peer - 1] += 1
            number += 1
            bench.pass(time(next.peer))
            note(bench.answer(next.peer))
            note(bench.prepared(number, next.range.count))
            note(bench.applied(number, next.range.last))
        }
        #expect(bench.sync.height == UInt64(ranges) * 100)
        return counts
    }

    @Test func largeBlocksAreAskedForInShorterRanges() {
        var bench = SyncBench()
        var queue: [HeightRange] = []
        var asked: [Int] = []
        var ends: [UInt64: UInt64] = [:]
        func note(_ effects: [SyncEffect]) {
            for case .request(_, let range, _) in effects {
                queue.append(range)
                asked.append(range.count)
            }
        }
        note(bench.ready(1, 100_000))
        // Blocks of 400 KB, of which 18 fit under the cap.
        for number in 1...40 as ClosedRange<UInt64> {
            let range = queue.removeFirst()
            let count = min(range.count, 18)
            let effects = bench.answer(1, bytes: count * 400_000)
            #expect(effects.first == prepare(number, 1, range.first, range.last, bytes: count * 400_000))
            note(effects)
            ends[number] = range.first + UInt64(count - 1)
            var outcomes = bench.prepared(number, count)
            while !outcomes.isEmpty {
                let outcome = outcomes.removeFirst()
                note([outcome])
                guard case .apply(let ticket) = outcome else { continue }
                outcomes += bench.applied(ticket.rawValue, ends[ticket.rawValue, default: 0])
            }
        }
        #expect(asked.first == 100)
        // 4 MiB are ten of them.
        #expect(asked.count > 20)
        #expect(asked.dropFirst(10).max() == 10, "\(asked)")
    }

    @Test func theStoreIsBoundedWhileTheWorkerIsSlow() {
        var bench = SyncBench()
        for peer in 1...4 { bench.ready(peer, 100_000) }
        var answers = 0
        for round in 0..<100 {
            for peer in 1...4 where bench.sync.status.peers[peer - 1].requestsInFlight > 0 {
                answers += 1
                bench.answer(peer, bytes: 1_400_000)
            }
            if round > 50 { #expect(bench.sync.status.requestsInFlight == 0) }
        }
        #expect(answers <= 16)
        #expect(bench.sync.status.bytesHeld <= 24 * 1024 * 1024)
    }

    @Test func aHeightNearTheEndOfTheNumbersOverflowsNothing() {
        var bench = SyncBench(height: .max - 1)
        #expect(bench.ready(1, .max) == [.request(id(1), HeightRange(.max), single: true)])
        bench.answer(1)
        bench.prepared(1, 1)
        #expect(bench.applied(1, .max) == [])
    }
}
