import Network
import Primitives
import TestKit
import Testing

@testable import Wire

/// What a dialect makes of messages: every kind reads back, and what is wrong is told apart.
@Suite struct DialectTests {
    private static let key = try? PrivateKey(bytes: SHA256.hash(Array("identity".utf8)).bytes)
    private static let other = try? PrivateKey(bytes: SHA256.hash(Array("other".utf8)).bytes)

    private static let handshake = Handshake(
        version: "1.0.0", chainID: "test", height: 7, nodeType: .full, listenAddress: "", capabilities: Capability.all,
        nodeID: key?.address.checksummed.text, nonce: 5)

    static let messages: [Message] = [
        .handshake(handshake), .block(Array(#"{"header":{}}"#.utf8)), .transaction(Array(#"{"id":"a"}"#.utf8)),
        .transactionBatch([]), .transactionBatch([Array("{}".utf8), Array(#"{"id":"b"}"#.utf8)]),
        .blockRequest(.single(42)), .blockRequest(.range(HeightRange(first: 101, count: 100))),
        .blockResponse([]), .blockResponse(Array("[{},{}]".utf8)),
        .peerList(.request), .peerList(.answer([Endpoint("10.0.0.1:9000")].compactMap { $0 }, skipped: 0)),
        .ping(Ping(nonce: .max, height: 3)), .pong(Ping(nonce: 0, height: 0)),
    ]

    private func read(_ frame: [UInt8], in dialect: Dialect) throws(Violation) -> ReceivedMessage {
        try Frame.owned(Array(frame[NetworkLimits.prefixBytes...])).withUnsafeBytes { bytes throws(Violation) in
            try dialect.decode(bytes)
        }
    }

    /// Reads a payload of this type in our own dialect.
    private func read(
        _ type: MessageType, _ payload: String, signer: PrivateKey? = nil
    ) throws -> ReceivedMessage {
        let frame = try FrameEncoder.frame(type: type, payload: Array(payload.utf8), timestamp: 5, signer: signer)
        return try read(frame, in: .podoru)
    }

    @Test(arguments: Dialect.allCases, messages) func whatIsWrittenReadsBack(_ dialect: Dialect, _ message: Message) throws {
        #expect(dialect.expresses(message.type))
        let frame = try #require(dialect.encode(message, timestamp: 5))
        let received = try read(frame, in: dialect)
        #expect(received == ReceivedMessage(.message(message), byteCount: frame.count))
    }

    @Test func everyTypeHasAMessage() {
        #expect(Set(Self.messages.map(\.type)) == Set(MessageType.allCases))
    }

    @Test func aMessageIsNoLargerThanItsSmallParts() {
        #expect(MemoryLayout<Message>.size <= 24)
    }

    @Test(arguments: messages) func onlyTheHandshakeIsSigned(_ message: Message) throws {
        let frame = try #require(Dialect.podoru.encode(message, timestamp: 5, identity: Self.key))
        #expect(try read(frame, in: .podoru).signer == (message.type == .handshake ? Self.key?.address : nil))
    }

    @Test func theBytesOfAFrameAreThoseOfTheEncoder() throws {
        let key = try #require(Self.key)
        let signed = try FrameEncoder.frame(type: .handshake, payload: Self.handshake.encode(), timestamp: 9, signer: key)
        #expect(Dialect.podoru.encode(.handshake(Self.handshake), timestamp: 9, identity: key) == signed)
        let block = try FrameEncoder.frame(type: .block, payload: [1, 2, 3], timestamp: 9)
        #expect(Dialect.podoru.encode(.block([1, 2, 3]), timestamp: 9, identity: key) == block)
    }

    @Test func whatPassesTheLongestFrameIsNotWritten() {
        let block = Message.block([UInt8](repeating: 0x20, count: 1000))
        #expect(Dialect.podoru.encode(block, timestamp: 0, maxFrameBytes: 1300) == nil)
        #expect(Dialect.podoru.encode(block, timestamp: 0, maxFrameBytes: 1400) != nil)
    }

    @Test func aTypeOfALaterVersionIsNoViolation() throws {
        let text = #"{"type":77,"payload":"AQ==","signature":"0x\#(String(repeating: "00", count: 65))"}"#
        let received = try Frame.owned(Array(text.utf8)).withUnsafeBytes { bytes throws(Violation) in try Dialect.podoru.decode(bytes) }
        #expect(received == ReceivedMessage(.unknown(77), byteCount: text.utf8.count + 4))
        #expect(received.type == nil)
    }

    @Test(arguments: [
        (MessageType.handshake, "{}"), (.transactionBatch, "{}"), (.blockRequest, "x"), (.peerList, "[1]"), (.ping, ""), (.pong, "[]"),
    ])
    func aBadPayloadIsTheCoresToJudge(_ type: MessageType, _ payload: String) throws {
        let received = try read(type, payload)
        guard case .malformed(type, .badPayload(type, _)) = received.content else {
            Issue.record("\(received.content)")
            return
        }
        #expect(received.type == type && received.signer == nil)
    }

    @Test func theSignerOfABadPayloadIsKnown() throws {
        let received = try read(.ping, "", signer: Self.key)
        #expect(received.signer == Self.key?.address)
    }

    @Test func aSignatureOfNobodyIsTold() throws {
        let text = #"{"type":1,"payload":"AQ==","signature":"0x\#(String(repeating: "00", count: 65))"}"#
        let received = try Frame.owned(Array(text.utf8)).withUnsafeBytes { bytes throws(Violation) in try Dialect.podoru.decode(bytes) }
        guard case .malformed(.block, .badSignature) = received.content else {
            Issue.record("\(received.content)")
            return
        }
    }

    @Test func aSignerIsHeldToTheIdentityThatItsHandshakeNamed() throws {
        let received = try read(.block, "{}", signer: Self.key)
        try received.checkSigner(expected: nil)
        try received.checkSigner(expected: Self.key?.address)
        #expect(throws: Violation.self) { try received.checkSigner(expected: Self.other?.address) }
        try read(.block, "{}").checkSigner(expected: Self.other?.address)
    }
}
