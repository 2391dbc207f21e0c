import NIOCore
import PodoruConfiguration
import TestKit
import Testing

@testable import API

/// The WebSocket to the letter of RFC 6455, from raw frames.
@Suite struct WebSocketProtocolTests {
    @Test func theHandshakeIsThatOfTheRFC() async throws {
        try await withAPINode { api in
            let answer = try await api.get(WebSocketClient.path, headers: WebSocketClient.headers)
            #expect(answer.status == 101)
            #expect(answer["Upgrade"] == "websocket")
            #expect(answer["Connection"] == "Upgrade")
            #expect(answer["Sec-WebSocket-Accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
        }
    }

    @Test func whatIsNoHandshakeIsRefusedInJSON() async throws {
        try await withAPINode { api in
            let cases: [(Int, [String: String?])] = [
                (426, ["Upgrade": nil, "Connection": nil]), (426, ["Upgrade": "h2c"]), (400, ["Connection": "keep-alive"]),
                (426, ["Sec-WebSocket-Version": "8"]), (426, ["Sec-WebSocket-Version": nil]), (400, ["Sec-WebSocket-Key": nil]),
                (400, ["Sec-WebSocket-Key": "short"]),
            ]
            for (status, changes) in cases {
                var headers = WebSocketClient.headers
                for (name, value) in changes { headers[name] = value }
                let answer = try await api.get(WebSocketClient.path, headers: headers)
                #expect(answer.status == status, "\(changes)")
                if status == 426 { #expect(answer["Sec-WebSocket-Version"] == "13" && answer["Upgrade"] == "websocket") }
                let error = try answer.error
                #expect(!error.isEmpty)
            }
        }
    }

    @Test func namesInTheHandshakeHaveNoCaseAndMayBeInLists() async throws {
        try await withAPINode { api in
            var headers = WebSocketClient.headers
            headers["Upgrade"] = "WebSocket"
            headers["Connection"] = "keep-alive, UPGRADE"
            let answer = try await api.get(WebSocketClient.path, headers: headers)
            #expect(answer.status == 101)
        }
    }

    @Test func aPingIsAnsweredWithItsPayload() async throws {
        try await withAPINode { api in
            let client = try await WebSocketClient.connect(port: api.port)
            defer { client.close() }
            try await client.send(opcode: 9, Array("hello".utf8))
            let pong = try await client.frame()
            #expect(pong.opcode == 10 && pong.text == "hello")
        }
    }

    @Test func framesBehindTheRequestAreNotLost() async throws {
        try await withAPINode { api in
            let raw = try await RawClient.connect(port: api.port)
            defer { raw.close() }
            let head = WebSocketClient.headers.map { "\($0): \($1)\r\n" }.joined()
            raw.push(Array("GET \(WebSocketClient.path) HTTP/1.1\r\nHost: a\r\n\(head)\r\n".utf8) + [0x89, 0x80, 0, 0, 0, 0])
            let answer = try await raw.answer()
            #expect(answer.status == 101)
            try await eventually("a pong") { raw.received.suffix(2) == [0x8a, 0] }
        }
    }

    struct Violation: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let code: Int
        let frames: [(opcode: UInt8, payload: [UInt8], isLast: Bool, reserved: UInt8, masked: Bool)]

        init(_ name: String, _ code: Int, _ frames: (UInt8, [UInt8], Bool, UInt8, Bool)...) {
            testDescription = name
            self.code = code
            self.frames = frames.map { (opcode: $0.0, payload: $0.1, isLast: $0.2, reserved: $0.3, masked: $0.4) }
        }
    }

    private static let half = [UInt8](repeating: 0x61, count: 2100)

    static let violations = [
        Violation("unmasked", 1002, (1, [0x61], true, 0, false)), Violation("unmasked ping", 1002, (9, [], true, 0, false)),
        Violation("reserved bit 1", 1002, (1, [0x61], true, 4, true)), Violation("reserved bit 2", 1002, (1, [0x61], true, 2, true)),
        Violation("reserved bit 3", 1002, (9, [], true, 1, true)), Violation("reserved opcode 3", 1002, (3, [], true, 0, true)),
        Violation("reserved control opcode", 1002, (11, [], true, 0, true)),
        Violation("fragmented ping", 1002, (9, [], false, 0, true)),
        Violation("long ping", 1002, (9, [UInt8](repeating: 1, count: 126), true, 0, true)),
        Violation("continuation of nothing", 1002, (0, [0x61], true, 0, true)),
        Violation("message within a message", 1002, (1, [0x61], false, 0, true), (1, [0x62], true, 0, true)),
        Violation("half a close code", 1002, (8, [3], true, 0, true)), Violation("close code 1005", 1002, (8, [3, 0xed], true, 0, true)),
        Violation("close code 999", 1002, (8, [3, 0xe7], true, 0, true)),
        Violation("bad text", 1007, (1, [0xff, 0xfe], true, 0, true)),
        Violation("bad text over two frames", 1007, (1, [0xe2, 0x82], false, 0, true), (0, [0x61], true, 0, true)),
        Violation("bad reason", 1007, (8, [3, 0xe8, 0xff], true, 0, true)),
        Violation("large frame", 1009, (1, half + half, true, 0, true)),
        Violation("large message", 1009, (1, half, false, 0, true), (0, half, true, 0, true)),
        Violation("large binary message", 1009, (2, half, false, 0, true), (0, half, false, 0, true)),
    ]

