import Foundation
import TestKit

/// A WebSocket client that can break every rule.
final class WebSocketClient: Sendable {
    let raw: RawClient

    struct Frame: Sendable {
        var isLast: Bool
        var opcode: UInt8
        var payload: [UInt8]

        var text: String { String(decoding: payload, as: UTF8.self) }
        /// Of a close frame.
        var closeCode: Int? { payload.count >= 2 ? Int(payload[0]) << 8 | Int(payload[1]) : nil }

        var json: [String: Any] {
            get throws {
                guard opcode == 1, let object = try JSONSerialization.jsonObject(with: Data(payload)) as? [String: Any] else {
                    throw TestFailure("not an event: \(opcode) \(text)")
                }
                return object
            }
        }
    }

    private init(_ raw: RawClient) { self.raw = raw }

    static let path = "/api/v1/ws"

    static let headers = [
        "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    ]

    /// Connects and shakes hands.
    static func connect(port: UInt16, reads: Bool = true) async throws -> WebSocketClient {
        let raw = try await RawClient.connect(port: port, reads: reads)
        if !reads { raw.readOnce() }
        let answer = try await raw.send("GET", path, headers: headers)
        guard answer.status == 101 else { throw TestFailure("no WebSocket: \(answer.status)") }
        return WebSocketClient(raw)
    }

    // MARK: Out

    func send(_ text: String) async throws { try await send(opcode: 1, Array(text.utf8)) }

    func subscribe(_ events: String...) async throws { try await order("subscribe", events) }
    func unsubscribe(_ events: String...) async throws { try await order("unsubscribe", events) }

    private func order(_ action: String, _ events: [String]) async throws {
        try await send(#"{"action":"\#(action)","events":[\#(events.map { "\"\($0)\"" }.joined(separator: ","))]}"#)
    }

    /// A frame. `first` replaces its first byte.
    func send(opcode: UInt8, _ payload: [UInt8] = [], isLast: Bool = true, reserved: UInt8 = 0, masked: Bool = true) async throws {
        let mask: [UInt8] = [0x12, 0x34, 0x56, 0x78]
        var frame = [(isLast ? 0x80 : 0) | reserved << 4 | opcode]
        let bit: UInt8 = masked ? 0x80 : 0
        if payload.count < 126 {
            frame.append(bit | UInt8(payload.count))
        } else {
            frame += [bit | 126, UInt8(payload.count >> 8), UInt8(payload.count & 0xff)]
        }
        frame += masked ? mask + payload.enumerated().map { $1 ^ mask[$0 % 4] } : payload
        try await raw.send(frame)
    }

    /// Answers once everything before it has been taken in.
    func ping() async throws {
        try await send(opcode: 9, Array("now".utf8))
        while try await frame().opcode != 10 {}
    }

    // MARK: In

    func frame() async throws -> Frame {
        try await raw.take("a frame") { bytes in
            var rest = bytes
            guard let first = rest.popFirst(), let short = rest.popFirst() else { return nil }
            guard short & 0x80 == 0 else { throw TestFailure("a server's frame is masked") }
            var count = Int(short)
            if short >= 126 {
                let width = short == 126 ? 2 : 8
                guard rest.count >= width else { return nil }
                count = rest.prefix(width).reduce(0) { $0 << 8 | Int($1) }
                rest = rest.dropFirst(width)
            }
            guard rest.count >= count else { return nil }
            let frame = Frame(isLast: first & 0x80 != 0, opcode: first & 0x0f, payload: Array(rest.prefix(count)))
            return (frame, count: bytes.count - rest.count + count)
        }
    }

    /// The next event of a type, passing over others.
    func event(_ type: String) async throws -> [String: Any] {
        while true {
            let json = try await frame().json
            if json["type"] as? String == type { return json }
        }
    }

    /// The code of the close frame that comes, passing over events.
    func closeCode() async throws -> Int? {
        while true {
            let frame = try await frame()
            if frame.opcode == 8 { return frame.closeCode }
        }
    }

    func close() { raw.close() }
}
