import Gossip
import Ledger
import Mempool
import Network
import Primitives
import Sync
import TestKit
import Testing
import Wire

@testable import Chain

/// What a chain processor says of transactions and tells its observer.
@Suite struct ChainObserverTests {
    /// What was heard, as words in order.
    final class Recorder: ChainObserver {
        var heard: [String] = []
        var names: [Hash32: String] = [:]

        func admitted(_ transaction: PreparedTransaction) { heard.append("admitted \(name(transaction.hash))") }

        func removed(_ removals: [MempoolRemoval]) {
            for removal in removals { heard.append("\(removal.reason) \(name(removal.hash))") }
        }

        func moved(_ move: HeadMove, blocks: [PreparedBlock]) {
            let undone = move.undone.isEmpty ? "" : "undone \(move.undone.count), "
            heard.append("\(undone)committed \(move.applied.map { "\($0.height)" }.joined(separator: ",")) head \(move.to.height)")
        }

        private func name(_ hash: Hash32) -> String { names[hash] ?? "?" }
    }

    /// A producer's processor in memory.
    final class Harness {
        let genesis: Genesis
        let chain: ChainProcessor
        let recorder = Recorder()
        private let authority: PrivateKey
        private let users: [PrivateKey]
        private(set) var time: Nanoseconds = .seconds(1)
        private static let start: Int64 = 1_800_000_000
        var now: Moment { Moment(uptime: time, unixMilliseconds: (Self.start + 1000) * 1000) }

        init(limits: MempoolLimits = MempoolLimits()) throws {
            authority = try Harness.key(0)
            users = try (0..<3).map { try Harness.key(100 + $0) }
            genesis = try Genesis(.test(timestamp: Self.start, keys: [authority]))
            chain = try ChainProcessor(
                engine: ChainEngine(genesis: genesis, store: MemoryChainStore()), limits: limits, key: authority)
            chain.observer = recorder
        }

        private static func key(_ index: Int) throws -> PrivateKey {
            try PrivateKey(bytes: SHA256.hash(Array("simulated key \(index)".utf8)).bytes)
        }

        func wait(_ span: Nanoseconds) { time += span }

        func transaction(_ name: String, user: Int = 0, nonce: UInt64) -> Transaction {
            let transaction = Transaction(
                operations: [Operation(type: .set, key: ByteString(name), value: [1])], timestamp: Self.start, nonce: nonce,
                key: users[user])
            recorder.names[transaction.hash] = name
            return transaction
        }

        func submit(_ json: [UInt8]...) throws -> [TransactionOutcome] {
            var outcomes: [TransactionOutcome] = []
            let candidates = json.map { TransactionCandidate(gossipID: SHA256.hash($0), payload: $0, from: nil) }
            try chain.handle(.checkTransactions(candidates), at: now) { report in
                if case .transactionsChecked(let verdicts) = report { outcomes = verdicts.map(\.outcome) }
            }
            return outcomes
        }

        /// Makes a block of what is pending and returns its JSON.
        @discardableResult
        func produce() throws -> [UInt8] {
            var made: [UInt8] = []
            try chain.handle(.produceBlock(timestamp: chain.head.timestamp + 1), at: now) { report in
                if case .headMoved(_, .own(let payload)) = report { made = payload }
            }
            return made
        }

        func heard() -> [String] {
            defer { recorder.heard = [] }
            return recorder.heard
        }
    }

    // MARK: Verdicts

