import Chain
import Ledger
import Mempool
import Network
import Peering
import Primitives
import ProtocolCore
import Testing
import Wire

/// What one peer may make the node hold: requests, unchecked transactions, a socket that it does not read.
@Suite struct LinkTests {
    /// A core without a shell, at height 10, and one peer that has shaken hands.
    final class Harness {
        static let chainID = "0x" + String(repeating: "ab", count: 32)
        let peer = PeerID(slot: 0, generation: 1)
        var core: ProtocolCore
        var effects: [CoreEffect] = []
        var time: Nanoseconds = .seconds(1)
        var now: Moment { Moment(uptime: time, unixMilliseconds: 1_704_556_800_000 + time / 1_000_000) }

        init() {
            let local = LocalNode(
                version: "1.0.0", chainID: Self.chainID, nodeType: .full, listenAddress: "127.0.0.1:9000", nodeID: nil, nonce: 1)
            let start = Moment(uptime: .seconds(1), unixMilliseconds: 1_704_556_801_000)
            core = ProtocolCore(
                configuration: CoreConfiguration(peering: PeerConfiguration(local: local)),
                head: Head(height: 10, hash: Hash32(), timestamp: 1_704_556_800), seed: 1, at: start)
            core.start(at: now, into: &effects)
            connect(peer, nonce: 2)
        }

        func connect(_ id: PeerID, nonce: UInt64) {
            core.accepted(id, from: Endpoint("127.0.0.1:\(40_000 + id.generation)")!, at: now, into: &effects)
            let hello = Handshake(
                version: "1.0.0", chainID: Self.chainID, height: 0, nodeType: .full, listenAddress: "", capabilities: ["ping"],
                nodeID: nil, nonce: nonce)
            _ = send(.handshake(hello), from: id)
            effects = []
        }

        /// Whether the next frame may be taken.
        func send(_ message: Message, from id: PeerID? = nil) -> Bool {
            core.received(ReceivedMessage(.message(message), byteCount: 100), from: id ?? peer, at: now, into: &effects)
            return core.frameTaken(id ?? peer, at: now, into: &effects)
        }

        func ask(_ height: UInt64) -> Bool { send(.blockRequest(.single(height))) }
        func ask(_ first: UInt64, _ last: UInt64) -> Bool {
            HeightRange(first: first, last: last).map { send(.blockRequest(.range($0))) } ?? false
        }

        /// What was said to the peer since the last call, in order.
        func said() -> [Message] {
            defer { effects = [] }
            return effects.compactMap {
                if case .send(let message, let receivers, _) = $0, receivers.contains(peer) { message } else { nil }
            }
        }

        /// The ranges that the shell was told to answer since the last call.
        func answers() -> [HeightRange] {
            defer { effects = [] }
            return effects.compactMap { if case .readBlocks(let range, _, peer) = $0 { range } else { nil } }
        }

        func isResumed(_ id: PeerID? = nil) -> Bool {
            defer { effects = [] }
            return effects.contains { if case .resumeReading(id ?? peer) = $0 { true } else { false } }
        }

        func candidates() -> [TransactionCandidate] {
            defer { effects = [] }
            return effects.flatMap { (effect) -> [TransactionCandidate] in
                if case .chain(.checkTransactions(let candidates)) = effect { candidates } else { [] }
            }
        }

        /// A move from the head to `head`: one block on it, or `undone` blocks back and one on what is left.
        func move(to head: Head, undone: [Hash32] = [], producer: String = "") -> HeadMove {
            let block = BlockSummary(height: head.height, hash: head.hash, producer: ByteString(producer), transactionCount: 0)
            return HeadMove(from: core.head, to: head, undone: undone, applied: [block])
        }

        func report(_ report: ChainReport) { core.chainReported(report, at: now, into: &effects) }

        func refuse(_ candidates: [TransactionCandidate]) {
            let verdicts = candidates.map { (candidate: $0, outcome: TransactionOutcome.refused(.mempool(.full))) }
            core.chainReported(.transactionsChecked(verdicts), at: now, into: &effects)
        }

