import Foundation
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
    private let folder: URL
    private let node = Process()
    private let proxy = Process()
    let port: UInt16

    static let name = "node.example.org"

    /// Starts both; the node produces blocks, one a second.
    ///
    /// - Parameter extra: lines of the node's configuration.
    init(_ kind: Kind, extra: String = "") async throws {
        self.kind = kind
        folder = try Shell.temporaryFolder()
        // The proxy has no way to say which port it got.
        port = try Shell.freePort()
        do {
            try makeChain()
            try startNode(extra)
            let api = try await apiPort()
            try startProxy(api)
            try await answers()
        } catch {
            remove()
            throw error
        }
    }

    func file(_ name: String) -> String { folder.appendingPathComponent(name).path }

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
            """, ["FOLDER": folder.path, "PODORU": Shell.podoru.path, "NAME": Proxy.name])
        try #require(result.code == 0, "\(result.output)\(result.errors)")
    }

    private func startNode(_ extra: String) throws {
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
        try (text + extra).write(toFile: file("node.yaml"), atomically: true, encoding: .utf8)
        node.executableURL = Shell.podoru
        node.arguments = ["run", "--config", file("node.yaml")]
        try run(node, log: "node.log")
    }

    private func apiPort() async throws -> String {
        var port = ""
        try await wait("the node serves") {
            port = log("node.log").firstMatch(of: /api=127\.0\.0\.1:([0-9]+)/).map { String($0.output.1) } ?? ""
            return !port.isEmpty
        }
        return port
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
        proxy.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        proxy.environment = ["PATH": Shell.path, "HOME": folder.path]
        switch kind {
        case .nginx:
            try nginx.write(toFile: file("nginx.conf"), atomically: true, encoding: .utf8)
            proxy.arguments = ["nginx", "-e", file("proxy.log"), "-c", file("nginx.conf")]
        case .caddy: proxy.arguments = ["caddy", "run", "--adapter", "caddyfile", "--config", file("site")]
        }
        try run(proxy, log: "proxy.out")
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

    private func run(_ process: Process, log name: String) throws {
        try Data().write(to: folder.appendingPathComponent(name))
        let output = try FileHandle(forWritingTo: folder.appendingPathComponent(name))
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = output
        try process.run()
    }

    private func answers() async throws {
        try await wait("the proxy answers") {
            guard proxy.isRunning else { return true }
            return try curl("/api/v1/node/live").status == 200
        }
        try #require(proxy.isRunning, "\(kind) has ended: \(log("proxy.out"))\(log("proxy.log"))")
    }

    func wait(_ what: String, _ condition: () async throws -> Bool) async throws {
        let end = ContinuousClock.now + .seconds(30)
        while try await !condition() {
            try #require(ContinuousClock.now < end, "never: \(what); \(log("node.log"))\(log("proxy.out"))\(log("proxy.log"))")
            try await Task.sleep(for: .milliseconds(10))
        }
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

    func stopNode() async throws {
        node.terminate()
        try await wait("the node ends") { !node.isRunning }
    }

    func remove() {
        for process in [proxy, node] where process.isRunning {
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
        }
        try? FileManager.default.removeItem(at: folder)
    }
}

extension Shell {
    /// A TCP port of 127.0.0.1 that was free a moment ago.
    static func freePort() throws -> UInt16 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        try #require(isBound)
        return UInt16(bigEndian: address.sin_port)
    }
}
