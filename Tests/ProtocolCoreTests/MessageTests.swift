import Chain
import Network
import Peering
import Primitives
import ProtocolCore
import TestKit
import Testing
import Wire

/// What the core makes of messages, and what it says.
@Suite struct MessageTests {
    private typealias Harness = LinkTests.Harness
    private static let signer = try? PrivateKey(bytes: SHA256.hash([1]).bytes).address
    private static let other = try? PrivateKey(bytes: SHA256.hash([2]).bytes).address

    private func receive(_ received: ReceivedMessage, from id: PeerID? = nil, by harness: Harness) {
        harness.core.received(received, from: id ?? harness.peer, at: harness.now, into: &harness.effects)
    }

    /// The violations that were told since the last call.
    private func violations(of harness: Harness) -> [Violation] {
        defer { harness.effects = [] }
        return harness.effects.compactMap { if case .fact(.violated(_, let violation)) = $0 { violation } else { nil } }
    }

    /// A connection that has not shaken hands.
    private func stranger(of harness: Harness) throws -> PeerID {
        let id = PeerID(slot: 9, generation: 9)
        harness.core.accepted(id, from: try #require(Endpoint("127.0.0.1:40009")), at: harness.now, into: &harness.effects)
        return id
    }

    private func handshake(nodeID: Address?) -> Handshake {
        Handshake(
            version: "1.0.0", chainID: Harness.chainID, height: 0, nodeType: .full, listenAddress: "", capabilities: ["ping"],
            nodeID: nodeID?.checksummed.text, nonce: 77)
    }

    @Test func aPingIsAnsweredWithItsNonceAndOurHeight() {
        let harness = Harness()
        _ = harness.send(.ping(Ping(nonce: 5, height: 0)))
        #expect(harness.said() == [.pong(Ping(nonce: 5, height: 10))])
    }

    @Test func aConnectionIsGreetedWithOurHandshake() throws {
        let harness = Harness()
        let id = try stranger(of: harness)
        let greeting = harness.effects.compactMap { if case .send(.handshake(let ours), [id], .now) = $0 { ours } else { nil } }
        #expect(greeting.map(\.height) == [10] && greeting.map(\.chainID) == [Harness.chainID])
    }

    @Test func aPeerThatHasShakenHandsMaySendLongFramesAndOthersMayNot() throws {
        let harness = Harness()
        let id = try stranger(of: harness)
        _ = harness.send(.handshake(handshake(nodeID: nil)), from: id)
        let limits = harness.effects.compactMap { if case .limitFrames(id, let byteCount) = $0 { byteCount } else { nil } }
        #expect(limits == [NetworkLimits.maxFrameBytes])
    }

    @Test func transactionsAreSaidOnceToAllThatLackThem() {
        let harness = Harness()
        let other = PeerID(slot: 2, generation: 2)
        harness.connect(other, nonce: 3)
        for id in [harness.peer, other] {
            harness.core.chainReported(.pendingTransactions(id, []), at: harness.now, into: &harness.effects)
        }
        harness.effects = []
        let payload = Array("{}".utf8)
        let candidate = TransactionCandidate(gossipID: SHA256.hash(payload), payload: payload, from: nil)
        harness.core.chainReported(
            .transactionsChecked([(candidate, .admitted(candidate.gossipID))]), at: harness.now, into: &harness.effects)
        let sends = harness.effects.compactMap { effect -> (Message, [PeerID], Lane)? in
            if case .send(let message, let receivers, let lane) = effect { (message, receivers, lane) } else { nil }
        }
        #expect(sends.map(\.0) == [.transaction(payload)])
        #expect(sends.map(\.1) == [[harness.peer, other]] && sends.map(\.2) == [.bulk])
    }

    // MARK: What is wrong

    @Test func whatAStrangerSaysBeforeItsHandshakeIsNotJudgedByWhatItHolds() throws {
        let harness = Harness()
        let id = try stranger(of: harness)
        receive(ReceivedMessage(.malformed(.ping, .badPayload(type: .ping, reason: "")), byteCount: 9), from: id, by: harness)
        #expect(harness.closeReasons == [.handshakeExpected])
        #expect(violations(of: harness) == [])
    }

    @Test func aMalformedMessageIsAViolation() {
        let harness = Harness()
        let violation = Violation.badPayload(type: .ping, reason: "no nonce")
        receive(ReceivedMessage(.malformed(.ping, violation), byteCount: 9), by: harness)
        #expect(violations(of: harness) == [violation])
    }

    @Test func aMalformedHandshakeIsAViolationOfAStranger() throws {
        let harness = Harness()
        let id = try stranger(of: harness)
        let violation = Violation.badPayload(type: .handshake, reason: "no version")
        receive(ReceivedMessage(.malformed(.handshake, violation), byteCount: 9), from: id, by: harness)
        #expect(violations(of: harness) == [violation])
    }

    @Test func aTypeOfALaterVersionIsIgnoredAndCounted() {
        let harness = Harness()
        receive(ReceivedMessage(.unknown(77), byteCount: 9), by: harness)
        #expect(violations(of: harness) == [] && harness.core.counters.messagesOfUnknownType == 1)
    }

    @Test func aSignatureThatIsNotTheHandshakesIdentityIsAViolation() throws {
        let (signer, other) = try (#require(Self.signer), #require(Self.other))
        let harness = Harness()
        let id = try stranger(of: harness)
        _ = harness.send(.handshake(handshake(nodeID: signer)), from: id)
        let ping = ReceivedMessage.Content.message(.ping(Ping(nonce: 1, height: 0)))
        receive(ReceivedMessage(ping, signer: signer, byteCount: 9), from: id, by: harness)
        #expect(violations(of: harness) == [])
        // Whose it is comes before what it holds.
        let bad = ReceivedMessage.Content.malformed(.ping, .badPayload(type: .ping, reason: ""))
        receive(ReceivedMessage(bad, signer: other, byteCount: 9), from: id, by: harness)
        #expect(violations(of: harness) == [.foreignSignature(expected: signer.description, found: other.description)])
    }

    @Test func aHandshakeSignedByItsIdentityIsAProof() throws {
        let signer = try #require(Self.signer)
        for isSigned in [true, false] {
            let harness = Harness()
            let id = try stranger(of: harness)
            let content = ReceivedMessage.Content.message(.handshake(handshake(nodeID: signer)))
            receive(ReceivedMessage(content, signer: isSigned ? signer : nil, byteCount: 9), from: id, by: harness)
            #expect(harness.core.peers.peer(id)?.isSigned == isSigned)
        }
    }
}