    @Test(arguments: violations) func aViolationIsClosedWithItsCode(_ violation: Violation) async throws {
        try await withAPINode { api in
            let client = try await WebSocketClient.connect(port: api.port)
            for frame in violation.frames {
                try await client.send(
                    opcode: frame.opcode, frame.payload, isLast: frame.isLast, reserved: frame.reserved, masked: frame.masked)
            }
            let code = try await client.closeCode()
            #expect(code == violation.code)
            try await client.raw.closed()
        }
    }

    @Test func whatIsAllowedIsTaken() async throws {
        try await withAPINode { api in
            let client = try await WebSocketClient.connect(port: api.port)
            defer { client.close() }
            // A ping between the parts of a message, a character split over them, an empty part, binary, a pong nobody asked for.
            try await client.send(opcode: 1, [0xe2, 0x82], isLast: false)
            try await client.send(opcode: 9)
            try await client.send(opcode: 0, [], isLast: false)
            try await client.send(opcode: 0, [0xac])
            try await client.send(opcode: 2, [0xff, 0])
            try await client.send(opcode: 10, [1])
            try await client.send(opcode: 1, [UInt8](repeating: 0x20, count: 4096))
            for text in ["", "nonsense", "{}", "[]", "null", #"{"action":"dance"}"#, #"{"action":"subscribe","events":[1]}"#] {
                try await client.send(text)
            }
            try await client.ping()
            #expect(!client.raw.isClosed)
        }
    }

    @Test func aCloseIsAnsweredWithItsCodeAndTheConnectionEnds() async throws {
        try await withAPINode { api in
            for (payload, expected) in [([], nil), ([3, 0xe8] + Array("bye".utf8), 1000), ([0x0f, 0xa0], 4000)] as [([UInt8], Int?)] {
                let client = try await WebSocketClient.connect(port: api.port)
                try await client.send(opcode: 8, payload)
                let code = try await client.closeCode()
                #expect(code == expected)
                try await client.raw.closed()
            }
        }
    }

    @Test func aSilentClientIsAskedAndDropped() async throws {
        var limits = APILimits()
        limits.sweepInterval = .milliseconds(20)
        limits.pingInterval = .milliseconds(100)
        limits.silenceDeadline = .milliseconds(500)
        try await withAPINode(limits: limits) { api in
            let client = try await WebSocketClient.connect(port: api.port)
            let ping = try await client.frame()
            #expect(ping.opcode == 9)
            try await client.raw.closed()
        }
    }

    @Test func tooManyMessagesASecondCloseWith1008() async throws {
        let configure: (inout NodeConfiguration) -> Void = { $0.apiRequestsPerSecond = 5 }
        try await withAPINode(configure: configure) { api in
            let client = try await WebSocketClient.connect(port: api.port)
            // A masked `{}`, forty of them in one write: more than may come at once.
            client.raw.push((0..<40).flatMap { _ in [0x81, 0x82, 0, 0, 0, 0] + Array("{}".utf8) })
            let code = try await client.closeCode()
            #expect(code == 1008)
            try await client.raw.closed()
            // One that keeps to the rate stays.
            try await eventually("it may come again") {
                try await api.get(WebSocketClient.path, headers: WebSocketClient.headers).status == 101
            }
        }
    }

    @Test func clientsAreCapped() async throws {
        let configure: (inout NodeConfiguration) -> Void = { $0.apiMaxWebSocketClients = 2 }
        try await withAPINode(configure: configure) { api in
            let first = try await WebSocketClient.connect(port: api.port)
            let second = try await WebSocketClient.connect(port: api.port)
            let answer = try await api.get(WebSocketClient.path, headers: WebSocketClient.headers)
            #expect(answer.status == 503)
            _ = try answer.error
            first.close()
            try await eventually("there is room again") {
                try await api.get(WebSocketClient.path, headers: WebSocketClient.headers).status == 101
            }
            second.close()
        }
    }
}
