import NIOCore
import NIOHTTP1
import PodoruConfiguration
import TestKit
import Testing

@testable import API

/// How the server begins and ends.
@Suite struct StopTests {
    @Test func webSocketClientsGet1001AndRequestsUnderWayTheirAnswer() async throws {
        let (requests, begun) = AsyncStream.makeStream(of: Void.self)
        let (gate, opened) = AsyncStream.makeStream(of: Void.self)
        let slow = Route(.GET, "/slow") { _ in
            begun.yield()
            for await _ in gate { break }
            return APIResponse(body: Array("slow".utf8))
        }
        var limits = APILimits()
        // The test opens the gate, however long a loaded machine takes.
        limits.stopDeadline = .seconds(60)
        let api = try await APINode.start(limits: limits, routes: [slow])
        let socket = try await WebSocketClient.connect(port: api.port)
        let idle = try await RawClient.connect(port: api.port)
        _ = try await idle.send("GET", "/api/v1/node/health")
        let busy = try await RawClient.connect(port: api.port)
        try await busy.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
        try await eventually("the server knows them") { try await api.server.connectionCount == 3 }
        for await _ in requests { break }
        async let stopped: Void = api.stop()
        let code = try await socket.closeCode()
        #expect(code == 1001)
        opened.yield()
        let answer = try await busy.answer()
        #expect(answer.text == "slow" && answer["Connection"] == "close")
        for client in [socket.raw, idle, busy] { try await client.closed() }
        await stopped
    }

    @Test func clientsThatDoNotAnswerHoldNothingUp() async throws {
        let api = try await APINode.start()
        var clients: [RawClient] = []
        for _ in 0..<50 {
            clients.append(try await WebSocketClient.connect(port: api.port, reads: false).raw)
            let half = try await RawClient.connect(port: api.port)
            try await half.send("GET /")
            clients.append(half)
        }
        let begin = ContinuousClock.now
        await api.stop()
        #expect(ContinuousClock.now - begin < .seconds(10))
        for client in clients { client.close() }
    }

    @Test func anAddressInUseIsSaid() async throws {
        try await withAPINode { api in
            let configure: (inout NodeConfiguration) -> Void = { $0.apiPort = api.port }
            do {
                let second = try await APINode.start(configure: configure)
                await second.stop()
                Issue.record("two servers on one port")
            } catch let error as APIServerError {
                #expect(error.description.contains("\(api.port)") && error.description.contains("api_port"))
            }
        }
    }
}