        var closeReasons: [DisconnectReason] {
            effects.compactMap { if case .close(_, let reason) = $0 { reason } else { nil } }
        }
    }

    private func range(_ first: UInt64, _ last: UInt64) -> HeightRange { HeightRange(first: first, last: last)! }

    @Test func requestsOfAPeerAreAnsweredOneAtATimeInTheirOrder() {
        let harness = Harness()
        #expect(harness.ask(1) && harness.ask(2, 3) && harness.ask(4))
        #expect(harness.answers() == [range(1, 1)])
        harness.core.blocksSent(harness.peer, at: harness.now, into: &harness.effects)
        #expect(harness.answers() == [range(2, 3)])
        harness.core.blocksSent(harness.peer, at: harness.now, into: &harness.effects)
        #expect(harness.answers() == [range(4, 4)])
    }

    @Test func theFourthOpenRequestHoldsThePeerBackUntilOneIsAnswered() {
        let harness = Harness()
        let mayGoOn = (1...4).map { harness.ask($0) }
        #expect(mayGoOn == [true, true, true, false])
        harness.effects = []
        harness.core.blocksSent(harness.peer, at: harness.now, into: &harness.effects)
        #expect(harness.isResumed())
    }

    @Test func aRequestBehindOneThatWaitsForACommitWaitsToo() {
        let harness = Harness()
        let newHead = Head(height: 11, hash: SHA256.hash([11]), timestamp: 1_704_556_805)
        harness.core.chainReported(
            .headMoved(harness.move(to: newHead), .gossip(newHead.hash)), at: harness.now, into: &harness.effects)
        harness.effects = []
        #expect(harness.ask(11) && harness.ask(1))
        #expect(harness.answers() == [])
        harness.core.chainReported(.committed(newHead), at: harness.now, into: &harness.effects)
        #expect(harness.answers() == [range(11, 11)])
        harness.core.blocksSent(harness.peer, at: harness.now, into: &harness.effects)
        #expect(harness.answers() == [range(1, 1)])
    }

    @Test func aPeerThatDoesNotReadGetsNoFurtherAnswerAndIsDropped() {
        let harness = Harness()
        #expect(harness.ask(1) && harness.ask(2))
        harness.effects = []
        harness.core.setCongested(harness.peer, true, at: harness.now, into: &harness.effects)
        harness.core.blocksSent(harness.peer, at: harness.now, into: &harness.effects)
        #expect(harness.answers() == [])
        harness.time += CoreLimits.slowReaderPatience
        harness.core.notRead(harness.peer, at: harness.now)
        harness.core.tick(at: harness.now, into: &harness.effects)
        #expect(harness.closeReasons == [.slowReader])
    }

    @Test func aPeerWhoseSocketDrainsGetsItsNextAnswer() {
        let harness = Harness()
        #expect(harness.ask(1) && harness.ask(2))
        harness.core.setCongested(harness.peer, true, at: harness.now, into: &harness.effects)
        harness.core.blocksSent(harness.peer, at: harness.now, into: &harness.effects)
        harness.effects = []
        harness.core.setCongested(harness.peer, false, at: harness.now, into: &harness.effects)
        let effects = harness.effects
        #expect(harness.answers() == [range(2, 2)])
        harness.effects = effects
        #expect(harness.isResumed())
    }

    @Test func bytesOfUncheckedTransactionsHoldThePeerBackUntilTheirVerdicts() {
        let harness = Harness()
        let half = [UInt8](repeating: 0x20, count: CoreLimits.uncheckedBytesPerPeer / 2)
        #expect(harness.send(.transaction(half)))
        #expect(!harness.send(.transaction(half + [0x20])))
        let candidates = harness.candidates()
        #expect(candidates.count == 2)
        harness.refuse([candidates[0]])
        #expect(harness.isResumed())
    }

