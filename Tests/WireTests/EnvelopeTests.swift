import Foundation
import Network
import Primitives
import TestKit
import Testing
import Wire

func decodeMessage(_ text: String) throws(Violation) -> Envelope { try decodeMessage(Array(text.utf8)) }

func decodeMessage(_ bytes: [UInt8]) throws(Violation) -> Envelope {
    let result: Result<Envelope, Violation> = bytes.withUnsafeBytes { buffer in
        do throws(Violation) { return .success(try Envelope(decoding: buffer)) } catch { return .failure(error) }
    }
    return try result.get()
}

/// The violation that `body` throws, or nil.
func violation<T>(_ body: () throws(Violation) -> T) -> Violation? {
    do throws(Violation) {
        _ = try body()
        return nil
    } catch {
        return error
    }
}

@Suite struct EnvelopeTests {
    @Test func anEnvelopeIsRead() throws {
        let signature = String(repeating: "0a", count: 65)
        let text = #"{"type":3,"payload":"NDI=","timestamp":1704556800,"signature":"0x\#(signature)"}"#
        let message = try decodeMessage(text)
        #expect(message.type == 3)
        #expect(message.known == .blockRequest)
        #expect(message.payload == Array("42".utf8))
        #expect(message.timestamp == 1_704_556_800)
        #expect(message.signature == [UInt8](repeating: 10, count: 65))
        #expect(message.frameByteCount == text.utf8.count)
    }

    @Test(arguments: [
        #"{"timestamp":5,"payload":"AQ==","type":1}"#,
        #" { "payload" : "AQ==" , "type" : 1 , "timestamp":5 } "#,
        #"{"type":1,"payload":"AQ\u003d=","timestamp":5,"signature":""}"#,
        #"{"\u0074ype":1,"payload":"AQ==","timestamp":5}"#,
        #"{"from":"","x":[{"y":[1,2.5e3,null,true]}],"type":1,"payload":"AQ==","timestamp":5}"#,
        #"{"Type":9,"type":1,"payload":"AQ==","timestamp":5}"#,
    ])
    func keyOrderSpaceEscapesAndUnknownKeysDoNotMatter(_ text: String) throws {
        let message = try decodeMessage(text)
        #expect(message.type == 1)
        #expect(message.payload == [1])
        #expect(message.timestamp == 5)
        #expect(message.signature == nil)
    }

