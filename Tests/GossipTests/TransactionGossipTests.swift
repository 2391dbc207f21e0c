import Gossip
import Primitives
import Testing

/// Transaction gossip whose calls return their effects.
struct TransactionBench {
    var gossip: TransactionGossip

    init(_ change: (inout TransactionGossipConfiguration) -> Void = { _ in }) {
        var configuration = TransactionGossipConfiguration()
        change(&configuration)
        gossip = TransactionGossip(configuration: configuration)
    }

    private mutating func call(
        _ time: Int64, _ body: (inout TransactionGossip, Moment, inout [TransactionGossipEffect]) -> Void
    ) -> [TransactionGossipEffect] {
        var effects: [TransactionGossipEffect] = []
        body(&gossip, at(time), &effects)
        #expect(gossip.checkInvariants() == [])
        return effects
    }

    @discardableResult
    mutating func ready(_ peer: Int, batches: Bool, pending: [GossipTransaction] = [], _ time: Int64 = 0) -> [TransactionGossipEffect] {
        call(time) { $0.peerReady(id(peer), acceptsBatches: batches, pending: pending, at: $1, into: &$2) }
    }
    @discardableResult mutating func accept(_ number: Int, size: Int = 300, _ time: Int64 = 0) -> [TransactionGossipEffect] {
        call(time) { $0.transactionAccepted(transaction(number, size: size), at: $1, into: &$2) }
    }
    @discardableResult mutating func writable(_ peer: Int, _ isWritable: Bool, _ time: Int64 = 0) -> [TransactionGossipEffect] {
        call(time) { $0.peerWritable(id(peer), isWritable, at: $1, into: &$2) }
    }
    @discardableResult mutating func tick(_ time: Int64) -> [TransactionGossipEffect] {
        call(time) { $0.tick(at: $1, into: &$2) }
    }
    mutating func arrive(_ number: Int, from peer: Int, _ time: Int64 = 0) -> TransactionArrival {
        gossip.transactionArrived(hash(number), from: id(peer), at: at(time))
    }
    /// The next deadline in the milliseconds of `at`.
    var deadline: Int64? { gossip.nextDeadline.map { ($0 - at(0).uptime + 999_999) / 1_000_000 } }
}

@Suite struct TransactionGossipTests {
    // MARK: Arrivals

    @Test func aTransactionIsCheckedOnce() {
        var bench = TransactionBench()
        #expect(bench.arrive(1, from: 1) == .check)
        #expect(bench.arrive(1, from: 1) == .duplicate)
        #expect(bench.arrive(1, from: 2) == .duplicate)
    }

    @Test func aRejectionForGoodIsRemembered() {
        var bench = TransactionBench()
        _ = bench.arrive(1, from: 1)
        bench.gossip.transactionRejected(hash(1), mayChange: false)
        #expect(bench.arrive(1, from: 2, 599_000) == .duplicate)
        #expect(bench.arrive(1, from: 2, 2_400_000) == .check)
    }

    @Test func aRejectionThatMayPassIsForgotten() {
        var bench = TransactionBench()
        _ = bench.arrive(1, from: 1)
        bench.gossip.transactionRejected(hash(1), mayChange: true)
        #expect(bench.arrive(1, from: 2) == .check)
    }

    // MARK: Relaying

    @Test func anAcceptedTransactionGoesToAllButTheSender() {
        var bench = TransactionBench()
        for peer in 1...3 { bench.ready(peer, batches: peer == 3) }
        _ = bench.arrive(1, from: 2)
        #expect(bench.accept(1) == [.transaction(transaction(1), to: [id(1), id(3)])])
        #expect(bench.gossip.nextDeadline == nil)
    }

    @Test func theFirstGoesAtOnceAndTheFollowingGather() {
        var bench = TransactionBench()
        bench.ready(1, batches: true)
        bench.ready(2, batches: true)
        #expect(bench.accept(1, 0) == [.transaction(transaction(1), to: [id(1), id(2)])])
        #expect(bench.accept(2, 5) == [])
        #expect(bench.accept(3, 10) == [])
        #expect(bench.deadline == 20)
        #expect(bench.tick(19) == [])
        #expect(bench.tick(20) == [.batch([transaction(2), transaction(3)], to: [id(1), id(2)])])
        #expect(bench.gossip.nextDeadline == nil)
    }