    @Test func bytesOfAPeerThatHasGoneStopCountingWithTheirVerdicts() {
        let harness = Harness()
        let large = [UInt8](repeating: 0x20, count: CoreLimits.uncheckedBytes)
        _ = harness.send(.transaction(large))
        let candidates = harness.candidates()
        harness.core.closed(harness.peer, .closedByPeer, at: harness.now, into: &harness.effects)
        let other = PeerID(slot: 0, generation: 2)
        harness.connect(other, nonce: 3)
        #expect(!harness.send(.transaction([0x20]), from: other), "what the gone peer sent is still being checked")
        let own = harness.candidates()
        harness.refuse(candidates)
        harness.refuse(own)
        #expect(harness.isResumed(other))
        #expect(harness.send(.transaction([0x20, 0x20]), from: other))
    }

    @Test func eventsOfAConnectionThatIsGoneDoNothing() {
        let harness = Harness()
        harness.core.closed(harness.peer, .closedByPeer, at: harness.now, into: &harness.effects)
        harness.effects = []
        #expect(!harness.ask(1))
        harness.core.blocksSent(harness.peer, at: harness.now, into: &harness.effects)
        harness.core.setCongested(harness.peer, true, at: harness.now, into: &harness.effects)
        harness.core.slowReader(harness.peer, at: harness.now, into: &harness.effects)
        harness.core.violated(harness.peer, .emptyFrame, at: harness.now, into: &harness.effects)
        #expect(harness.effects.isEmpty)
    }

    @Test func aLateAnswerForAGoneConnectionDoesNotReachWhoHasItsSlotNow() {
        let harness = Harness()
        #expect(harness.ask(1) && harness.ask(2))
        harness.core.closed(harness.peer, .closedByPeer, at: harness.now, into: &harness.effects)
        #expect(harness.core.remnants(of: harness.peer) == [])
        let other = PeerID(slot: harness.peer.slot, generation: 2)
        harness.connect(other, nonce: 3)
        #expect(harness.send(.blockRequest(.single(3)), from: other) && harness.send(.blockRequest(.single(4)), from: other))
        harness.effects = []
        harness.core.blocksSent(harness.peer, at: harness.now, into: &harness.effects)
        harness.core.chainReported(.pendingTransactions(harness.peer, []), at: harness.now, into: &harness.effects)
        #expect(harness.effects.isEmpty, "its first request is still being answered")
        harness.core.blocksSent(other, at: harness.now, into: &harness.effects)
        #expect(harness.effects.contains { if case .readBlocks(HeightRange(4), _, other) = $0 { true } else { false } })
        #expect(harness.core.checkInvariants() == [])
    }

    @Test func aPeerWithTokensAgainThatIsHeldBackOtherwiseAsksForNoTickAtOnce() {
        let harness = Harness()
        for height in 1...4 { _ = harness.ask(UInt64(height)) }
        // Beyond the burst: it has no tokens, and four requests that are not answered.
        for _ in 0..<200 { _ = harness.send(.ping(Ping(nonce: 1, height: 10))) }
        harness.time += .seconds(2)
        harness.core.notRead(harness.peer, at: harness.now)
        harness.core.tick(at: harness.now, into: &harness.effects)
        #expect(!harness.isResumed())
        #expect(harness.core.nextDeadline(at: harness.now) ?? .max > harness.time)
        harness.core.blocksSent(harness.peer, at: harness.now, into: &harness.effects)
        #expect(harness.isResumed())
    }

    @Test func aPeerThatTheShellDoesNotReadIsNotTakenForDead() {
        let harness = Harness()
        for _ in 0..<60 {
            harness.time += .seconds(1)
            harness.core.notRead(harness.peer, at: harness.now)
            harness.core.tick(at: harness.now, into: &harness.effects)
        }
        #expect(harness.closeReasons == [])
        for _ in 0..<(NodeDefaults.idleTimeout / .seconds(1)) {
            harness.time += .seconds(1)
            harness.core.tick(at: harness.now, into: &harness.effects)
        }
        #expect(harness.closeReasons == [.livenessTimeout])
    }
}

extension Head {
    /// A head of which a test says no more.
    init(height: UInt64, hash: Hash32, timestamp: Int64) {
        self.init(
            height: height, hash: hash, previousHash: .zero, timestamp: timestamp, stateRoot: .zero, producer: ByteString([]),
            totalWeight: 0)
    }
}
