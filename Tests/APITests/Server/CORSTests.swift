import NIOHTTP1
import PodoruConfiguration
import Testing

@testable import API

/// What a browser asks for before it shows a page an answer.
@Suite struct CORSTests {
    static let anyOrigin = "Access-Control-Allow-Origin"

    @Test func everyAnswerIsForEverybodyByDefault() async throws {
        try await withAPINode { api in
            for path in ["/api/v1/node/health", "/nowhere", "/api/v1/ws", "/%"] {
                let answer = try await api.get(path, headers: ["Origin": "https://a.example"])
                #expect(answer[Self.anyOrigin] == "*")
                #expect(answer["Access-Control-Allow-Credentials"] == nil)
            }
            let wrong = try await api.send("POST", "/api/v1/ws")
            #expect(wrong.status == 405 && wrong[Self.anyOrigin] == "*")
            let client = try await RawClient.connect(port: api.port)
            try await client.send("nonsense\r\n\r\n")
            let answer = try await client.answer()
            #expect(answer.status == 400 && answer[Self.anyOrigin] == "*")
        }
    }

    @Test func aPreflightIs204OnEveryPath() async throws {
        try await withAPINode { api in
            for path in ["/api/v1/node/health", "/nowhere", "*", "/%"] {
                let answer = try await api.send(
                    "OPTIONS", path,
                    headers: [
                        "Origin": "https://a.example", "Access-Control-Request-Method": "GET",
                        "Access-Control-Request-Headers": "content-type",
                    ])
                #expect(answer.status == 204)
                #expect(answer[Self.anyOrigin] == "*")
                #expect(answer["Access-Control-Allow-Methods"]?.contains("POST") == true)
                #expect(answer["Access-Control-Allow-Headers"]?.contains("Content-Type") == true)
                #expect(answer["Access-Control-Max-Age"].flatMap { Int($0) } ?? 0 > 0)
                #expect(answer["Content-Length"] == nil)
            }
        }
    }

    @Test func aListedOriginIsEchoedAndAnotherGetsNothing() async throws {
        let configure: (inout NodeConfiguration) -> Void = { $0.apiCORSOrigins = ["https://a.example", "http://b.example:3000"] }
        try await withAPINode(configure: configure) { api in
            let listed = try await api.get("/nowhere", headers: ["Origin": "http://b.example:3000"])
            #expect(listed[Self.anyOrigin] == "http://b.example:3000")
            #expect(listed["Vary"] == "Origin")
            let other = try await api.get("/nowhere", headers: ["Origin": "https://evil.example"])
            #expect(other[Self.anyOrigin] == nil && other["Vary"] == "Origin")
            let preflight = try await api.send("OPTIONS", "/", headers: ["Origin": "https://evil.example"])
            #expect(preflight.status == 204 && preflight["Access-Control-Allow-Methods"] == nil)
            // A page that is not listed may not listen either.
            let socket = try await api.get(
                WebSocketClient.path, headers: WebSocketClient.headers.merging(["Origin": "https://evil.example"]) { $1 })
            #expect(socket.status == 403)
        }
    }
}