    @Test func eachVerdictSaysExactlyWhatStandsAgainstTheTransaction() throws {
        let harness = try Harness()
        let included = harness.transaction("included", nonce: 5)
        _ = try harness.submit(included.json)
        try harness.produce()

        let good = harness.transaction("good", nonce: 6)
        var forged = harness.transaction("forged", nonce: 7)
        forged.signature = harness.transaction("other", user: 1, nonce: 7).signature
        var renamed = harness.transaction("renamed", nonce: 8)
        renamed.id = good.id
        let late = harness.transaction("late", nonce: 4)
        let rival = harness.transaction("rival", nonce: 6)
        let outcomes = try harness.submit(
            good.json, good.json, included.json, Array("{".utf8), forged.json, renamed.json, late.json, rival.json)

        try #require(outcomes.count == 8)
        #expect(outcomes[0].admittedHash == good.hash)
        #expect(outcomes[1].knownHash == good.hash)
        #expect(outcomes[2].knownHash == included.hash)
        guard case .refused(.malformed) = outcomes[3] else {
            Issue.record("half an object: \(outcomes[3])")
            return
        }
        guard case .refused(.mempool(.ledger(.signature(.wrongSigner)))) = outcomes[4] else {
            Issue.record("a signature of another: \(outcomes[4])")
            return
        }
        #expect(outcomes[5].rejection == .ledger(.wrongID))
        #expect(outcomes[6].rejection == .ledger(.nonceTooLow(nonce: 4, last: 5)))
        #expect(outcomes[7].rejection == .noncePending(6))
    }

    @Test func aFullPoolRefusesWhatHoldsNoLessThanTheOthers() throws {
        var limits = MempoolLimits()
        limits.maxTransactions = 2
        let harness = try Harness(limits: limits)
        let outcomes = try harness.submit(
            harness.transaction("a", user: 0, nonce: 1).json, harness.transaction("b", user: 1, nonce: 1).json,
            harness.transaction("c", user: 2, nonce: 1).json)
        #expect(outcomes.last?.rejection == .full)
        #expect(harness.heard() == ["admitted a", "admitted b"])
    }

    @Test func onlyWhatNoTimeMendsIsPermanent() {
        #expect(TransactionRefusal.malformed(.tooLong(bytes: 2, limit: 1)).isPermanent)
        #expect(TransactionRefusal.mempool(.ledger(.wrongID)).isPermanent)
        #expect(!TransactionRefusal.mempool(.full).isPermanent)
        #expect(TransactionRefusal.mempool(.full).description == MempoolRejection.full.description)
    }

    // MARK: The observer

    @Test func whatABlockIncludesLeavesBeforeTheBlockIsTold() throws {
        let harness = try Harness()
        _ = try harness.submit(harness.transaction("a", nonce: 1).json, harness.transaction("b", nonce: 2).json)
        try harness.produce()
        #expect(harness.heard() == ["admitted a", "admitted b", "included a", "included b", "committed 1 head 1"])
    }

    @Test func whatHadToMakeRoomIsToldBeforeWhatCame() throws {
        var limits = MempoolLimits()
        limits.maxTransactions = 3
        let harness = try Harness(limits: limits)
        for nonce in 1...3 { _ = try harness.submit(harness.transaction("a\(nonce)", nonce: UInt64(nonce)).json) }
        _ = harness.heard()
        _ = try harness.submit(harness.transaction("b", user: 1, nonce: 1).json)
        #expect(harness.heard() == ["evicted a3", "admitted b"])
    }

    @Test func whatHasWaitedTooLongIsToldWhenTimePasses() throws {
        let harness = try Harness()
        _ = try harness.submit(harness.transaction("a", nonce: 1).json)
        harness.wait(MempoolLimits().lifetime - 1)
        harness.chain.tick(at: harness.now)
        #expect(harness.heard() == ["admitted a"])
        harness.wait(1)
        harness.chain.tick(at: harness.now)
        #expect(harness.heard() == ["expired a"])
    }

