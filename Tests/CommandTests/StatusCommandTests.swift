import Foundation
import TestKit
import Testing

/// `podoru status` against servers that answer what they like.
@Suite struct StatusCommandTests {
    let tool: CommandLineTool

    init() throws {
        tool = try CommandLineTool()
    }

    @Test func aScreenWithoutColoursWhenPiped() throws {
        let node = try FakeNode()
        defer { node.stop() }
        node.behave()
        let result = try tool.run("status", "--api", node.url)
        #expect(result.code == 0, "\(result.errors)")
        #expect(result.output.hasPrefix("podoru 1.0.0  full  in step  healthy  up 5 s  \(node.url)\n"))
        #expect(result.output.contains("\n  127.0.0.1:9000  out  producer       3\n"))
        #expect(!result.output.contains("\u{1B}") && !result.output.contains("!"))
        #expect(result.errors.isEmpty)
    }

    @Test func theAddressComesFromTheEnvironmentOrAConfiguration() throws {
        let node = try FakeNode()
        defer { node.stop() }
        node.behave()
        let fromEnvironment = try tool.run("status", "--json", environment: ["PODORU_API": "127.0.0.1:\(node.port)"])
        #expect(fromEnvironment.code == 0 && fromEnvironment.output.contains("\"state\":\"in_step\""), "\(fromEnvironment.errors)")
        try tool.write("node.yaml", "api_bind_addr: \"0.0.0.0\"\napi_port: \(node.port)\n")
        let fromFile = try tool.run("status", "--json", "--config", "node.yaml")
        #expect(fromFile.code == 0 && fromFile.output.contains("\"api\":\"\(node.url)\""), "\(fromFile.errors)")
        try tool.write("off.yaml", "api_enabled: false\n")
        #expect(try tool.run("status", "--config", "off.yaml").code == 78)
    }

    @Test func aPathInFrontOfTheAPIIsKept() throws {
        let node = try FakeNode()
        defer { node.stop() }
        node.on("/proxy/node/info", .refusal(400, "seen"))
        let result = try tool.run("status", "--api", node.url + "/proxy/api/v1/")
        #expect(node.requests.first?.path == "/proxy/api/v1/node/info")
        #expect(result.code == 65 && result.errors.contains("(400): seen"), "\(result.errors)")
    }

    @Test func whatTheNodeDoesNotOfferIsLeftOut() throws {
        let node = try FakeNode()
        defer { node.stop() }
        node.on("/node/info", .data(#"{"version":"1.0.0","type":"podoru-chain","address":"","peers":1}"#))
        node.on("/chain/info", .data(#"{"height":130,"current_hash":"0x0f","genesis_hash":"0x59","authorities":[]}"#))
        let result = try tool.run("status", "--api", node.url)
        #expect(result.code == 0, "\(result.errors)")
        #expect(result.output.contains("height    130"))
        #expect(result.output.contains("mempool   not known"))
    }

    // MARK: Nobody, or somebody else

    @Test func aNodeThatIsNotThereIsUnavailable() throws {
        let node = try FakeNode()
        node.stop()
        let result = try tool.run("status", "--api", node.url)
        #expect(result.code == 69)
        #expect(
            result.errors
                == "podoru: no node answers at \(node.url): connection refused; is `api_enabled` on, and the node running?\n")
        #expect(try tool.run("status", "--api", "unix:\(tool.folder.path)/no.sock").code == 69)
    }

    @Test(arguments: [
        "https://127.0.0.1:8545", "ftp://x", "http://", "http://x:0", "http://x:99999", "http://u:p@x", "[::1", "unix:x", "http://a b",
    ])
    func aWrongAddressIsUsage(url: String) throws {
        let result = try tool.run("status", "--api", url)
        #expect(result.code == 64, "\(result.errors)")
        #expect(result.errors.contains(url))
    }

    @Test(arguments: [
        "nonsense\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"success\":true", "HTTP/1.1 200 OK\r\nContent-Le", "",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n[[[[[[[[[[[[[[[[[[[[",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "SSH-2.0-OpenSSH_9.6\r\n",
        "HTTP/1.1 200 OK\r\n\r\n{\"success\":true,\"data\":{\"height\":\"x\"}}",
    ]) func somethingElseIsBadData(answer: String) throws {
        let node = try FakeNode()
        defer { node.stop() }
        node.on("/node/info", .data("{}"))
        node.on("/chain/info", .raw(answer))
        let result = try tool.run("status", "--api", node.url)
        #expect(result.code == 65, "\(result.errors)")
        #expect(result.errors.hasPrefix("podoru: \(node.url)/api/v1/chain/info does not answer as a node's API does: "), "\(result.errors)")
        #expect(result.output.isEmpty)
    }

    @Test func anAnswerWithoutEndIsCut() throws {
        let node = try FakeNode()
        defer { node.stop() }
        node.on(
            "/node/info", .endless(String(repeating: " ", count: 65_536), head: "HTTP/1.1 200 OK\r\nContent-Length: 9999999999\r\n\r\n"))
        let result = try tool.run("status", "--api", node.url)
        #expect(result.code == 65)
        #expect(result.errors.contains("more than 4194304 bytes"), "\(result.errors)")
    }

    @Test func ofALargeMempoolOnlyTheCountIsRead() throws {
        let node = try FakeNode()
        defer { node.stop() }
        node.behave()
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 9999999999\r\n\r\n{\"success\":true,\"data\":{\"count\":9876,\"transactions\":[\"x\""
        node.on("/mempool", .endless(",\"\(String(repeating: "x", count: 65_536))\"", head: head))
        let result = try tool.run("status", "--api", node.url)
        #expect(result.output.contains("\nmempool   9,876 transactions\n"), "\(result.output)\(result.errors)")
    }

    @Test func aHeadWithoutEndIsCut() throws {
        let node = try FakeNode()
        defer { node.stop() }
        node.on("/node/info", .endless("X-Filler: \(String(repeating: "x", count: 4096))\r\n", head: "HTTP/1.1 200 OK\r\n"))
        #expect(try tool.run("status", "--api", node.url).code == 65)
    }

    @Test func aServerThatSaysNothingIsLate() throws {
        let node = try FakeNode()
        defer { node.stop() }
        node.on("/node/info", .silence)
        let result = try tool.run("status", "--api", node.url)
        #expect(result.code == 69)
        #expect(result.errors.contains("no answer within 5 s"), "\(result.errors)")
    }

    @Test(arguments: ["10ms", "soon", "2h", "-1s"]) func aWrongIntervalIsUsage(interval: String) throws {
        #expect(try tool.run("status", "--watch", "--interval", interval, "--api", "127.0.0.1:1").code == 64)
    }

    // MARK: Watching

    @Test func aWatchSurvivesTheNodeAndEndsWellOnCtrlC() async throws {
        let first = try FakeNode()
        first.behave()
        let watch = try Watch(tool, "status", "--watch", "--json", "--interval", "100ms", "--api", first.url)
        defer { watch.kill() }
        try await watch.wait("it shows the node") { $0.contains("\"state\":\"in_step\"") }
        first.stop()
        try await watch.wait("it misses the node") { $0.contains("\"state\":\"unreachable\"") }
        let seen = watch.output.count
        let second = try FakeNode(port: first.port)
        defer { second.stop() }
        second.behave(height: 4)
        try await watch.wait("it sees it come back") { $0.dropFirst(seen).contains("\"height\":4") }
        #expect(try await watch.interrupt() == 0)
    }
}
