import Chain
import Ledger
import Network
import Peering
import Primitives
import Testing
import Wire

@testable import ProtocolCore

/// What the core counts, as values.
@Suite struct CounterTests {
    private typealias Harness = LinkTests.Harness

    // MARK: Histograms

    @Test func aTimeOnABoundBelongsBelowIt() {
        var histogram = Histogram([10, 20])
        for time in [0, 10, 11, 20, 21, 1000] as [Nanoseconds] { histogram.observe(time) }
        #expect(histogram.counts == [2, 2, 2])
        #expect(histogram.count == 6 && histogram.sum == 1062)
    }

    @Test func aTimeBelowZeroIsZero() {
        var histogram = Histogram([10])
        histogram.observe(-5)
        histogram.observe(.min)
        #expect(histogram.counts == [2, 0] && histogram.sum == 0)
    }

    @Test(arguments: [Histogram.workBounds, Histogram.propagationBounds, Histogram.lagBounds])
    func boundsAscend(_ bounds: [Nanoseconds]) {
        #expect(zip(bounds, bounds.dropFirst()).allSatisfy { $0 < $1 })
        #expect(bounds.count <= 14)
    }

    // MARK: Traffic

    @Test func messagesAreCountedByTypeAndByPeer() {
        let harness = Harness()
        // Its handshake.
        let before = harness.core.traffic(of: harness.peer)!
        #expect(before.messagesIn == 1 && before.bytesIn == 100)
        _ = harness.send(.ping(Ping(nonce: 5, height: 10)))
        harness.core.received(ReceivedMessage(.unknown(77), byteCount: 50), from: harness.peer, at: harness.now, into: &harness.effects)

        let after = harness.core.traffic(of: harness.peer)!
        #expect(after.messagesIn - before.messagesIn == 2 && after.bytesIn - before.bytesIn == 150)
        #expect(harness.core.counters.received[.ping].messages == 1 && harness.core.counters.received[.ping].bytes == 100)
        #expect(harness.core.counters.received[nil].messages == 1 && harness.core.counters.received[nil].bytes == 50)
    }

    @Test func aMessageCountsForEachOfItsReceivers() {
        let harness = Harness()
        let other = PeerID(slot: 2, generation: 2)
        harness.connect(other, nonce: 3)
        let before = harness.core.traffic(of: harness.peer)!
        harness.core.sent(.block, byteCount: 1000, to: [harness.peer, other])
        for id in [harness.peer, other] {
            let after = harness.core.traffic(of: id)!
            #expect(after.bytesOut - before.bytesOut == 1000 && after.messagesOut - before.messagesOut == 1)
        }
        #expect(harness.core.counters.sent[.block].bytes == 2000 && harness.core.counters.sent[.block].messages == 2)
    }

    // MARK: Connections

    @Test func anEndCountsOnceAsADisconnectOrAsARejection() {
        let harness = Harness()
        harness.core.closed(harness.peer, .closedByPeer, at: harness.now, into: &harness.effects)
        #expect(harness.core.counters.disconnects[.closedByPeer] == 1 && harness.core.counters.disconnects.total == 1)
        #expect(harness.core.counters.rejections.total == 0)

        // One that says nothing until its time is over, one that hangs up, one that speaks before its handshake.
        for number in 2...4 {
            let id = PeerID(slot: UInt16(number), generation: UInt32(number))
            harness.core.accepted(id, from: Endpoint("127.0.0.1:\(40_000 + number)")!, at: harness.now, into: &harness.effects)
        }
        harness.core.closed(PeerID(slot: 2, generation: 2), .connectionLost, at: harness.now, into: &harness.effects)
        _ = harness.send(.ping(Ping(nonce: 0, height: 0)), from: PeerID(slot: 3, generation: 3))
        for _ in 0..<11 {
            harness.time += .seconds(1)
            harness.core.tick(at: harness.now, into: &harness.effects)
        }
        #expect(harness.core.counters.rejections[.connectionLost] == 1)
        #expect(harness.core.counters.rejections[.handshakeExpected] == 1)
        #expect(harness.core.counters.rejections[.handshakeTimeout] == 1)
        #expect(harness.core.counters.rejections.total == 3)
        #expect(harness.core.counters.disconnects.total == 1)
    }

    @Test func theTimeWithoutTokensIsCountedWhileItLastsAndAfterwards() {
        let harness = Harness()
        var sent = 0
        while harness.send(.ping(Ping(nonce: 1, height: 0))) { sent += 1 }
        #expect(sent < 100 && harness.core.throttledTime(at: harness.now) == 0)
        // Ten tokens are back after a tenth of a second, and the peer is read again.
        harness.time += .milliseconds(40)
        #expect(harness.core.throttledTime(at: harness.now) == .milliseconds(40))
        harness.effects = []
        harness.time += .seconds(2)
        harness.core.tick(at: harness.now, into: &harness.effects)
        #expect(harness.isResumed())
        let total = harness.core.throttledTime(at: harness.now)
        #expect((Nanoseconds.milliseconds(90)...Nanoseconds.milliseconds(120)).contains(total), "not the time until the tick came")
        harness.time += .seconds(2)
        #expect(harness.core.throttledTime(at: harness.now) == total)
    }

    // MARK: Blocks

    @Test func theAgeOfAHeadIsBoundedForAnyTimestamp() {
        let now = Moment(uptime: 0, unixMilliseconds: 1_704_556_801_500)
        func age(_ timestamp: Int64) -> Nanoseconds { Head(height: 1, hash: Hash32(), timestamp: timestamp).age(at: now) }
        #expect(age(1_704_556_800) == .milliseconds(1500))
        #expect(age(1_704_556_803) == .milliseconds(-1500))
        for extreme in [Int64.min, .max, 0] { _ = age(extreme) }
    }

    @Test func aBlockNetworkCountsWhatItMadeAndHeard() throws {
        let world = try World(seed: 3, producers: 1)
        let producer = try world.addProducer(0, bootstrap: [])
        let listener = try world.addFull(bootstrap: [producer.endpoint])
        world.startAll()
        world.network.run(for: .seconds(30))
        let (made, heard) = (producer.core.counters, listener.core.counters)
        #expect(made.blocksProduced >= 20 && made.propagation.count == 0)
        #expect(heard.blocksProduced == 0)
        #expect(heard.propagation.count >= 15, "blocks came one by one")
        #expect(heard.received[.block].messages >= heard.propagation.count)
        #expect(heard.propagation.sum / heard.propagation.count < 3_000_000_000)
    }
}