    @Test(arguments: [#"{"type":5}"#, #"{"type":5,"payload":null}"#, #"{"type":5,"payload":""}"#])
    func anAbsentNullOrEmptyPayloadIsEmpty(_ text: String) throws {
        let message = try decodeMessage(text)
        #expect(message.payload == [])
        #expect(message.timestamp == 0)
    }

    @Test(arguments: [0, 10, 255, 256, UInt64.max])
    func anUnknownTypeIsNoViolation(_ type: UInt64) throws {
        let message = try decodeMessage(#"{"type":\#(type),"payload":"AQ=="}"#)
        #expect(message.type == type)
        #expect(message.known == nil)
    }

    @Test(arguments: [
        ("", "malformed_json"), ("x", "malformed_json"), ("{", "malformed_json"), (#"{"type":1"#, "malformed_json"),
        (#"{"type":1,}"#, "malformed_json"), (#"{type:1}"#, "malformed_json"), (#"{"type":01}"#, "malformed_json"),
        ("{\"type\":1,\"x\":\"\u{1}\"}", "malformed_json"), (#"{"type":1,"x":"\q"}"#, "malformed_json"),
        (#"{"type":1,"x":nul}"#, "malformed_json"),
        ("[]", "wrong_kind"), ("1", "wrong_kind"), ("null", "wrong_kind"), (#""type""#, "wrong_kind"),
        ("{}", "missing_key"), (#"{"payload":"AQ=="}"#, "missing_key"), (#"{"TYPE":1}"#, "missing_key"),
        (#"{"type":"1"}"#, "wrong_kind"), (#"{"type":-1}"#, "wrong_kind"), (#"{"type":1.0}"#, "wrong_kind"),
        (#"{"type":1e0}"#, "wrong_kind"),
        (#"{"type":null}"#, "wrong_kind"), (#"{"type":18446744073709551616}"#, "wrong_kind"), (#"{"type":[1]}"#, "wrong_kind"),
        (#"{"type":1,"timestamp":"5"}"#, "wrong_kind"), (#"{"type":1,"timestamp":null}"#, "wrong_kind"),
        (#"{"type":1,"timestamp":1.5}"#, "wrong_kind"), (#"{"type":1,"timestamp":9223372036854775808}"#, "wrong_kind"),
        (#"{"type":1,"payload":5}"#, "wrong_kind"), (#"{"type":1,"payload":["AQ=="]}"#, "wrong_kind"),
        (#"{"type":1,"payload":true}"#, "wrong_kind"),
        (#"{"type":1,"payload":"AQ="}"#, "bad_base64"), (#"{"type":1,"payload":"AQ"}"#, "bad_base64"),
        (#"{"type":1,"payload":"A!=="}"#, "bad_base64"),
        (#"{"type":1,"payload":"AR=="}"#, "bad_base64"), (#"{"type":1,"payload":"AQ==AQ=="}"#, "bad_base64"),
        (#"{"type":1,"payload":"AQ\n=="}"#, "bad_base64"), (#"{"type":1,"payload":"_-8="}"#, "bad_base64"),
        (#"{"type":1,"payload":{}}"#, "payload_is_object"), (#"{"type":1,"payload":{"block":{}},"from":""}"#, "payload_is_object"),
        (#"{"type":1,"type":1}"#, "repeated_key"), (#"{"type":1,"payload":"","payload":""}"#, "repeated_key"),
        (#"{"type":1,"ty\u0070e":1}"#, "repeated_key"), (#"{"type":1,"x":1,"x":1}"#, "repeated_key"),
        (#"{"type":1,"\u0078":1,"x":1}"#, "repeated_key"),
        (#"{"type":1}{}"#, "trailing_bytes"), (#"{"type":1} x"#, "trailing_bytes"), ("{\"type\":1}\u{0}", "trailing_bytes"),
        (#"{"type":1,"signature":"0x00"}"#, "bad_signature"), (#"{"type":1,"signature":"zz"}"#, "bad_signature"),
        (#"{"type":1,"signature":null}"#, "wrong_kind"), (#"{"type":1,"signature":5}"#, "wrong_kind"),
    ])
    func whatIsWrongIsAViolation(_ text: String, _ name: String) {
        #expect(violation { () throws(Violation) in try decodeMessage(text) }?.name == name)
    }

    @Test func aSignatureIsLowerCase0xAnd130Digits() {
        let digits = String(repeating: "Ab", count: 65)
        #expect(violation { () throws(Violation) in try decodeMessage(#"{"type":1,"signature":"0x\#(digits)"}"#) } == nil)
        for bad in [digits, "0X\(digits)", "0x\(digits)00", "0x\(digits.dropLast())", "0x\(digits.dropLast())g"] {
            #expect(violation { () throws(Violation) in try decodeMessage(#"{"type":1,"signature":"\#(bad)"}"#) }?.name == "bad_signature")
        }
    }

    @Test func nestingIsBoundedAt64() {
        func nested(_ depth: Int) -> String {
            #"{"type":1,"x":"# + String(repeating: "[", count: depth) + String(repeating: "]", count: depth) + "}"
        }
        #expect(violation { () throws(Violation) in try decodeMessage(nested(63)) } == nil)
        #expect(violation { () throws(Violation) in try decodeMessage(nested(64)) } == .nestedTooDeep)
        let endless = #"{"type":1,"x":"# + String(repeating: "[", count: 100_000)
        #expect(violation { () throws(Violation) in try decodeMessage(endless) } == .nestedTooDeep)
        let objects = #"{"type":1,"x":"# + String(repeating: #"{"a":"#, count: 100_000)
        #expect(violation { () throws(Violation) in try decodeMessage(objects) } == .nestedTooDeep)
    }

    @Test func unknownKeysAreBounded() {
        func keys(_ count: Int) -> String { (0..<count).map { #","k\#($0)":0"# }.joined() }
        #expect(violation { () throws(Violation) in try decodeMessage(#"{"type":1\#(keys(NetworkLimits.maxUnknownKeys))}"#) } == nil)
        #expect(
            violation { () throws(Violation) in try decodeMessage(#"{"type":1\#(keys(NetworkLimits.maxUnknownKeys + 1))}"#) }
                == .tooManyUnknownKeys)
    }

    @Test func everyMessageOfTheGoDialectIsRecognised() throws {
        struct File: Decodable {
            struct Frame: Decodable {
                var json: String
                var hex: String

                enum CodingKeys: String, CodingKey {
                    case json
                    case hex = "frame_hex"
                }
            }
            var frames: [Frame]
        }
        let frames = try Vectors.decode(File.self, from: "wire-go-dialect.json").frames
        #expect(!frames.isEmpty)
        for frame in frames {
            let bytes = try #require(Hex.decode(frame.hex.utf8))
            var harness = DecoderHarness()
            harness.feed(bytes)
            #expect(harness.frames == [Array(frame.json.utf8)])
            let found = violation { () throws(Violation) in try decodeMessage(frame.json) }
            // A nil payload is a null, which is empty in our dialect.
            #expect(found == .payloadIsObject || frame.json.contains(#""payload":null"#))
        }
    }

    @Test func violationsSpeakWithoutThePeersText() {
        let all: [Violation] = [
            .emptyFrame, .frameTooLong(byteCount: 1, limit: 0), .frameTooSlow(received: 0, byteCount: 1), .malformedJSON(reason: "r"),
            .nestedTooDeep, .trailingBytes(offset: 1), .repeatedKey("k"), .tooManyUnknownKeys, .wrongKind(key: "k", reason: "r"),
            .missingKey("k"), .badBase64(reason: "r"), .payloadIsObject, .badSignature(reason: "r"),
            .foreignSignature(expected: "a", found: "b"), .badPayload(type: .ping, reason: "r"),
        ]
        #expect(Set(all.map(\.name)).count == all.count)
        #expect(all.allSatisfy { $0.name.allSatisfy { $0.isLowercase || $0 == "_" || $0.isNumber } && !$0.description.isEmpty })
    }
}

@Suite struct EnvelopeRoundTripTests {
    @Test func whatIsEncodedDecodesToTheSame() throws {
        var random = randomRun("envelopes")
        for _ in 0..<300 {
            let type = random.pick(MessageType.allCases)
            let payload = random.bytes(random.below(random.below(10) == 0 ? 20_000 : 200))
            let timestamp = Int64(truncatingIfNeeded: random.next())
            let bytes = try FrameEncoder.frame(type: type, payload: payload, timestamp: timestamp)
            var harness = DecoderHarness()
            harness.feed(bytes)
            #expect(harness.frames.count == 1)
            let message = try decodeMessage(harness.frames[0])
            #expect(message.known == type)
            #expect(message.payload == payload)
            #expect(message.timestamp == timestamp)
            #expect(message.signature == nil)
            // Foundation reads it too, and judges the JSON and the base64 independently.
            let object = try #require(try JSONSerialization.jsonObject(with: Data(bytes[4...])) as? [String: Any])
            #expect(object["payload"] as? String == Data(payload).base64EncodedString())
        }
    }

    @Test func mutatedEnvelopesNeverTrap() throws {
        var random = randomRun("mutated envelopes")
        let seeds = [
            #"{"type":3,"payload":"NDI=","timestamp":1704556800,"signature":"0x\#(String(repeating: "ab", count: 65))"}"#,
            #"{"x":{"y":[1,-2.5e-3,"\ud83d\ude00\\\"",null,true,false]},"type":1,"payload":null,"timestamp":-5}"#,
        ].map { Array($0.utf8) }
        var refused = 0
        for _ in 0..<5000 {
            let bytes = random.mutate(random.pick(seeds))
            if violation({ () throws(Violation) in try decodeMessage(bytes) }) != nil { refused += 1 }
        }
        #expect(refused > 1000 && refused < 5000)
    }

    @Test func aFrameOverTheCapIsRefused() throws {
        #expect(throws: FrameTooLong.self) {
            try FrameEncoder.frame(type: .block, payload: [UInt8](repeating: 0, count: 1000), timestamp: 0, maxFrameBytes: 1300)
        }
        let error = #expect(throws: FrameTooLong.self) {
            try FrameEncoder.frame(type: .block, payload: [UInt8](repeating: 0, count: 8 << 20), timestamp: 0)
        }
        #expect(error?.limit == NetworkLimits.maxFrameBytes)
    }

    @Test func theLongestPayloadFitsUnderTheCapAlsoWhenSigned() throws {
        var generator = SplitMix64(seed: 3)
        let key = PrivateKey.generate(using: &generator)
        for cap in [1000, 1001, 1002, 1003, 4096, 100_000] {
            let payload = [UInt8](repeating: 1, count: FrameEncoder.maxPayloadBytes(maxFrameBytes: cap))
            let bytes = try FrameEncoder.frame(type: .pong, payload: payload, timestamp: .min, signer: key, maxFrameBytes: cap)
            #expect(bytes.count <= cap + 4)
            #expect(bytes.count > cap - 270)
        }
    }
}

@Suite struct EnvelopeSignatureTests {
    let key: PrivateKey
    let other: PrivateKey

    init() {
        var generator = SplitMix64(seed: 77)
        key = PrivateKey.generate(using: &generator)
        other = PrivateKey.generate(using: &generator)
    }

    func signed() throws -> Envelope {
        let bytes = try FrameEncoder.frame(type: .ping, payload: [1, 2, 3], timestamp: 99, signer: key)
        return try decodeMessage(Array(bytes[4...]))
    }

    @Test func aSignedMessageVerifies() throws {
        let message = try signed()
        #expect(message.signature?.count == 65)
        try message.verify(expected: key.address)
        try message.verify(expected: nil)
    }

    @Test func theDigestIsTypePayloadTimestamp() throws {
        let digest = Envelope.digest(type: .ping, payload: [1, 2, 3], timestamp: 99)
        #expect(digest == SHA256.hash([8, 1, 2, 3, 0, 0, 0, 0, 0, 0, 0, 99]))
    }

    @Test func anotherKeysSignatureIsForeign() throws {
        let message = try signed()
        let found = violation { () throws(Violation) in try message.verify(expected: other.address) }
        #expect(found == .foreignSignature(expected: other.address.description, found: key.address.description))
    }

    @Test func anyChangeBreaksTheSignature() throws {
        for change in 0..<3 {
            var message = try signed()
            switch change {
            case 0: message.type = 9
            case 1: message.payload[0] ^= 1
            default: message.timestamp += 1
            }
            #expect(violation { () throws(Violation) in try message.verify(expected: key.address) } != nil)
        }
    }

    @Test func anUnsignedMessagePasses() throws {
        try decodeMessage(#"{"type":8}"#).verify(expected: key.address)
    }

    @Test func aSignatureOfNobodyIsBad() throws {
        for byte in [0x00, 0xFF, 0x04] as [UInt8] {
            var message = try signed()
            message.signature = [UInt8](repeating: byte, count: 65)
            #expect(violation { () throws(Violation) in try message.verify(expected: nil) }?.name == "bad_signature")
        }
    }
}