    @Test func aBlockOfAnotherIsToldOnceItIsCommittedAndTakesTheNonceOfOurs() throws {
        let (one, other) = (try Harness(), try Harness())
        _ = try one.submit(one.transaction("mine", nonce: 1).json)
        _ = try other.submit(other.transaction("theirs", nonce: 1).json)
        let block = try other.produce()
        let peek = try HeaderPeek.read(block)
        _ = one.heard()
        var committedAt: Int?
        try one.chain.handle(.validateBlock(hash: peek.hash, payload: block), at: one.now) { report in
            if case .committed = report { committedAt = one.recorder.heard.count }
            if case .headMoved = report { #expect(one.recorder.heard.isEmpty) }
        }
        #expect(committedAt == 2)
        #expect(one.heard() == ["nonceTaken mine", "committed 1 head 1"])
    }

    @Test func aRangeIsToldAsOneAndOnlyWhatWasNew() throws {
        let (source, target) = (try Harness(), try Harness())
        var blocks: [[UInt8]] = []
        for _ in 0..<12 { blocks.append(try source.produce()) }
        try apply(blocks.prefix(2).map { $0 }, from: 1, to: target)
        #expect(target.heard() == ["committed 1,2 head 2"])
        try apply(blocks, from: 1, to: target)
        #expect(target.heard() == ["committed 3,4,5,6,7,8,9,10,11,12 head 12"])
        try apply(blocks, from: 1, to: target)
        #expect(target.heard() == [])
    }

    @Test func anotherBranchIsOneMoveAndGivesBackWhatItLacks() throws {
        let (one, other) = (try Harness(), try Harness())
        _ = try one.submit(one.transaction("kept", nonce: 1).json, one.transaction("lost", user: 1, nonce: 1).json)
        let ours = try one.produce()
        _ = try other.submit(one.transaction("kept", nonce: 1).json)
        var branch = [try other.produce()]
        branch.append(try other.produce())
        _ = one.heard()
        let prepared = try branch.map { try PreparedBlock.prepare($0) }
        let move = try one.chain.write(at: one.now) { moving throws(ChainError) in
            _ = try one.chain.move(back: 1, onto: prepared, at: one.now, &moving)
        }
        #expect(move?.undone == [try HeaderPeek.read(ours).hash])
        #expect(move?.applied.map(\.height) == [1, 2] && move?.to == one.chain.head && move?.to.hash == other.chain.head.hash)
        #expect(one.heard() == ["undone 1, committed 1,2 head 2", "admitted lost"])
        var told: [GossipTransaction] = []
        one.chain.reportCommitted { if case .readmitted(let transactions) = $0 { told += transactions } }
        #expect(told.map(\.payload) == [one.transaction("lost", user: 1, nonce: 1).json])
        // And on from there.
        try one.produce()
        #expect(one.heard() == ["included lost", "committed 3 head 3"])
    }

    @Test func aRefusedBranchLeavesWhatCameBeforeItsBadBlock() throws {
        let (one, other) = (try Harness(), try Harness())
        for _ in 0..<2 { try one.produce() }
        let branch = [try other.produce(), try one.produce()]
        let prepared = try branch.map { try PreparedBlock.prepare($0) }
        let before = one.chain.head
        var refused: BlockRejection?
        let move = try one.chain.write(at: one.now) { moving throws(ChainError) in
            refused = try one.chain.move(back: 3, onto: prepared, at: one.now, &moving)?.rejection
        }
        #expect(refused == .wrongHeight(expected: 2, found: 3))
        #expect(move?.from == before && move?.to.height == 1 && move?.undone.count == 3)
    }

    private func apply(_ blocks: [[UInt8]], from first: UInt64, to harness: Harness) throws {
        let ticket = SyncTicket(rawValue: 1)
        let range = try #require(HeightRange(first: first, last: first + UInt64(blocks.count) - 1))
        let payload = BlockResponse.encode(blocks).payload
        try harness.chain.handle(.prepareRange(ticket: ticket, range: range, payload: payload), at: harness.now) { _ in }
        try harness.chain.handle(.applyRange(ticket: ticket), at: harness.now) { _ in }
    }
}

extension TransactionOutcome {
    var admittedHash: Hash32? { if case .admitted(let hash) = self { hash } else { nil } }
    var knownHash: Hash32? { if case .known(let hash) = self { hash } else { nil } }
    var rejection: MempoolRejection? { if case .refused(.mempool(let rejection)) = self { rejection } else { nil } }
}
