import Foundation
import Network
import Primitives
import TestKit
import Testing
import Wire

@Suite struct BlockRequestTests {
    func decode(_ text: String) throws(Violation) -> BlockRequest { try BlockRequest(decoding: Array(text.utf8)) }

    @Test(arguments: [
        ("42", "42"), ("0", "0"), ("007", "7"), ("18446744073709551615", "18446744073709551615"), ("101-200", "101-200"), ("5-5", "5-5"),
        ("0-99", "0-99"), ("1-101", "1-100"), ("1-18446744073709551615", "1-100"), ("0-18446744073709551615", "0-99"),
        ("18446744073709551000-18446744073709551615", "18446744073709551000-18446744073709551099"),
        ("18446744073709551610-18446744073709551615", "18446744073709551610-18446744073709551615"),
    ])
    func aRequestReadsAndIsCutToOneHundred(_ text: String, _ expected: String) throws {
        let request = try decode(text)
        #expect(request.description == expected)
        #expect(request.range.count <= 100)
        #expect(try BlockRequest(decoding: request.encode()) == request)
    }

    @Test func aRangeOfOneIsStillARange() throws {
        #expect(try decode("5-5") == .range(HeightRange(5)))
        #expect(try decode("5") == .single(5))
    }

    @Test(arguments: [
        "", " ", "-", "5-", "-5", "5-4", "+5", "5 ", " 5", "5--6", "5-6-7", "0x10", "1e3", "1.0", "5\n", "a", "\"5\"", "٣",
        "18446744073709551616", "1-18446744073709551616", "99999999999999999999999", "[1,2]", String(repeating: "0", count: 42),
    ])
    func anythingElseIsAViolation(_ text: String) {
        #expect(violation { () throws(Violation) in try decode(text) }?.name == "bad_payload")
    }
}

@Suite struct HandshakeCodingTests {
    static let full = Handshake(
        version: "1.0.0", chainID: "0xab", height: 7, nodeType: .producer, listenAddress: "0.0.0.0:9000",
        capabilities: ["txbatch", "ping"],
        nodeID: "0x0a8479160FAF69D64Ee5ae0e5a78cB63dE4e1836", nonce: .max, rules: SHA256.hash([]),
        commit: "0a1b2c3d4e-dirty")

    func decode(_ text: String) throws(Violation) -> Handshake { try Handshake(decoding: Array(text.utf8)) }

