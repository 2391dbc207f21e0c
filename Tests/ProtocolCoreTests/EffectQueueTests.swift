import Testing

@testable import ProtocolCore

@Suite struct EffectQueueTests {
    @Test func whatFollowsFromAnEffectWaitsForTheNextRound() {
        var queue = EffectQueue<Int>()
        queue.waiting.append(1)
        var batch = queue.take()
        queue.waiting.append(2)
        #expect(batch == [1] && queue.waiting == [2])
        queue.giveBack(&batch)
        #expect(queue.take() == [2] && queue.isEmpty)
    }

    @Test func bothListsKeepTheirStorage() {
        var queue = EffectQueue<Int>()
        for round in 0..<4 {
            queue.waiting.append(contentsOf: 0..<100)
            var batch = queue.take()
            // From the third round on both lists have been used.
            if round > 1 { #expect(queue.waiting.capacity >= 100) }
            #expect(batch.capacity >= 100)
            queue.giveBack(&batch)
        }
    }
}
