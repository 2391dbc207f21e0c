import Foundation
import TestKit
import Testing

/// A real node behind a real proxy with the configuration of `deploy/proxy`, as docs/reverse-proxy.md has it, on ports of its own.
// Unchecked: one test at a time uses it.
final class Proxy: @unchecked Sendable {
    enum Kind: String, CaseIterable, Sendable {
        case nginx, caddy

        /// The configuration that is installed.
        var file: String { self == .nginx ? "proxy/nginx.conf" : "proxy/Caddyfile" }
    }

    private let kind: Kind
    private let directory = TemporaryDirectory()
    private let node: NodeProcess
    private var proxy: TestProcess?
    let port: UInt16

    static let name = "node.example.org"

    /// Starts both; the node produces blocks, one a second.
    ///
    /// - Parameter extra: lines of the node's configuration.
    init(_ kind: Kind, extra: String = "") async throws {
        self.kind = kind
        node = NodeProcess(in: directory.url)
        // The proxy has no way to say which port it got.
        port = UInt16(try FreePorts.first(of: 1))
        try makeChain()
        try await startNode(extra)
        try startProxy("\(node.apiPort)")
        try await answers()
    }

    func file(_ name: String) -> String { directory.file(name) }

    func log(_ name: String) -> String { (try? String(contentsOfFile: file(name), encoding: .utf8)) ?? "" }

    // MARK: Starting

    private func makeChain() throws {
        let result = try Shell.run(
            """
            set -e; cd "$FOLDER"
            "$PODORU" keygen --output node.key
            "$PODORU" genesis -a node.key --block-time 1s -o genesis.json
            openssl req -x509 -newkey rsa:2048 -nodes -keyout proxy.key -out proxy.crt -days 2 -subj "/CN=$NAME" \
              -addext "subjectAltName=DNS:$NAME" 2>&1
            """, ["FOLDER": directory.path, "PODORU": Shell.podoru.path, "NAME": Proxy.name])
        try #require(result.code == 0, "\(result.output)\(result.errors)")
    }

    private func startNode(_ extra: String) async throws {
        let text = """
            genesis_path: "\(file("genesis.json"))"
            data_dir: "\(file("data"))"
            node_type: producer
            private_key: "\(file("node.key"))"
            p2p_bind_addr: "127.0.0.1"
            p2p_port: 0
            api_port: 0
            api_trusted_proxies: ["127.0.0.1"]

            """
        try node.configure(text + extra)
        try await node.start()
    }

    private func startProxy(_ api: String) throws {
        let changes: [(String, String)]
        switch kind {
        case .nginx:
            changes = [
                ("127.0.0.1:8545", "127.0.0.1:\(api)"), ("    listen 80;\n    listen [::]:80;\n", "    listen unix:\(file("plain"));\n"),
                ("    listen 443 ssl http2;\n    listen [::]:443 ssl http2;\n", "    listen 127.0.0.1:\(port) ssl http2;\n"),
                ("/etc/letsencrypt/live/node.example.org/fullchain.pem", file("proxy.crt")),
                ("/etc/letsencrypt/live/node.example.org/privkey.pem", file("proxy.key")),
            ]
        case .caddy:
            changes = [
                ("127.0.0.1:8545", "127.0.0.1:\(api)"), ("\n{\n", "\n{\n\tadmin off\n\tauto_https off\n"),
                (
                    "\n\(Proxy.name) {\n",
                    "\nhttps://\(Proxy.name):\(port) {\n\tbind 127.0.0.1\n\ttls \(file("proxy.crt")) \(file("proxy.key"))\n"
                ),
            ]
        }
        var text = try Shell.read(kind.file)
        for (old, new) in changes {
            try #require(text.ranges(of: old).count == 1, "\(kind.file) has not once: \(old)")
            text = text.replacing(old, with: new)
        }
        try text.write(toFile: file("site"), atomically: true, encoding: .utf8)
        let command: [String]
        switch kind {
        case .nginx:
            try nginx.write(toFile: file("nginx.conf"), atomically: true, encoding: .utf8)
            command = ["nginx", "-e", file("proxy.log"), "-c", file("nginx.conf")]
        case .caddy: command = ["caddy", "run", "--adapter", "caddyfile", "--config", file("site")]
        }
        proxy = try TestProcess(
            ["/usr/bin/env"] + command, in: directory.url, environment: ["PATH": Shell.path, "HOME": directory.path],
            log: directory.url.appendingPathComponent("proxy.out"))
    }

    /// What Debian's nginx.conf has around a site, with places that need no root. In the foreground, and without workers of its own, so that
    /// its process is all of it.
    private var nginx: String {
        let places = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map { "\($0)_temp_path \(file($0));" }.joined(separator: "\n")
        return """
            daemon off;
            master_process off;
            pid \(file("nginx.pid"));
            error_log \(file("proxy.log"));
            events {}
            http {
            access_log off;
            \(places)
            include \(file("site"));
            }

            """
    }

    private func answers() async throws {
        try await wait("the proxy answers") {
            guard proxy?.isRunning == true else { throw TestFailure("\(kind) has ended") }
            return try curl("/api/v1/node/live").status == 200
        }
    }

    func wait(_ what: String, _ condition: () async throws -> Bool) async throws {
        try await eventually(
            what, within: .seconds(30), state: log("node.log") + log("proxy.out") + log("proxy.log"), condition)
    }

    // MARK: Using

    struct Answer {
        var status: Int
        var head: String
        var body: String
    }

    /// A request through the proxy over TLS, with the certificate checked.
    func curl(_ path: String, _ options: String = "") throws -> Answer {
        let base = "https://\(Proxy.name):\(port)"
        let result = try Shell.run(
            """
            curl -sS --max-time 20 --cacert '\(file("proxy.crt"))' --resolve '\(Proxy.name):\(port):127.0.0.1' -D '\(file("head"))' \
              -o '\(file("body"))' -w '%{http_code}' \(options) '\(base)\(path)'
            """)
        return Answer(status: Int(result.output) ?? 0, head: log("head"), body: log("body"))
    }

    func stopNode() async throws { try await node.stop() }
}