    @Test func theKeysAreTheSeedsThenOurs() {
        let text = String(decoding: Self.full.encode(), as: UTF8.self)
        #expect(
            text
                == #"{"Version":"1.0.0","ChainID":"0xab","Height":7,"NodeType":"producer","ListenAddr":"0.0.0.0:9000","#
                + #""Capabilities":["txbatch","ping"],"#
                + #""NodeID":"0x0a8479160FAF69D64Ee5ae0e5a78cB63dE4e1836","Nonce":"18446744073709551615","#
                + #""Rules":"0xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","Commit":"0a1b2c3d4e-dirty"}"#
        )
    }

    @Test func whatIsNotSetIsNotWritten() {
        let plain = Handshake(version: "1.0.0", chainID: "c", height: 0, nodeType: .full, listenAddress: "")
        let text = String(decoding: plain.encode(), as: UTF8.self)
        #expect(text == #"{"Version":"1.0.0","ChainID":"c","Height":0,"NodeType":"full","ListenAddr":""}"#)
    }

    @Test func whatIsEncodedDecodesToTheSame() throws {
        var random = randomRun("handshakes")
        let alphabet = (0x20...0x7E).map { UInt8($0) }
        func text(_ count: Int) -> String {
            String(decoding: (0..<1 + random.below(count)).map { _ in random.pick(alphabet) }, as: UTF8.self)
        }
        for _ in 0..<300 {
            let handshake = Handshake(
                version: text(64), chainID: text(128), height: random.next(), nodeType: NodeType(text(32)), listenAddress: text(259),
                capabilities: (0..<random.below(33)).map { _ in text(32) },
                nodeID: random.below(2) == 0 ? nil : Address(random.bytes(20))?.description,
                nonce: random.below(2) == 0 ? nil : random.next(),
                rules: random.below(2) == 0 ? nil : Hash32(random.bytes(32)),
                commit: random.below(2) == 0 ? nil : text(64))
            #expect(try Handshake(decoding: handshake.encode()) == handshake)
        }
    }

    @Test(arguments: [
        #"{"version":"1.0.0","chain_id":"c","height":3,"node_type":"full","listen_addr":":1"}"#,
        #"{"VERSION":"1.0.0","ChainId":"c","HEIGHT":3,"NodeType":"full","Listen_Addr":":1","Future":{"a":[1]}}"#,
        #"{"_version_":"1.0.0","chainID":"c","Height":3,"nodetype":"full","listenaddr":":1","Capabilities":null,"NodeID":null}"#,
        #"{"Version":"1.0.0","ChainID":"c","Height":3,"NodeType":"full","ListenAddr":":1","NodeID":"","Nonce":"","Rules":""}"#,
        #"{"Version":"1.0.0","ChainID":"c","Height":3,"NodeType":"full","ListenAddr":":1","rules":null}"#,
    ])
    func keysMatchWithoutCaseAndUnderscores(_ text: String) throws {
        let expected = Handshake(version: "1.0.0", chainID: "c", height: 3, nodeType: .full, listenAddress: ":1")
        #expect(try decode(text) == expected)
    }

    @Test func whatIsNotNeededMayBeAbsent() throws {
        let handshake = try decode(#"{"Version":"1.0.0","ChainID":"c"}"#)
        #expect(handshake.height == 0 && handshake.nodeType == .full && handshake.listenAddress == "")
    }

    @Test(arguments: [
        "", "[]", "null", "{}", "{", #"{"Version":"1.0.0"}"#, #"{"ChainID":"c"}"#, #"{"Version":"","ChainID":"c"}"#,
        #"{"Version":"1.0.0","ChainID":"c"} x"#, #"{"Version":1,"ChainID":"c"}"#, #"{"Version":"1.0.0","ChainID":"c","Height":"3"}"#,
        #"{"Version":"1.0.0","ChainID":"c","Height":-1}"#, #"{"Version":"1.0.0","version":"1.0.0","ChainID":"c"}"#,
        #"{"Version":"1.0.0","ChainID":"c","chain_id":"c"}"#, #"{"Version":"1.0.0","ChainID":"c","x":1,"x":1}"#,
        #"{"Version":"1.0.0","ChainID":"c","Capabilities":"ping"}"#, #"{"Version":"1.0.0","ChainID":"c","Capabilities":[1]}"#,
        #"{"Version":"1.0.0","ChainID":"c","NodeID":"0x12"}"#, #"{"Version":"1.0.0","ChainID":"c","Nonce":5}"#,
        #"{"Version":"1.0.0","ChainID":"c","Nonce":"-5"}"#, #"{"Version":"1.0.0","ChainID":"c","Nonce":"18446744073709551616"}"#,
        #"{"Version":"1.0.0","ChainID":"c","Commit":7}"#, #"{"Version":"1.0.0","ChainID":"c","Commit":"a\nb"}"#,
        #"{"Version":"1.0.0","ChainID":"c","Rules":"0x12"}"#, #"{"Version":"1.0.0","ChainID":"c","Rules":["a"]}"#,
        #"{"Version":"1.0.0","ChainID":"c","Rules":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}"#,
        #"{"Version":"1.0.0","ChainID":"c","NodeType":"a\nb"}"#, #"{"Version":"1.0.0","ChainID":"c\u007f"}"#,
    ])
    func whatIsWrongIsAViolationOfTheHandshake(_ text: String) {
        guard case .badPayload(.handshake, _)? = violation({ () throws(Violation) in try decode(text) }) else {
            Issue.record("accepted \(text)")
            return
        }
    }

    @Test func everyTextAndArrayIsBounded() throws {
        func handshake(_ change: (inout Handshake) -> Void) -> [UInt8] {
            var handshake = Self.full
            change(&handshake)
            return handshake.encode()
        }
        func long(_ count: Int) -> String { String(repeating: "a", count: count) }
        for (extra, passes) in [(0, true), (1, false)] {
            for bytes in [
                handshake { $0.version = long(64 + extra) }, handshake { $0.chainID = long(128 + extra) },
                handshake { $0.nodeType = .other(long(32 + extra)) }, handshake { $0.listenAddress = long(259 + extra) },
                handshake { $0.capabilities = [long(32 + extra)] }, handshake { $0.commit = long(64 + extra) },
                handshake { $0.capabilities = Array(repeating: "a", count: 32 + extra) },
            ] {
                #expect((violation { () throws(Violation) in try Handshake(decoding: bytes) } == nil) == passes)
            }
        }
        let padded = Array(#"{"Version":"1.0.0","ChainID":"c","x":"\#(long(NetworkLimits.maxControlPayloadBytes))"}"#.utf8)
        #expect(violation { () throws(Violation) in try Handshake(decoding: padded) } != nil)
    }

    @Test func mutatedHandshakesNeverTrap() {
        var random = randomRun("mutated handshakes")
        let bytes = Self.full.encode()
        var refused = 0
        for _ in 0..<3000 where violation({ () throws(Violation) in try Handshake(decoding: random.mutate(bytes)) }) != nil { refused += 1 }
        #expect(refused > 500)
    }
}

@Suite struct PingTests {
    func decode(_ text: String) throws(Violation) -> Ping { try Ping(decoding: Array(text.utf8), type: .pong) }

    @Test func aPingIsWrittenAsThePageSays() throws {
        let ping = Ping(nonce: .max, height: 12)
        #expect(String(decoding: ping.encode(), as: UTF8.self) == #"{"nonce":"18446744073709551615","height":12}"#)
        #expect(try Ping(decoding: ping.encode()) == ping)
        #expect(try decode(#"{"x":[],"height":12,"nonce":"18446744073709551615"}"#) == ping)
        #expect(try decode(#"{"nonce":"3"}"#) == Ping(nonce: 3, height: 0))
    }

    @Test(arguments: [
        "", "5", "{}", #"{"height":5}"#, #"{"nonce":5}"#, #"{"nonce":"","height":5}"#, #"{"nonce":"x"}"#, #"{"nonce":"1","height":"5"}"#,
        #"{"nonce":"1","nonce":"1"}"#, #"{"nonce":"1"}}"#, #"{"nonce":"18446744073709551616"}"#,
    ])
    func whatIsWrongIsAViolationOfItsType(_ text: String) {
        guard case .badPayload(.pong, _)? = violation({ () throws(Violation) in try decode(text) }) else {
            Issue.record("accepted \(text)")
            return
        }
    }
}

@Suite struct PeerListTests {
    func decode(_ text: String) throws(Violation) -> PeerList { try PeerList(decoding: Array(text.utf8)) }

    @Test func anEmptyPayloadAsks() throws {
        #expect(try decode("") == .request)
    }

    @Test func anAnswerListsEndpoints() throws {
        let endpoints = try ["1.2.3.4:9000", "[::1]:9000", "node.example:1"].map { try #require(Endpoint($0)) }
        let payload = PeerList.encode(endpoints)
        #expect(String(decoding: payload, as: UTF8.self) == #"["1.2.3.4:9000","[::1]:9000","node.example:1"]"#)
        #expect(try PeerList(decoding: payload) == .answer(endpoints, skipped: 0))
        #expect(try PeerList(decoding: PeerList.encode([])) == .answer([], skipped: 0))
        #expect(try decode("null") == .answer([], skipped: 0))
    }

    @Test func whatCannotBeDialledIsSkippedAndCounted() throws {
        let text = #"["nonsense","1.2.3.4:0","0.0.0.0:9000","1.2.3.4:9000","","[::]:1","\#(String(repeating: "a", count: 5000)):1"]"#
        #expect(try decode(text) == .answer([try #require(Endpoint("1.2.3.4:9000"))], skipped: 6))
    }

    @Test func atMostOneThousandEntries() throws {
        func list(_ count: Int) -> String { "[" + Array(repeating: #""1.2.3.4:1""#, count: count).joined(separator: ",") + "]" }
        guard case .answer(let endpoints, 0) = try decode(list(1000)) else {
            Issue.record("refused 1000 entries")
            return
        }
        #expect(endpoints.count == 1000)
        #expect(violation { () throws(Violation) in try decode(list(1001)) }?.name == "bad_payload")
        let broken = "[" + Array(repeating: #""x""#, count: 1001).joined(separator: ",") + "]"
        #expect(violation { () throws(Violation) in try decode(broken) }?.name == "bad_payload")
        let endpoint = try #require(Endpoint("1.2.3.4:1"))
        #expect(try decode(String(decoding: PeerList.encode(Array(repeating: endpoint, count: 2000)), as: UTF8.self)) == decode(list(1000)))
    }

    @Test(arguments: ["{}", "5", #"[1]"#, #"["a:1",null]"#, #"["a:1"] x"#, #"["a:1""#, #"["a:1",]"#, #"[["a:1"]]"#])
    func anotherShapeIsAViolation(_ text: String) {
        #expect(violation { () throws(Violation) in try decode(text) }?.name == "bad_payload")
    }
}