    @Test func peersWithoutBatchesGetSinglesAtOnce() {
        var bench = TransactionBench()
        bench.ready(1, batches: false)
        bench.ready(2, batches: true)
        bench.accept(1, 0)
        #expect(bench.accept(2, 1) == [.transaction(transaction(2), to: [id(1)])])
        #expect(bench.accept(3, 2) == [.transaction(transaction(3), to: [id(1)])])
        #expect(bench.tick(20) == [.batch([transaction(2), transaction(3)], to: [id(2)])])
    }

    @Test func aFullBatchDoesNotWait() {
        var bench = TransactionBench { $0.batchCount = 3 }
        bench.ready(1, batches: true)
        bench.accept(1, 0)
        bench.accept(2, 1)
        bench.accept(3, 1)
        #expect(bench.accept(4, 1) == [.batch([transaction(2), transaction(3), transaction(4)], to: [id(1)])])
    }

    @Test func aBatchIsBoundedInBytesAndALargeTransactionGoesAlone() {
        var bench = TransactionBench { $0.batchBytes = 1000 }
        bench.ready(1, batches: true)
        bench.writable(1, false)
        for (number, size) in [(1, 400), (2, 400), (3, 400), (4, 5000), (5, 10)] { bench.accept(number, size: size) }
        #expect(
            bench.writable(1, true) == [
                .batch([transaction(1, size: 400), transaction(2, size: 400)], to: [id(1)]),
                .transaction(transaction(3, size: 400), to: [id(1)]),
                .transaction(transaction(4, size: 5000), to: [id(1)]),
                .transaction(transaction(5, size: 10), to: [id(1)]),
            ])
    }

    @Test func whatThePeerSendsWhileItWaitsIsLeftOut() {
        var bench = TransactionBench()
        bench.ready(1, batches: true)
        bench.accept(1, 0)
        for number in 2...4 { bench.accept(number, 5) }
        #expect(bench.arrive(3, from: 1, 10) == .duplicate)
        #expect(bench.tick(20) == [.batch([transaction(2), transaction(4)], to: [id(1)])])
    }

    @Test func nothingIsSentWhereAllThatWaitsIsKnown() {
        var bench = TransactionBench()
        bench.ready(1, batches: true)
        bench.accept(1, 0)
        bench.accept(2, 5)
        _ = bench.arrive(2, from: 1, 10)
        #expect(bench.tick(20) == [])
        #expect(bench.gossip.nextDeadline == nil)
    }

    @Test func receiversShareAnEffectUnlessThatWouldTurnTheOrderOfOne() {
        var bench = TransactionBench()
        for peer in 1...3 {
            bench.ready(peer, batches: false)
            bench.gossip.messageSent(to: id(peer), count: 100, at: at(0))
        }
        _ = bench.arrive(3, from: 1)
        for number in [3, 1, 2] { #expect(bench.accept(number) == []) }
        // Peer 1 has number 3; the others get it before 1 and 2, though those have effects already.
        #expect(
            bench.tick(5000) == [
                .transaction(transaction(1), to: [id(1)]), .transaction(transaction(2), to: [id(1)]),
                .transaction(transaction(3), to: [id(2), id(3)]), .transaction(transaction(1), to: [id(2), id(3)]),
                .transaction(transaction(2), to: [id(2), id(3)]),
            ])
    }

    // MARK: Bounds

    @Test func singlesKeepWithinTheRateAndLeaveTheReserve() {
        var bench = TransactionBench()
        bench.ready(1, batches: false)
        var sent = 0
        for number in 0..<500 { sent += bench.accept(number, 0).count }
        #expect(sent == 80)
        for time in 1...1000 as ClosedRange<Int64> { sent += bench.tick(time).count }
        #expect(sent == 180)
        #expect(bench.gossip.queuedCount == 320)
        #expect(bench.deadline == 1010)
    }

    @Test func batchesCarryMoreThanTheRate() {
        var bench = TransactionBench()
        bench.ready(1, batches: true)
        var (messages, transactions) = (0, 0)
        func count(_ effects: [TransactionGossipEffect]) {
            for effect in effects {
                messages += 1
                if case .batch(let batch, _) = effect { transactions += batch.count } else { transactions += 1 }
            }
        }
        // A thousand a second for a second.
        for time in 0..<1000 as Range<Int64> {
            count(bench.tick(time))
            count(bench.accept(Int(time), time))
        }
        count(bench.tick(1100))
        #expect(transactions == 1000)
        #expect(messages <= 52)
    }

    @Test func otherMessagesTakeTheirPartOfTheRate() {
        var bench = TransactionBench()
        bench.ready(1, batches: false)
        bench.gossip.messageSent(to: id(1), count: 75, at: at(0))
        var sent = 0
        for number in 0..<50 { sent += bench.accept(number, 0).count }
        #expect(sent == 5)
        // 30 messages that did not ask are paid before anything else goes, and the reserve fills up first.
        bench.gossip.messageSent(to: id(1), count: 30, at: at(0))
        #expect(bench.tick(300) == [])
        #expect(bench.tick(310).count == 1)
    }

    @Test func aFullQueueRefusesTheNewest() {
        var bench = TransactionBench { $0.queuedTransactionsPerPeer = 3 }
        bench.ready(1, batches: true)
        bench.writable(1, false)
        for number in 1...5 { bench.accept(number) }
        #expect(bench.writable(1, true) == [.batch([transaction(1), transaction(2), transaction(3)], to: [id(1)])])
    }

    @Test func aQueueIsBoundedInBytes() {
        var bench = TransactionBench { $0.queuedBytesPerPeer = 1000 }
        bench.ready(1, batches: true)
        bench.writable(1, false)
        // Alone even what is larger has room.
        bench.accept(1, size: 2000)
        bench.accept(2, size: 1)
        #expect(bench.writable(1, true) == [.transaction(transaction(1, size: 2000), to: [id(1)])])
    }

    @Test func aFullSocketHoldsOnlyItsOwnPeerUp() {
        var bench = TransactionBench()
        bench.ready(1, batches: false)
        bench.ready(2, batches: false)
        bench.writable(1, false)
        #expect(bench.accept(1) == [.transaction(transaction(1), to: [id(2)])])
        #expect(bench.gossip.nextDeadline == nil)
        #expect(bench.writable(1, true) == [.transaction(transaction(1), to: [id(1)])])
    }

    @Test func aNewPeerIsToldWhatIsPending() {
        var bench = TransactionBench()
        let pending = (1...150).map { transaction($0) }
        #expect(
            bench.ready(1, batches: true, pending: pending) == [
                .batch(Array(pending[..<100]), to: [id(1)]), .batch(Array(pending[100...]), to: [id(1)]),
            ])
    }

    @Test func theAnnouncementIsBoundedByTheQueue() {
        var bench = TransactionBench { $0.queuedTransactionsPerPeer = 10 }
        let effects = bench.ready(1, batches: true, pending: (1...50).map { transaction($0) })
        #expect(effects == [.batch((1...10).map { transaction($0) }, to: [id(1)])])
    }

    @Test func aPeerThatIsGoneTakesItsQueueAlong() {
        var bench = TransactionBench()
        bench.ready(1, batches: true)
        bench.writable(1, false)
        bench.accept(1)
        bench.gossip.peerGone(id(1))
        #expect(bench.gossip.remnants(of: id(1)) == [])
        #expect(bench.gossip.queuedCount == 0)
        #expect(bench.gossip.nextDeadline == nil)
    }

    @Test func randomUseKeepsTheBoundsAndTheDeadlineMoves() {
        for seed in 1...40 as ClosedRange<UInt64> {
            var random = SplitMix64(seed: seed)
            var bench = TransactionBench {
                $0.seenTransactions = 50
                $0.knownTransactionsPerPeer = 20
                $0.queuedTransactionsPerPeer = 15
                $0.batchCount = 4
                $0.messageBurst = Int.random(in: 1...20, using: &random)
            }
            var time: Int64 = 0
            for _ in 0..<300 {
                time += Int64.random(in: 0...15, using: &random)
                let (peer, number) = (Int.random(in: 1...5, using: &random), Int.random(in: 0...100, using: &random))
                switch Int.random(in: 0...8, using: &random) {
                case 0: bench.ready(peer, batches: Bool.random(using: &random), pending: [transaction(number)], time)
                case 1:
                    bench.gossip.peerGone(id(peer))
                    #expect(bench.gossip.remnants(of: id(peer)) == [])
                case 2, 3: _ = bench.arrive(number, from: peer, time)
                case 4, 5: bench.accept(number, time)
                case 6: bench.writable(peer, Bool.random(using: &random), time)
                case 7: bench.gossip.messageSent(to: id(peer), count: Int.random(in: 0...30, using: &random), at: at(time))
                default: bench.gossip.transactionRejected(hash(number), mayChange: Bool.random(using: &random))
                }
                bench.tick(time)
                if let deadline = bench.gossip.nextDeadline { #expect(deadline > at(time).uptime, "seed \(seed)") }
            }
        }
    }
}
