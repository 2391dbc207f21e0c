import NIOHTTP1
import Primitives
import TestKit
import Testing

@testable import API

/// Requests find their endpoints, over real HTTP.
@Suite struct DispatchTests {
    static let routes = [
        Route(.GET, "/echo/{first}/x/{second}") { request in
            APIResponse(
                contentType: "text/plain", body: Array("\(request.parameters.map(\.text).joined(separator: "|"))?\(request.query)".utf8))
        },
        Route(.GET, "/item/{name}") { request in APIResponse(body: request.parameters[0].bytes) },
        Route(.GET, "/item/first") { _ in APIResponse(body: Array("literal".utf8)) },
        Route(.GET, "/item/first/deep") { _ in APIResponse(body: []) },
        Route(.POST, "/length") { request in APIResponse(body: Array("\(request.body.count) \(request.isJSON)".utf8)) },
        Route(.GET, "/slow") { _ in
            try await Task.sleep(for: .milliseconds(20))
            return APIResponse(body: Array("slow".utf8))
        },
        Route(.GET, "/fails") { _ in throw TestFailure("on purpose") },
    ]

    @Test func segmentsAreDecodedAfterTheyAreSplit() async throws {
        try await withAPINode(routes: Self.routes) { api in
            let answer = try await api.get("/echo/a%2Fb/x/%C3%A9?q=%20")
            #expect(answer.text == "a/b|é?q=%20")
            #expect(answer.status == 200)
            #expect(answer["Content-Type"] == "text/plain")
            let absolute = try await api.get("http://localhost/item/x#fragment")
            #expect(absolute.text == "x")
        }
    }

    @Test func aLiteralGoesBeforeAName() async throws {
        try await withAPINode(routes: Self.routes) { api in
            let first = try await api.get("/item/first")
            #expect(first.text == "literal")
            let encoded = try await api.get("/item/f%69rst")
            #expect(encoded.text == "literal")
        }
    }

    @Test(arguments: ["/", "/nowhere", "/item", "/item/", "/item/a/b", "//item/a", "/api/v1/chain/info/"])
    func anUnknownPathIs404(_ path: String) async throws {
        try await withAPINode(routes: Self.routes) { api in
            let answer = try await api.get(path)
            #expect(answer.status == 404)
            let error = try answer.error
            #expect(!error.isEmpty)
        }
    }

    @Test func aKnownPathWithAnotherMethodIs405() async throws {
        try await withAPINode(routes: Self.routes) { api in
            for method in ["POST", "PUT", "DELETE", "PATCH", "TRACE"] {
                let answer = try await api.send(method, "/item/a")
                #expect(answer.status == 405)
                #expect(answer["Allow"] == "GET, HEAD, OPTIONS")
                _ = try answer.error
            }
            let answer = try await api.get("/length")
            #expect(answer.status == 405 && answer["Allow"] == "POST, OPTIONS")
        }
    }

    @Test(arguments: ["/item/%", "/item/%4", "/item/%zz", "/item/a%2"])
    func aBadEscapeIs400(_ path: String) async throws {
        try await withAPINode(routes: Self.routes) { api in
            let answer = try await api.get(path)
            #expect(answer.status == 400)
            _ = try answer.error
        }
    }

    @Test func aHeadIsAnsweredLikeAGetWithoutItsBody() async throws {
        try await withAPINode(routes: Self.routes) { api in
            let client = try await RawClient.connect(port: api.port)
            defer { client.close() }
            let answer = try await client.send("HEAD", "/item/abc")
            #expect(answer.status == 200 && answer["Content-Length"] == "3")
            // Nothing of a body came: the next answer begins where it would stand.
            let next = try await client.send("GET", "/item/abc")
            #expect(next.text == "abc")
        }
    }

    @Test func aConnectionServesManyRequestsAndAnswersPipelinedOnesInOrder() async throws {
        try await withAPINode(routes: Self.routes) { api in
            let client = try await RawClient.connect(port: api.port)
            defer { client.close() }
            let paths = (0..<200).map { $0 % 10 == 3 ? "/slow" : "/item/n\($0)" }
            try await client.send(paths.map { "GET \($0) HTTP/1.1\r\nHost: a\r\n\r\n" }.joined())
            for path in paths {
                let answer = try await client.answer()
                #expect(answer.text == (path == "/slow" ? "slow" : String(path.dropFirst(6))))
            }
        }
    }

    @Test func anOldClientAndOneThatWantsToCloseAreClosed() async throws {
        try await withAPINode(routes: Self.routes) { api in
            for head in ["GET /item/a HTTP/1.0\r\n\r\n", "GET /item/a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"] {
                let client = try await RawClient.connect(port: api.port)
                try await client.send(head)
                let answer = try await client.answer()
                #expect(answer.text == "a" && answer["Connection"] == "close")
                try await client.closed()
            }
            let client = try await RawClient.connect(port: api.port)
            try await client.send("GET /item/a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            let answer = try await client.answer()
            #expect(answer["Connection"] == "keep-alive")
            client.close()
        }
    }

    @Test func aClientThatHasSentEverythingStillGetsItsAnswer() async throws {
        try await withAPINode(routes: Self.routes) { api in
            let client = try await RawClient.connect(port: api.port)
            try await client.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
            try await client.shutdownOutput()
            let answer = try await client.answer()
            #expect(answer.text == "slow")
            try await client.closed()
        }
    }

    @Test func bodiesComeWholeInChunksToo() async throws {
        try await withAPINode(routes: Self.routes) { api in
            let long = [UInt8](repeating: 7, count: 300_000)
            let answer = try await api.send("POST", "/length", headers: ["Content-Type": "application/json; charset=utf-8"], body: long)
            #expect(answer.text == "300000 true")
            let client = try await RawClient.connect(port: api.port)
            defer { client.close() }
            try await client.send(
                "POST /length HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\nT: v\r\n\r\n")
            let chunked = try await client.answer()
            #expect(chunked.text == "7 false")
        }
    }

    @Test func aHandlerThatFailsIs500AndTheConnectionGoesOn() async throws {
        try await withAPINode(routes: Self.routes) { api in
            let client = try await RawClient.connect(port: api.port)
            defer { client.close() }
            let answer = try await client.send("GET", "/fails")
            #expect(answer.status == 500)
            let error = try answer.error
            #expect(!error.contains("on purpose"))
            let next = try await client.send("GET", "/item/a")
            #expect(next.text == "a")
        }
    }
}
