import Foundation
import TestKit
import Testing

@testable import API

/// A whole node under clients that mean no good, as a process.
@Suite(.serialized) struct AbuseTests {
    @Test func halfOpenRequestsAndDeafListenersHoldNothingUp() async throws {
        raiseDescriptorLimit()
        try await withNodeProcess { node in
            let port = node.port
            let warm = try await requestTimes(port, count: 100)
            let before = try node.process.privateBytes / 1024

            var half: [RawClient] = []
            for _ in 0..<1000 {
                let client = try await RawClient.connect(port: port)
                client.push(Array("GET /api/v1/chain/info HTTP/1.1\r\nHost: a\r\nX: ".utf8))
                half.append(client)
            }
            var listeners = [try await WebSocketClient.connect(port: port, reads: false)]
            for _ in 0..<499 { listeners.append(try await WebSocketClient.connect(port: port)) }
            let under = try await requestTimes(port, count: 200)
            let during = try node.process.privateBytes / 1024
            // Every listener is told of a block.
            for listener in listeners.dropFirst().prefix(20) { _ = try await listener.event("new_block") }

            print(
                """
                abuse: requests p50 \(under[under.count / 2]) p99 \(under[under.count * 99 / 100]) (idle p50 \(warm[warm.count / 2])), \
                memory \(before) KiB idle, \(during) KiB with 1,000 half-open and 500 listeners
                """)
            #expect(under[under.count / 2] < .seconds(1))

            for client in half { client.close() }
            for listener in listeners { listener.close() }
            // What they held, some 10 MiB, is the system's again, but for pages with a piece in use.
            var after = during
            try await eventually("the memory is back near its level: \(before) KiB") {
                after = try node.process.privateBytes / 1024
                return after < before + 6 * 1024
            }
            print("abuse: memory \(after) KiB after it")

            let end = try await node.terminate()
            #expect(end.code == 0)
        }
    }

    @Test func SIGTERMEndsItInTimeWithAllOfThatOpen() async throws {
        raiseDescriptorLimit()
        try await withNodeProcess { node in
            var clients: [RawClient] = []
            for _ in 0..<1000 {
                let client = try await RawClient.connect(port: node.port)
                client.push(Array("GET / HTTP/1.1\r\n".utf8))
                clients.append(client)
            }
            let deaf = try await WebSocketClient.connect(port: node.port, reads: false)
            var listeners: [WebSocketClient] = []
            for _ in 0..<500 { listeners.append(try await WebSocketClient.connect(port: node.port)) }
            let end = try await node.terminate()
            print("abuse: SIGTERM to exit \(end.time)")
            #expect(end.code == 0)
            #expect(end.time < .seconds(5))
            for listener in listeners.prefix(5) {
                let code = try await listener.closeCode()
                #expect(code == 1001)
            }
            for client in clients + [deaf.raw] + listeners.map(\.raw) { client.close() }
        }
    }

    @Test func tooFewDescriptorsDoNotEndTheListener() async throws {
        raiseDescriptorLimit()
        try await withNodeProcess(openFiles: 80) { node in
            var clients: [RawClient] = []
            for _ in 0..<100 { clients.append(try await RawClient.connect(port: node.port)) }
            // Some of them are in the kernel's queue: the server cannot accept them now.
            try await eventually("the listener rests") { node.logged.contains("the HTTP API rests") }
            for client in clients { client.close() }
            try await eventually("it serves again") {
                let client = try await RawClient.connect(port: node.port)
                defer { client.close() }
                return try await client.send("GET", "/api/v1/chain/info").status == 200
            }
            let end = try await node.terminate()
            #expect(end.code == 0)
        }
    }

    @Test func anAddressInUseEndsTheCommandWith69() async throws {
        try await withNodeProcess { node in
            let second = try APIProcess(apiPort: node.port)
            defer { second.kill() }
            let end = try await second.runToEnd()
            #expect(end == 69)
            #expect(second.logged.contains("\(node.port)") && second.logged.contains("api_port"))
        }
    }

    /// The times of requests on connections of their own, ascending.
    private func requestTimes(_ port: UInt16, count: Int) async throws -> [Duration] {
        var times: [Duration] = []
        for _ in 0..<count {
            let begin = ContinuousClock.now
            let client = try await RawClient.connect(port: port)
            let answer = try await client.send("GET", "/api/v1/chain/info")
            times.append(ContinuousClock.now - begin)
            #expect(answer.status == 200)
            client.close()
        }
        return times.sorted()
    }
}
