import Ledger
import Mempool
import Network
import Primitives
import Sync
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

        func committed(_ blocks: [PreparedBlock], head: Head) {
            heard.append("committed \(blocks.map { "\($0.block.header?.height ?? 0)" }.joined(separator: ",")) head \(head.height)")
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
            genesis = try Genesis(
                GenesisConfiguration(
                    timestamp: Self.start, authorities: [authority.address.checksummed],
                    initialState: ["chain:rules": "strict", "chain:block_time": "1s"]))
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
                if case .blockProduced(let payload, _, _) = report { made = payload }
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
        let received = ReceivedBlock(
            hash: peek.hash, height: peek.header.height, payload: block, from: PeerID(slot: 0, generation: 1),
            producer: peek.header.producer, receivedAt: 0)
        try one.chain.handle(.validateBlock(received), at: one.now) { report in
            if case .blockCommitted = report { committedAt = one.recorder.heard.count }
            if case .blockValidated = report { #expect(one.recorder.heard.isEmpty) }
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
