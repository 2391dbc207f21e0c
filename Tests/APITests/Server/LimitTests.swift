import NIOCore
import NIOHTTP1
import Network
import PodoruConfiguration
import TestKit
import Testing

@testable import API

/// Each limit: the status that it has, and that the server goes on.
@Suite struct LimitTests {
    static let routes = DispatchTests.routes

    /// Sends bytes and expects an error's answer, JSON as all, and the end of the connection.
    static func expect(_ status: Int, _ bytes: [UInt8], _ api: APINode, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let client = try await RawClient.connect(port: api.port)
        client.push(bytes)
        let answer = try await client.answer()
        #expect(answer.status == status, "\(String(decoding: bytes.prefix(80), as: UTF8.self))", sourceLocation: sourceLocation)
        #expect(answer["Connection"] == "close", sourceLocation: sourceLocation)
        let error = try answer.error
        #expect(!error.isEmpty)
        try await client.closed()
    }

    static func expect(_ status: Int, _ text: String, _ api: APINode, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        try await expect(status, Array(text.utf8), api, sourceLocation: sourceLocation)
    }

    @Test func whatIsNoHTTPIsRefused() async throws {
        try await withAPINode(routes: Self.routes) { api in
            let faults: [(Int, String)] = [
                (400, "nonsense\r\n\r\n"), (400, "GET /item/a\r\n\r\n"), (505, "GET /item/a HTTP/2.0\r\nHost: a\r\n\r\n"),
                (400, "GET /item/a HTTP/1.1\r\n\r\n"), (400, "GET /item/a HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
                (400, "GET item HTTP/1.1\r\nHost: a\r\n\r\n"), (400, "GET /item/a b HTTP/1.1\r\nHost: a\r\n\r\n"),
                (400, "GET /item/a HTTP/1.1\r\nHost: a\r\nBad Name: x\r\n\r\n"),
                (400, "\u{16}\u{03}\u{01}\u{02}hello\r\n\r\n"),
                (400, "POST /length HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc"),
                (400, "POST /length HTTP/1.1\r\nHost: a\r\nContent-Length: -3\r\n\r\nabc"),
                (400, "POST /length HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\nabc"),
                (400, "POST /length HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
                (400, "POST /length HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n"),
                (501, "POST /length HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
                (417, "POST /length HTTP/1.1\r\nHost: a\r\nExpect: miracles\r\nContent-Length: 3\r\n\r\nabc"),
            ]
            for (status, text) in faults { try await Self.expect(status, text, api) }
            let unknown = try await RawClient.connect(port: api.port)
            try await unknown.send("POST /length HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n")
            let answer = try await unknown.answer()
            #expect([400, 501].contains(answer.status))
            let next = try await api.get("/item/a")
            #expect(next.text == "a")
        }
    }

    @Test func headsAreBounded() async throws {
        try await withAPINode(routes: Self.routes) { api in
            let long = String(repeating: "a", count: 9000)
            try await Self.expect(414, "GET /item/\(long) HTTP/1.1\r\nHost: a\r\n\r\n", api)
            try await Self.expect(414, "GET /item/\(long)\(long)\(long)", api)
            try await Self.expect(431, "GET /item/a HTTP/1.1\r\nHost: a\r\nX: \(long)\(long)\r\n\r\n", api)
            try await Self.expect(431, "GET /item/a HTTP/1.1\r\nHost: a\r\nX: \(long)\r\nY: \(long)\r\n\r\n", api)
            let many = (0..<200).map { "X\($0): 1\r\n" }.joined()
            try await Self.expect(431, "GET /item/a HTTP/1.1\r\nHost: a\r\n\(many)\r\n", api)
            // One byte a header short of the bounds is fine.
            let answer = try await api.get(
                "/item/\(String(repeating: "a", count: 8000))", headers: ["X": String(repeating: "b", count: 7000)])
            #expect(answer.status == 200)
        }
    }

    @Test func bodiesAreBoundedBeforeTheyAreRead() async throws {
        try await withAPINode(routes: Self.routes) { api in
            try await Self.expect(413, "POST /length HTTP/1.1\r\nHost: a\r\nContent-Length: 2097153\r\n\r\n", api)
            let head = Array("POST /length HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n".utf8)
            let chunk = Array("10000\r\n".utf8) + [UInt8](repeating: 1, count: 0x10000) + Array("\r\n".utf8)
            try await Self.expect(413, head + (0..<33).flatMap { _ in chunk }, api)
            let most = try await api.send("POST", "/length", body: [UInt8](repeating: 1, count: 2_097_152))
            #expect(most.text == "2097152 false")
        }
    }

    @Test func allBodiesTogetherAreBounded() async throws {
        var limits = APILimits()
        limits.allBodyBytes = 1000
        try await withAPINode(limits: limits, routes: Self.routes) { api in
            let holder = try await RawClient.connect(port: api.port)
            try await holder.send("POST /length HTTP/1.1\r\nHost: a\r\nContent-Length: 901\r\n\r\n" + String(repeating: "x", count: 900))
            try await eventually("a second body is refused") {
                try await api.send("POST", "/length", body: [UInt8](repeating: 1, count: 200)).status == 503
            }
            try await holder.send("x")
            let answer = try await holder.answer()
            #expect(answer.text == "901 false")
            let next = try await api.send("POST", "/length", body: [UInt8](repeating: 1, count: 999))
            #expect(next.status == 200)
            holder.close()
        }
    }

    @Test func aClientThatAsksFirstIsToldToGoOn() async throws {
        try await withAPINode(routes: Self.routes) { api in
            let client = try await RawClient.connect(port: api.port)
            defer { client.close() }
            try await client.send("POST /length HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
            try await eventually("100 Continue") { client.text == "HTTP/1.1 100 Continue\r\n\r\n" }
            try await client.send("abc")
            let answer = try await client.answer()
            #expect(answer.text == "3 false")
            // One whose answer is known already need not send.
            try await Self.expect(404, "POST /nowhere HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n", api)
        }
    }

    // MARK: Deadlines

    private static var hasty: APILimits {
        var limits = APILimits()
        limits.sweepInterval = .milliseconds(20)
        limits.headDeadline = .milliseconds(300)
        limits.bodyDeadline = .milliseconds(300)
        limits.idleDeadline = .milliseconds(300)
        limits.answerDeadline = .milliseconds(300)
        limits.writeDeadline = .milliseconds(300)
        return limits
    }

    @Test func aSlowHeadIs408() async throws {
        try await withAPINode(limits: Self.hasty, routes: Self.routes) { api in
            try await Self.expect(408, "GET /item/a HTTP/1.1\r\nHost:", api)
        }
    }

    @Test func aHeadThatTricklesIs408() async throws {
        try await withAPINode(limits: Self.hasty, routes: Self.routes) { api in
            let client = try await RawClient.connect(port: api.port)
            // A byte now and then does not prolong it.
            for byte in "GET /item/a HTTP/1.1\r\nX: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".utf8 {
                client.push([byte])
                try await Task.sleep(for: .milliseconds(10))
            }
            let answer = try await client.answer()
            #expect(answer.status == 408)
            try await client.closed()
        }
    }

    @Test func aSlowBodyIs408() async throws {
        try await withAPINode(limits: Self.hasty, routes: Self.routes) { api in
            try await Self.expect(408, "POST /length HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc", api)
        }
    }

    @Test func anIdleConnectionIsClosedWithoutAWord() async throws {
        try await withAPINode(limits: Self.hasty, routes: Self.routes) { api in
            let silent = try await RawClient.connect(port: api.port)
            try await silent.closed()
            #expect(silent.received.isEmpty)
            let client = try await RawClient.connect(port: api.port)
            _ = try await client.send("GET", "/item/a")
            let count = client.received.count
            try await client.closed()
            #expect(client.received.count == count)
        }
    }

    @Test func anAnswerThatTakesTooLongIs503() async throws {
        let never = Route(.GET, "/never") { _ in
            // Longer than any deadline of `hasty`: it is ended with its client.
            try await Task.sleep(for: .seconds(2))
            return APIResponse(body: [])
        }
        try await withAPINode(limits: Self.hasty, routes: [never]) { api in
            try await Self.expect(503, "GET /never HTTP/1.1\r\nHost: a\r\n\r\n", api)
        }
    }

    @Test func aClientThatDoesNotReadIsClosed() async throws {
        let large = Route(.GET, "/large") { _ in APIResponse(body: [UInt8](repeating: 0x20, count: 8 << 20)) }
        try await withAPINode(limits: Self.hasty, routes: Self.routes + [large]) { api in
            let deaf = try await RawClient.connect(port: api.port, reads: false)
            deaf.push(Array("GET /large HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
            try await eventually("the server knows the connection") { try await api.server.connectionCount == 1 }
            try await eventually("it is dropped") { try await api.server.connectionCount == 0 }
            let other = try await api.get("/large")
            #expect(other.body.count == 8 << 20)
            deaf.close()
        }
    }

    // MARK: How many

    @Test func connectionsAreCapped() async throws {
        let configure: (inout NodeConfiguration) -> Void = { $0.apiMaxConnections = 3 }
        try await withAPINode(routes: Self.routes, configure: configure) { api in
            var clients: [RawClient] = []
            for _ in 0..<3 {
                let client = try await RawClient.connect(port: api.port)
                _ = try await client.send("GET", "/item/a")
                clients.append(client)
            }
            let refused = try await RawClient.connect(port: api.port)
            let answer = try await refused.answer()
            #expect(answer.status == 503 && answer["Access-Control-Allow-Origin"] == "*" && answer["Retry-After"] != nil)
            try await refused.closed()
            clients[0].close()
            try await eventually("there is room again") { (try? await api.get("/item/b"))?.text == "b" }
            for client in clients { client.close() }
        }
    }

    @Test func requestsOfOneAddressAreLimited() async throws {
        let configure: (inout NodeConfiguration) -> Void = { $0.apiRequestsPerSecond = 5 }
        try await withAPINode(routes: Self.routes, configure: configure) { api in
            let client = try await RawClient.connect(port: api.port)
            defer { client.close() }
            var statuses: [Int] = []
            for _ in 0..<40 {
                let answer = try await client.send("GET", "/item/a")
                statuses.append(answer.status)
                if answer.status == 429 {
                    #expect(answer["Retry-After"] == "1")
                    _ = try answer.error
                }
            }
            #expect(statuses.prefix(10).allSatisfy { $0 == 200 })
            #expect(statuses.contains(429))
            try await eventually("it may go on") { try await client.send("GET", "/item/a").status == 200 }
        }
    }

    @Test func aReloadBringsOtherLimits() async throws {
        var wanted = NodeConfiguration()
        wanted.apiMaxConnections = 1
        wanted.apiRequestsPerSecond = 0
        wanted.apiMaxWebSocketClients = 0
        let configure: (inout NodeConfiguration) -> Void = {
            $0.apiMaxConnections = 1
            $0.apiRequestsPerSecond = 1
        }
        try await withAPINode(routes: Self.routes, configure: configure) { api in
            let first = try await RawClient.connect(port: api.port)
            defer { first.close() }
            _ = try await first.send("GET", "/item/a")
            await api.server.reload(wanted)
            // The rate is lifted for a client that was counted, too.
            for _ in 0..<40 { #expect(try await first.send("GET", "/item/a").status == 200) }
            let refused = try await RawClient.connect(port: api.port)
            #expect(try await refused.answer().status == 503)
            wanted.apiMaxConnections = 2
            await api.server.reload(wanted)
            let second = try await RawClient.connect(port: api.port)
            defer { second.close() }
            #expect(try await second.send("GET", "/item/a").status == 200)
            let upgrade = [
                "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
                "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
            ]
            #expect(try await second.send("GET", "/api/v1/ws", headers: upgrade).status == 503)
        }
    }

    @Test func theTableOfClientsIsBounded() {
        var rates = ClientRates(rate: 1, capacity: 2)
        let keys = (1...4).map { ClientKey(IPAddress(ipv4: 0x0a00_0000 + $0)) }
        let now = NIODeadline.uptimeNanoseconds(1_000_000_000)
        for key in keys { #expect(rates.take(key, at: now) == nil) }
        #expect(rates.count == 2)
        // The last two share what is left.
        #expect(rates.take(keys[3], at: now) == 1)
        #expect(rates.take(keys[0], at: now) == nil)
        rates.forgetQuiet(at: 10_000_000_000)
        #expect(rates.count == 0)
    }
}
