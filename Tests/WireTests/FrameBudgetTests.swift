import Network
import Primitives
import Testing

@testable import Wire

@Suite struct FrameBudgetTests {
    static let large = 1_000_000

    @Test func smallFramesNeedNoReservation() {
        var harness = DecoderHarness()
        harness.feed(prefix(UInt32(NetworkLimits.freeFrameBytes)) + [0])
        #expect(harness.end == "needMore")
        #expect(harness.budget.reserved == 0)
        harness = DecoderHarness()
        harness.feed(prefix(UInt32(NetworkLimits.freeFrameBytes + 1)) + [0])
        #expect(harness.budget.reserved == NetworkLimits.freeFrameBytes + 1)
    }

    @Test func theBudgetHoldsAtLeastOneGreatestFrame() {
        #expect(FrameBudget(limit: 5, maxFrameBytes: 1000).limit == 1000)
        #expect(FrameBudget().limit == 64 * 1024 * 1024)
    }

    @Test func aRefusedFrameWaitsWithItsBytesAndGoesOn() {
        var first = DecoderHarness()
        first.budget = FrameBudget(limit: Self.large, maxFrameBytes: Self.large)
        first.feed(prefix(UInt32(Self.large)) + [1])
        var second = DecoderHarness()
        second.budget = first.budget
        second.feed(frame(of: 3) + prefix(UInt32(Self.large)) + [9, 9])
        #expect(second.end == "waiting")
        #expect(second.frames.count == 1)
        #expect(second.decoder.waitingByteCount == Self.large)
        #expect(second.decoder.keptByteCount == 2)
        #expect(!second.budget.canReserve(Self.large))

        second.resume()
        #expect(second.end == "waiting")
        #expect(second.decoder.keptByteCount == 2)

        first.decoder.discard(budget: &second.budget)
        #expect(second.budget.reserved == 0)
        second.resume()
        #expect(second.end == "needMore")
        second.feed([UInt8](repeating: 9, count: Self.large - 2) + frame(of: 4))
        #expect(second.frames.map(\.count) == [3, Self.large, 4])
        #expect(second.frames[1].allSatisfy { $0 == 9 })
        #expect(second.budget.reserved == 0)
    }

    @Test func theBudgetIsNeverExceededAndAlwaysReturned() {
        var random = randomRun("budget")
        var budget = FrameBudget(limit: 3 * Self.large, maxFrameBytes: Self.large)
        var connections = (0..<12).map { _ in Connection() }
        var waiting: [Int] = []
        for _ in 0..<4000 {
            let index = random.below(connections.count)
            if random.below(200) == 0 {
                connections[index].harness.decoder.discard(budget: &budget)
                connections[index] = Connection()
                waiting.removeAll { $0 == index }
            } else if !waiting.contains(index) {
                connections[index].send(&random, budget: &budget)
                if connections[index].harness.end == "waiting" { waiting.append(index) }
            }
            while let next = waiting.first, let bytes = connections[next].harness.decoder.waitingByteCount, budget.canReserve(bytes) {
                waiting.removeFirst()
                connections[next].resume(budget: &budget)
                #expect(connections[next].harness.end != "waiting")
            }
            #expect(budget.reserved <= budget.limit && budget.reserved >= 0)
        }
        #expect(budget.refusals > 0)
        #expect(budget.peak > 2 * Self.large)
        for index in connections.indices { connections[index].harness.decoder.discard(budget: &budget) }
        #expect(budget.reserved == 0)
    }

    /// A peer that sends frames of any length in reads of any length.
    struct Connection {
        var harness = DecoderHarness()
        var missing = 0

        mutating func send(_ random: inout SplitMix64, budget: inout FrameBudget) {
            var read: [UInt8] = []
            if missing == 0 {
                missing = 1 + random.below(FrameBudgetTests.large)
                read = prefix(UInt32(missing))
            }
            let count = min(missing, 1 + random.below(200_000))
            read += [UInt8](repeating: 1, count: count)
            missing -= count
            exchange(&budget) { $0.feed(read) }
        }

        mutating func resume(budget: inout FrameBudget) {
            exchange(&budget) { $0.resume() }
        }

        private mutating func exchange(_ budget: inout FrameBudget, _ body: (inout DecoderHarness) -> Void) {
            harness.budget = budget
            body(&harness)
            budget = harness.budget
            harness.frames = []
        }
    }
}

@Suite struct FrameDeadlineTests {
    static let grace = NetworkLimits.frameGrace

    @Test func betweenFramesThereIsNoDeadline() {
        var harness = DecoderHarness()
        #expect(harness.decoder.frameDeadline == nil)
        harness.feed(frame(of: 3), now: 5)
        #expect(harness.decoder.midFrameSince == nil)
        #expect(harness.decoder.overdue(at: .max) == nil)
    }

    @Test func halfAFrameIsOverdueAfterItsAllowance() {
        var harness = DecoderHarness()
        harness.feed(prefix(100) + [1, 2, 3], now: 5)
        harness.feed([4], now: 1000)
        #expect(harness.decoder.midFrameSince == 5)
        let deadline = 5 + NetworkLimits.frameAllowance(byteCount: 100)
        #expect(harness.decoder.frameDeadline == deadline)
        #expect(harness.decoder.overdue(at: deadline - 1) == nil)
        #expect(harness.decoder.overdue(at: deadline) == .frameTooSlow(received: 4, byteCount: 100))
    }

    @Test func halfAPrefixIsOverdueToo() {
        var harness = DecoderHarness()
        harness.feed([0], now: 7)
        harness.feed([0, 0], now: 9)
        #expect(harness.decoder.frameDeadline == 7 + Self.grace)
        #expect(harness.decoder.overdue(at: 7 + Self.grace) == .frameTooSlow(received: 3, byteCount: 4))
        harness.feed([1, 5], now: 11)
        #expect(harness.frames == [[5]])
        #expect(harness.decoder.frameDeadline == nil)
    }

    @Test func theGreatestFrameHasUnderAMinute() {
        let allowance = NetworkLimits.frameAllowance(byteCount: NetworkLimits.maxFrameBytes)
        #expect(allowance == .seconds(50))
        #expect(NetworkLimits.frameAllowance(byteCount: 0) == .seconds(10))
    }

    @Test func waitingForTheBudgetIsNotThePeersFault() {
        var harness = DecoderHarness()
        harness.budget = FrameBudget(limit: 100_000, maxFrameBytes: 100_000)
        var other = DecoderHarness()
        other.budget = harness.budget
        other.feed(prefix(100_000), now: 0)
        harness.budget = other.budget
        harness.feed(prefix(90_000) + [1], now: 3)
        #expect(harness.decoder.frameDeadline == nil)
        other.decoder.discard(budget: &harness.budget)
        harness.resume(now: 1_000_000)
        #expect(harness.decoder.midFrameSince == 1_000_000)
    }

    @Test func aPauseOfOursMovesTheDeadline() {
        var harness = DecoderHarness()
        harness.feed([0], now: 7)
        harness.decoder.extendFrameClock(by: 93)
        #expect(harness.decoder.frameDeadline == 100 + Self.grace)
    }
}
