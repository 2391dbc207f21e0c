import Chain
import Consensus
import Gossip
import Ledger
import Network
import Primitives
import Sync
import Testing
import Wire

@testable import ProtocolCore

/// What the core does when the chain's head moves, back as well as on.
@Suite struct HeadMoveTests {
    private typealias Harness = LinkTests.Harness

    private func head(_ height: UInt64, _ name: UInt8) -> Head {
        Head(height: height, hash: SHA256.hash([name]), timestamp: 1_704_556_800 + Int64(height))
    }

    /// A block message, and the hash of its header.
    private func block(_ height: UInt64, name: UInt8, junk: String = "") throws -> (json: [UInt8], hash: Hash32) {
        let header = BlockHeader(
            version: 1, height: height, previousHash: SHA256.hash([name]).bytes, timestamp: 1_704_556_900, merkleRoot: Hash32.zero.bytes,
            stateRoot: Hash32.zero.bytes, producer: "0xabc")
        var json = Block(header: header, transactions: [], signature: [1]).json
        json.append(contentsOf: Array(junk.utf8))
        return (json, header.hash)
    }

    private func validations(_ harness: Harness) -> [Hash32] {
        defer { harness.effects = [] }
        return harness.effects.compactMap { if case .chain(.validateBlock(let hash, _)) = $0 { hash } else { nil } }
    }

    @Test func everyPartFollowsAHeadThatIsLower() {
        let harness = Harness()
        harness.report(.headMoved(harness.move(to: head(13, 1)), .sync))
        harness.report(.committed(harness.core.head))
        let lower = head(12, 2)
        harness.report(.headMoved(harness.move(to: lower, undone: [head(13, 1).hash, head(12, 1).hash]), .sync))
        harness.report(.committed(lower))
        #expect(harness.core.head == lower && harness.core.committedHead == lower)
        #expect(harness.core.sync.height == 12)
        #expect(harness.core.checkInvariants() == [])
        // Handshakes and pings say the height that is on disk.
        harness.effects = []
        _ = harness.send(.ping(Ping(nonce: 1, height: 0)))
        #expect(harness.said() == [.pong(Ping(nonce: 1, height: 12))])
    }

    @Test func aHeadOfTheSameHeightIsAnotherHead() {
        let harness = Harness()
        let other = head(10, 7)
        harness.report(.headMoved(harness.move(to: other, undone: [Hash32()]), .sync))
        #expect(harness.core.head == other)
        // What is asked for waits until the other branch is on disk.
        harness.effects = []
        #expect(harness.ask(11))
        #expect(harness.answers() == [])
        harness.report(.committed(other))
        #expect(harness.answers() == [HeightRange(11)])
    }

    @Test func blocksThatSyncAppliedAreCountedHoweverHighTheHeadIs() {
        let harness = Harness()
        harness.report(.headMoved(harness.move(to: head(9, 3), undone: [Hash32(), Hash32()]), .sync))
        #expect(harness.core.counters.blocksBySync == 1)
    }

    @Test func anUndoneBlockIsJudgedAnewWhenItComesAgain() throws {
        let harness = Harness()
        let (json, hash) = try block(11, name: 1)
        _ = harness.send(.block(json))
        #expect(validations(harness) == [hash])
        let eleventh = Head(height: 11, hash: hash, timestamp: 1_704_556_900)
        harness.report(.headMoved(harness.move(to: eleventh), .gossip(hash)))
        harness.report(.committed(eleventh))
        harness.effects = []
        let back = head(10, 9)
        harness.report(.headMoved(HeadMove(from: eleventh, to: back, undone: [hash], applied: []), .sync))
        harness.report(.committed(back))
        harness.effects = []
        _ = harness.send(.block(json))
        #expect(validations(harness) == [hash])
    }

    @Test func anAlternateCopyIsRelayedWithTheTimeAtWhichItCame() throws {
        let harness = Harness()
        let (first, hash) = try block(11, name: 1)
        let (second, sameHash) = try block(11, name: 1, junk: " ")
        try #require(hash == sameHash)
        _ = harness.send(.block(first))
        harness.time += .milliseconds(700)
        let secondAt = harness.time
        _ = harness.send(.block(second))
        harness.time += .milliseconds(300)
        harness.report(.blockRejected(hash: hash, fault: .body, reason: "test"))
        harness.effects = []
        harness.report(
            .headMoved(harness.move(to: Head(height: 11, hash: hash, timestamp: 1_704_556_900), producer: "0xabc"), .gossip(hash)))
        let times = harness.effects.compactMap { if case .fact(.blockRelayed(_, _, let time, _)) = $0 { time } else { nil } }
        #expect(times == [secondAt])
        #expect(harness.core.checkInvariants() == [])
    }

    @Test func aProducerLooksAnewAtAnotherBlockOfTheSameHeightAndTime() throws {
        let key = try PrivateKey(bytes: SHA256.hash([1]).bytes)
        let rules = try Genesis(
            GenesisConfiguration(
                timestamp: 1_700_000_000, authorities: [key.address.checksummed],
                initialState: ["chain:rules": "strict", "chain:block_time": "1s"])
        ).rules
        let harness = Harness()
        var production = Production(
            configuration: ProducerConfiguration(
                schedule: ProducerSchedule(rules: rules, blockTimeSeconds: 1, takeover: false), address: key.address),
            head: harness.core.head, at: harness.now)
        production.isUnderWay = true
        harness.core.production = production
        harness.time += .seconds(5)
        let old = harness.core.head
        let other = Head(height: old.height, hash: SHA256.hash([5]), timestamp: old.timestamp)
        harness.report(.headMoved(harness.move(to: other, undone: [old.hash]), .sync))
        #expect(harness.core.production?.parentHash == other.hash)
        #expect(harness.core.production?.parent.knownSince == harness.time, "patience is counted for each head")
    }

    @Test func whatWaitsAgainIsToldToPeers() {
        let harness = Harness()
        harness.report(.pendingTransactions(harness.peer, []))
        harness.effects = []
        let payload = Array("{}".utf8)
        harness.report(.readmitted([GossipTransaction(id: SHA256.hash(payload), payload: payload)]))
        #expect(harness.said() == [.transaction(payload)])
    }
}
