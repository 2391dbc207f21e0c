import Foundation
import TestKit
import Testing

/// nginx and Caddy with the configurations of `deploy/proxy` in front of a real node: what docs/reverse-proxy.md says holds.
@Suite(
    .enabled(if: Shell.has("openssl") && Shell.has("curl"), "openssl or curl is not installed: the proxies are not tried"), .serialized,
    .timeLimit(.minutes(3)))
struct ProxyTests {
    @Test(.enabled(if: Shell.has("nginx"), "nginx is not installed: its configuration is not tried"))
    func nginxServesTheAPIAndKeepsItsLimits() async throws { try await serves(.nginx) }

    @Test(.enabled(if: Shell.has("caddy"), "caddy is not installed: its configuration is not tried"))
    func caddyServesTheAPIAndKeepsItsLimits() async throws { try await serves(.caddy) }

    @Test(.enabled(if: Shell.has("nginx"), "nginx is not installed: its configuration is not tried"))
    func behindNginxTheRateIsThatOfTheClient() async throws { try await limits(.nginx) }

    @Test(.enabled(if: Shell.has("caddy"), "caddy is not installed: its configuration is not tried"))
    func behindCaddyTheRateIsThatOfTheClient() async throws { try await limits(.caddy) }

    @Test(.enabled(if: Shell.has("caddy"), "caddy is not installed: its configuration is not tried"))
    func caddyFindsNothingToFormat() throws {
        let result = try Shell.run("caddy fmt deploy/proxy/Caddyfile | diff - deploy/proxy/Caddyfile")
        #expect(result.code == 0, "\(result.output)")
    }

    private func serves(_ kind: Proxy.Kind) async throws {
        let proxy = try await Proxy(kind)
        try rest(proxy)
        try bodies(proxy)
        try await events(proxy)
        try await proxy.stopNode()
        let down = try proxy.curl("/api/v1/chain/info")
        #expect(down.status == 502)
        #expect(try error(down).contains("does not answer"))
    }

    private func error(_ answer: Proxy.Answer) throws -> String {
        let object = try JSONSerialization.jsonObject(with: Data(answer.body.utf8)) as? [String: Any]
        #expect(object?["success"] as? Bool == false, "\(answer)")
        return try #require(object?["error"] as? String, "\(answer)")
    }

    /// REST over TLS and HTTP/2.
    private func rest(_ proxy: Proxy) throws {
        let info = try proxy.curl("/api/v1/chain/info")
        #expect(info.status == 200 && info.head.hasPrefix("HTTP/2 200") && info.body.contains("\"genesis_hash\""), "\(info)")
        #expect(info.head.lowercased().ranges(of: "\r\ndate:").count == 1, "\(info.head)")
        // The percent sign comes as it was sent: a key with a slash that is unknown, not a path that is.
        let key = try proxy.curl("/api/v1/state/a%2Fb")
        #expect(key.status == 404)
        #expect(try error(key) != error(try proxy.curl("/api/v1/state/a/b")))
        for path in ["/metrics", "/", "/nowhere"] {
            let answer = try proxy.curl(path)
            #expect(answer.status == 404, "\(path)")
            #expect(try error(answer) == "there is no such path")
        }
    }

    /// The node's limit is the proxy's.
    private func bodies(_ proxy: Proxy) throws {
        for (size, status) in [(2 * 1024 * 1024, 400), (2 * 1024 * 1024 + 1, 413)] {
            let path = proxy.file("big")
            try Data(repeating: UInt8(ascii: " "), count: size).write(to: URL(fileURLWithPath: path))
            let answer = try proxy.curl("/api/v1/state/batch", "-H 'Content-Type: application/json' --data-binary '@\(path)'")
            #expect(answer.status == status, "\(size): \(answer)")
            #expect(try !error(answer).isEmpty)
        }
    }

    /// The event stream: its handshake, and an event of the chain.
    private func events(_ proxy: Proxy) async throws {
        let client = try TestProcess(
            [
                "/bin/sh", "-c",
                """
                exec curl -sS -N -i --http1.1 --max-time 60 --cacert '\(proxy.file("proxy.crt"))' --resolve '\(Proxy.name):\(proxy.port):127.0.0.1' \
                  -H 'Connection: Upgrade' -H 'Upgrade: websocket' -H 'Sec-WebSocket-Version: 13' \
                  -H 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==' -o '\(proxy.file("events"))' 'https://\(Proxy.name):\(proxy.port)/api/v1/ws'
                """,
            ], in: URL(fileURLWithPath: "/"), environment: ["PATH": Shell.path], log: URL(fileURLWithPath: proxy.file("events.log")))
        defer { client.remove() }
        // The frames' heads are not text.
        let heard = { String(decoding: FileManager.default.contents(atPath: proxy.file("events")) ?? Data(), as: UTF8.self) }
        try await proxy.wait("an event comes: \(heard())") { heard().contains("{\"type\":\"new_block\"") }
        #expect(heard().hasPrefix("HTTP/1.1 101 "), "\(heard().prefix(200))")
        #expect(heard().contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "the accept key of RFC 6455")
    }

    private func limits(_ kind: Proxy.Kind) async throws {
        let proxy = try await Proxy(kind, extra: "api_requests_per_second: 1\n")
        // Whatever the client writes into the header: all of these are one client.
        var statuses: [Int] = []
        for number in 1...12 {
            let options = "--interface 127.0.0.2 -H 'X-Forwarded-For: 203.0.113.\(number)'"
            statuses.append(try proxy.curl("/api/v1/node/live", options).status)
        }
        #expect(statuses.contains(429), "\(statuses)")
        #expect(try proxy.curl("/api/v1/node/live", "--interface 127.0.0.3").status == 200, "another client is not held back")
        try await proxy.wait("the log names the client") { proxy.log("node.log").contains("an API client is over its request rate") }
        #expect(proxy.log("node.log").contains("client=127.0.0.2"), "\(proxy.log("node.log"))")
    }
}
