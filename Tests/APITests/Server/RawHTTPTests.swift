import NIOHTTP1
import Testing

@testable import API

/// Requests as bytes, to the letter of RFC 9112 and RFC 9110: what is no request of HTTP/1 has its right answer, in the envelope of an
/// error, at once, and nothing that came with it is taken for another request.
@Suite struct RawHTTPTests {
    /// Some bytes and the answer to them.
    struct Case: CustomTestStringConvertible, Sendable {
        var status: Int
        var bytes: [UInt8]
        /// What the error must say, beside its status.
        var says = ""

        init(_ status: Int, _ text: String, says: String = "") {
            self.status = status
            bytes = Array(text.utf8)
            self.says = says
        }

        init(_ status: Int, _ bytes: [UInt8], says: String = "") {
            self.status = status
            self.bytes = bytes
            self.says = says
        }

        var testDescription: String { "\(status) \(String(decoding: bytes.prefix(90), as: UTF8.self).debugDescription)" }
    }

    private static let get = "GET /item/a HTTP/1.1\r\nHost: a\r\n"
    private static let post = "POST /length HTTP/1.1\r\nHost: a\r\n"

    /// After these the connection is closed: where the next request would begin is not known.
    static let fatal: [Case] = [
        // Lines end in CR LF, everywhere.
        Case(400, "GET /item/a HTTP/1.1\nHost: a\n\n", says: "LF alone"),
        Case(400, "GET /item/a HTTP/1.1\nHost: a\r\n\r\n", says: "LF alone"),
        Case(400, "GET /item/a HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", says: "LF alone"),
        Case(400, "\(get)\n", says: "LF alone"), Case(400, "GET /item/a HTTP/1.0\n\n", says: "LF alone"),
        Case(400, "\(post)Transfer-Encoding: chunked\r\n\r\n2\nab\r\n0\r\n\r\n", says: "CR LF"),
        Case(400, "\(post)Transfer-Encoding: chunked\r\n\r\n2;a\nx\r\nab\r\n0\r\n\r\n", says: "CR LF"),
        Case(400, "\(post)Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nX: y\n\r\n", says: "CR LF"),
        // Other versions and protocols.
        Case(505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", says: "HTTP/2"),
        Case(505, Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + [0, 0, 0, 4, 0, 0, 0, 0, 0], says: "HTTP/2"),
        Case(505, "GET /item/a HTTP/2.0\r\nHost: a\r\n\r\n", says: "HTTP/1.1"),
        Case(505, "GET /item/a HTTP/3.0\r\nHost: a\r\n\r\n"), Case(505, "GET /item/a HTTP/1.2\r\nHost: a\r\n\r\n"),
        Case(505, "GET /item/a HTTP/0.9\r\nHost: a\r\n\r\n"), Case(400, "GET /item/a\r\n", says: "HTTP/1.1"),
        Case(400, "GET /item/a\n"), Case(400, "\r\nGET /item/a\r\n\r\n"), Case(400, "GET /item/a HTTP/x\r\nHost: a\r\n\r\n"),
        Case(400, "GET /item/a http/1.1\r\nHost: a\r\n\r\n"), Case(400, "GET /item/a HTTP/1.10\r\nHost: a\r\n\r\n"),
        Case(400, [0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3, 0x0a, 9, 9], says: "TLS"),
        // Methods.
        Case(501, "get /item/a HTTP/1.1\r\nHost: a\r\n\r\n", says: "capitals"), Case(501, "Get /item/a HTTP/1.1\r\nHost: a\r\n\r\n"),
        Case(501, "FETCH /item/a HTTP/1.1\r\nHost: a\r\n\r\n"), Case(400, "G\u{e9}T /item/a HTTP/1.1\r\nHost: a\r\n\r\n"),
        Case(400, "nonsense\r\n\r\n"), Case(400, "\(String(repeating: "A", count: 9000)) / HTTP/1.1\r\nHost: a\r\n\r\n"),
        Case(405, "CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n", says: "proxy"),
        // Fields.
        Case(400, "\(get)X: b\r\n c\r\n\r\n", says: "header field"), Case(400, "\(get)X : b\r\n\r\n", says: "header field"),
        Case(400, "\(get)X\t: b\r\n\r\n"), Case(400, "GET /item/a HTTP/1.1\r\n Host: a\r\n\r\n"), Case(400, "\(get)X\r\n\r\n"),
        Case(400, "\(get): x\r\n\r\n"), Case(400, "\(get)X: a\0b\r\n\r\n"), Case(400, "\(get)X: a\rb\r\n\r\n"),
        Case(400, "\(get)X: a\u{1}b\r\n\r\n"), Case(400, "\(get)B\u{e9}: x\r\n\r\n"),
        Case(400, "GET /item/a HTTP/1.1\r\n\r\n", says: "Host"), Case(400, "\(get)Host: a\r\n\r\n", says: "Host"),
        Case(400, "\(get)Host: b\r\n\r\n", says: "Host"), Case(400, "GET /item/a HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n"),
        Case(400, "GET /item/a HTTP/1.1\r\nHost: a b\r\n\r\n", says: "Host"),
        Case(400, "GET /item/a HTTP/1.1\r\nHost: a/b\r\n\r\n"), Case(400, "GET /item/a HTTP/1.1\r\nHost: a, b\r\n\r\n"),
        Case(400, "GET /item/a HTTP/1.1\r\nHost: user@a\r\n\r\n"),
        Case(417, "\(post)Expect: miracles\r\nContent-Length: 3\r\n\r\nabc"),
        Case(417, "\(post)Expect: 100-continue, miracles\r\nContent-Length: 3\r\n\r\nabc"),
        // Sizes.
        Case(414, "GET /item/\(String(repeating: "a", count: 9000)) HTTP/1.1\r\nHost: a\r\n\r\n"),
        Case(431, "\(get)X: \(String(repeating: "a", count: 20_000))\r\n\r\n"),
        Case(413, "\(post)Content-Length: 2097153\r\n\r\n"), Case(413, "\(post)Content-Length: 9223372036854775807\r\n\r\n"),
        Case(413, "\(post)Content-Length: 9223372036854775808\r\n\r\n"), Case(413, "\(post)Content-Length: 18446744073709551615\r\n\r\n"),
        Case(400, "\(post)Content-Length: 18446744073709551616\r\n\r\n"),
        // The length of a body is said once and in one way.
        Case(400, "\(post)Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc"),
        Case(400, "\(post)Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc"), Case(400, "\(post)Content-Length: 3, 3\r\n\r\nabc"),
        Case(400, "\(post)Content-Length: +3\r\n\r\nabc"), Case(400, "\(post)Content-Length: -3\r\n\r\nabc"),
        Case(400, "\(post)Content-Length: 0x3\r\n\r\nabc"), Case(400, "\(post)Content-Length: 1 2\r\n\r\nabc"),
        Case(400, "\(post)Content-Length: \r\n\r\nabc"),
        Case(400, "\(post)Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        Case(400, "\(post)Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n"),
        Case(501, "\(post)Transfer-Encoding: gzip\r\n\r\n"), Case(501, "\(post)Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
        Case(501, "\(post)Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"), Case(501, "\(post)Transfer-Encoding: identity\r\n\r\n"),
        Case(400, "\(post)Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n"),
        Case(400, "\(post)Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n"),
        Case(400, "\(post)Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        Case(400, "\(post)Transfer-Encoding: \u{b}chunked\r\n\r\n0\r\n\r\n"),
        Case(400, "POST /length HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", says: "HTTP/1.0"),
        Case(400, "\(post)Transfer-Encoding: chunked\r\n\r\n0x2\r\nab\r\n0\r\n\r\n"),
        Case(400, "\(post)Transfer-Encoding: chunked\r\n\r\n-2\r\nab\r\n0\r\n\r\n"),
        Case(400, "\(post)Transfer-Encoding: chunked\r\n\r\n2\r\nabXX0\r\n\r\n"),
        Case(400, "\(post)Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nab\r\n0\r\n\r\n"),
    ]

    @Test func eachFaultHasItsAnswerAndEndsTheConnection() async throws {
        try await withAPINode(routes: DispatchTests.routes) { api in
            for fault in Self.fatal {
                let client = try await RawClient.connect(port: api.port)
                client.push(fault.bytes + Array("GET /item/smuggled HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
                try await Self.expect(fault, from: client)
                try await client.closed()
                #expect(!client.text.contains("smuggled"), "\(fault.testDescription): \(client.text)")
            }
        }
    }

    private static func expect(_ fault: Case, from client: RawClient) async throws {
        let answer = try await client.answer()
        let error = try answer.error
        #expect(answer.status == fault.status && error.contains(fault.says), "\(fault.testDescription): \(answer.status) \(error)")
        #expect(answer["Connection"] == "close" && answer["Date"] != nil, "\(fault.testDescription)")
        if fault.status == 405 || fault.status == 501, error.contains("method") || error.contains("takes") {
            #expect(answer["Allow"] == "GET, HEAD, POST, OPTIONS", "\(fault.testDescription)")
        }
    }

    /// Byte for byte, as a slow client sends. What the error says may be less exact; the status is the same but for a method that is none.
    @Test func theAnswersDoNotDependOnHowTheBytesCome() async throws {
        try await withAPINode(routes: DispatchTests.routes) { api in
            for fault in Self.fatal where fault.bytes.count < 200 && fault.status != 501 {
                let client = try await RawClient.connect(port: api.port)
                // The server ends some of them before the last byte.
                for byte in fault.bytes where !client.isClosed { try? await client.send([byte]) }
                let answer = try await client.answer()
                #expect(answer.status == fault.status, "\(fault.testDescription): \(answer.status) \(answer.text)")
                try await client.closed()
            }
        }
    }

    /// These are requests with a wrong or odd content; the connection goes on.
    static let answered: [Case] = [
        Case(200, "\r\n\r\nGET /item/a HTTP/1.1\r\nHost: a\r\n\r\n"), Case(200, "GET http://a/item/a HTTP/1.1\r\nHost: a\r\n\r\n"),
        Case(200, "GET HTTP://a:80/item/a HTTP/1.1\r\nHost: a\r\n\r\n"), Case(200, "GET /item/a HTTP/1.1\r\nHost:\r\n\r\n"),
        Case(200, "GET /item/a HTTP/1.1\r\nHost: [::1]:80\r\n\r\n"), Case(200, "\(get)X: \u{e9}\r\n\r\n"),
        Case(200, "\(get)Content-Encoding: gzip\r\n\r\n"), Case(200, "\(get)Content-Length: 5\r\n\r\nhello"),
        Case(200, "\(post)Content-Encoding: identity\r\nContent-Length: 2\r\n\r\nab"),
        Case(200, "\(post)Content-Length: 2  \r\n\r\nab"), Case(200, "\(post)Transfer-Encoding: CHUNKED\r\n\r\n2\r\nab\r\n0\r\n\r\n"),
        Case(200, "GET /item/a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"),
        Case(204, "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"),
        Case(400, "GET * HTTP/1.1\r\nHost: a\r\n\r\n"), Case(400, "GET ftp://a/item/a HTTP/1.1\r\nHost: a\r\n\r\n"),
        Case(400, "GET http:///item/a HTTP/1.1\r\nHost: a\r\n\r\n"), Case(404, "GET http://a HTTP/1.1\r\nHost: a\r\n\r\n"),
        Case(405, "TRACE /item/a HTTP/1.1\r\nHost: a\r\n\r\n"), Case(405, "PROPFIND /item/a HTTP/1.1\r\nHost: a\r\n\r\n"),
        Case(415, "\(post)Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\nab", says: "gzip"),
        Case(415, "\(post)Content-Encoding: BR\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n"),
        Case(415, "\(post)Content-Encoding: identity, deflate\r\nContent-Length: 2\r\n\r\nab", says: "deflate"),
    ]

    @Test func whatIsARequestIsAnsweredAndTheConnectionGoesOn() async throws {
        try await withAPINode(routes: DispatchTests.routes) { api in
            for request in Self.answered {
                let client = try await RawClient.connect(port: api.port)
                defer { client.close() }
                client.push(request.bytes + Array("GET /item/next HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
                let answer = try await client.answer()
                #expect(answer.status == request.status, "\(request.testDescription): \(answer.status) \(answer.text)")
                if request.status >= 400 {
                    let error = try answer.error
                    #expect(error.contains(request.says), "\(request.testDescription): \(error)")
                }
                if request.status == 415 { #expect(answer["Accept-Encoding"] == "identity") }
                let next = try await client.answer()
                #expect(next.text == "next", "\(request.testDescription): \(next.text)")
            }
        }
    }
}
