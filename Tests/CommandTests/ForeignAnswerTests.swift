import Foundation
import TestKit
import Testing

/// What a proxy in front of a node answers in its place, to each command that asks an API.
@Suite struct ForeignAnswerTests {
    let tool: CommandLineTool
    private static let page = "<html><body><h1>It is not a node that speaks</h1></body></html>"
    private static let hash = "0x" + String(repeating: "ab", count: 32)
    private static let address = "0x0a8479160FAF69D64Ee5ae0e5a78cB63dE4e1836"

    init() throws {
        tool = try CommandLineTool()
        try tool.write("a.key", "af7bc75f29d5156dc98655806253f4a6e1d5eef2cdb918b91169bdcf9a5afcb9")
    }

    private static func answer(_ status: String, _ headers: String = "", body: String = page) -> FakeNode.Answer {
        .raw("HTTP/1.1 \(status)\r\nContent-Type: text/html\r\n\(headers)Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
    }

    private static let statuses: [(String, String, String)] = [
        ("502 Bad Gateway", "", "502 Bad Gateway (a proxy whose node is down?)"), ("502 \u{1B}[2J", "", "502 Bad Gateway (a proxy whose"),
        ("503 Service Unavailable", "Retry-After: 120\r\n", "503 Service Unavailable (a proxy whose node is down?; try again in 2 m)"),
        ("504 Gateway Timeout", "", "504 Gateway Timeout (a proxy whose node is down or too slow?)"),
        ("500 Oops", "", "500 Internal Server Error (a fault of the server there: its log says more)"), ("599 Odd", "", "599 (a fault of"),
        ("429 Too Many Requests", "Retry-After: 7\r\n", "429 Too Many Requests (too many requests; try again in 7 s)"),
        ("429 Slow", "Retry-After: Fri, 31 Dec 2027 23:59:59 GMT\r\n", "try again after Fri, 31 Dec 2027 23:59:59 GMT)"),
        ("429 Slow", "Retry-After: 99999999999999999999999\r\n", "429 Too Many Requests"),
        ("401 Unauthorized", "WWW-Authenticate: Basic\r\n", "401 Unauthorized (a proxy that wants a password: ask the node itself)"),
        ("403 Forbidden", "", "403 Forbidden (a proxy that lets only others in?)"),
        ("404 Not Found", "", "404 Not Found (another server than a node, or a proxy that has the API at another path?)"),
        (
            "301 Moved", "Location: https://node.example/api\r\n",
            "301 Moved Permanently (a redirect to https://node.example/api, and https is"
        ),
        ("302 Found", "Location: /login\r\n", "302 Found (a redirect to /login)"),
        ("307 X", "", "307 Temporary Redirect (a redirect: name"),
        ("418 I'm a teapot", "", "418 I'm a teapot"),
    ]

    @Test(arguments: statuses) func aFailureOfAnotherIsNamedAndUnavailable(status: String, headers: String, text: String) throws {
        let node = try FakeNode()
        defer { node.stop() }
        node.on("/node/info", Self.answer(status, headers))
        let result = try tool.run("status", "--api", node.url)
        #expect(result.code == 69, "\(result.errors)")
        #expect(result.errors.hasPrefix("podoru: \(node.url) answers \(status.prefix(3)) "), "\(result.errors)")
        #expect(result.errors.contains(text), "\(result.errors)")
        #expect(result.errors.count < 400 && !result.errors.contains("\u{1B}") && !result.errors.contains("html"), "\(result.errors)")
        #expect(result.output.isEmpty)
    }

    @Test(arguments: ["", "{\"message\":\"no upstream\"}", "{\"success\":true}", "[]"])
    func whateverTheBodyIs(body: String) throws {
        let node = try FakeNode()
        defer { node.stop() }
        node.on("/node/info", Self.answer("502 X", body: body))
        let result = try tool.run("status", "--api", node.url)
        // A body that says it is a success and a status that says it is none: neither is believed.
        #expect(result.code == 69, "\(body): \(result.errors)")
        #expect(result.errors.contains("answers 502 Bad Gateway"), "\(body): \(result.errors)")
    }

    @Test func everyCommandThatAsksSaysIt() throws {
        let commands: [([String], String)] = [
            (["status"], "/node/info"), (["status", "--json"], "/node/info"), (["get", "state", "k"], "/state/k"),
            (["get", "block", "latest"], "/block/latest"), (["get", "block", "7"], "/block/height/7"),
            (["get", "block", Self.hash], "/block/\(Self.hash)"), (["get", "tx", Self.hash], "/transaction/*"),
            (["get", "balance", Self.address], "/account/\(Self.address)"),
            (["tx", "set", "k", "v", "--key-file", "a.key"], "/account/0xFC265D13Dd3C8A6Fa72EF93bED3830c3551cC2ee"),
            (["tx", "transfer", Self.address, "1.5", "--key-file", "a.key"], "/token/info"),
        ]
        for (command, path) in commands {
            let node = try FakeNode()
            defer { node.stop() }
            node.on(path, Self.answer("502 Bad Gateway"))
            let result = try tool.run(command + ["--api", node.url])
            #expect(result.code == 69, "\(command): \(result.errors)")
            #expect(
                result.errors.hasSuffix("\(node.url) answers 502 Bad Gateway (a proxy whose node is down?)\n"),
                "\(command): \(result.errors)")
        }
    }

    @Test func whatAProxyKeepsToItselfIsLeftOut() throws {
        let node = try FakeNode()
        defer { node.stop() }
        node.behave()
        node.on("/node/peers", Self.answer("403 Forbidden"))
        node.on("/mempool", Self.answer("404 Not Found"))
        let result = try tool.run("status", "--api", node.url)
        #expect(result.code == 0, "\(result.errors)")
        #expect(result.output.contains("mempool   not known"), "\(result.output)")
    }

    /// After a 502 for a transaction nobody knows whether the node has it; after a 403 it has not.
    @Test(arguments: [
        ("502 Bad Gateway", 74, "is not known"), ("504 X", 74, "is not known"), ("403 Forbidden", 69, "answers 403 Forbidden"),
    ])
    func aTransactionThatAProxyAnswersFor(status: String, code: Int32, words: String) throws {
        let node = try FakeNode()
        defer { node.stop() }
        node.on("/gas/config", .data(#"{"enabled":false,"base_fee":"0","per_byte_fee":"0"}"#))
        node.on("/transaction", Self.answer(status))
        let result = try tool.run("tx", "set", "k", "v", "--nonce", "1", "--key-file", "a.key", "--api", node.url)
        #expect(result.code == code, "\(result.errors)")
        #expect(result.errors.contains(words), "\(result.errors)")
    }

    @Test func aNodeThatSaysWhenToComeAgainIsRepeated() throws {
        let node = try FakeNode()
        defer { node.stop() }
        let body = #"{"success":false,"error":"too many requests"}"#
        node.on("/node/info", Self.answer("429 X", "Retry-After: 3\r\n", body: body))
        let result = try tool.run("status", "--api", node.url)
        #expect(result.code == 69)
        #expect(result.errors == "podoru: the node refuses (429): too many requests; try again in 3 s\n")
    }
}
