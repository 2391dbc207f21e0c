import Foundation
import Node
import PodoruConfiguration
import TestKit
import Testing

@testable import API

/// The lines of the reference page on networking, as an operator types them: `curl` to port 8545 of this machine, and `jq` behind it.
@Suite(.enabled(if: CurlTools.areThere, "curl or jq is not installed: the reference page's lines are not tried"))
struct CurlTests {
    /// What the page shows as the answer: fields and their types.
    private static let shown = """
        .success == true and (.data.peer_count | type) == "number" and (.data.peers | length) == .data.peer_count
        and (.data.peers | all((.address | type) == "string" and (.height | type) == "number" and (.last_seen | type) == "number"))
        """

    @Test func theReferencePagesLinesRunAsTheyStand() async throws {
        try await withAPINode { api in
            let port = api.node.port
            let configure: (inout NodeConfiguration) -> Void = { $0.bootstrapPeers = [.of("127.0.0.1:\(port)")] }
            try await withAPINode(configure: configure) { _ in
                try await eventually("the peer is shown") {
                    try await api.get("/api/v1/node/peers").payload["peer_count"]?.int == 1
                }
                // Monitoring: both lines have the same answer on the page.
                for line in ["curl http://localhost:8545/api/v1/node/peers", "curl http://localhost:8545/api/v1/node/info"] {
                    let verdict = try await Self.run("\(line) | jq -e '\(Self.shown)'", port: api.port)
                    #expect(verdict.code == 0 && verdict.output == "true\n", "\(line)")
                }
                // Slow synchronization: the heights of the peers.
                let peers = "curl http://localhost:8545/api/v1/node/peers"
                #expect(try await Self.run("\(peers) | jq '.data.peers[].height'", port: api.port).output == "0\n")
                #expect(try await Self.run("\(peers) | jq .data.peer_count", port: api.port).output == "1\n")
                let address = try await Self.run("\(peers) | jq -r '.data.peers[0].address'", port: api.port).output
                #expect(address.wholeMatch(of: /127\.0\.0\.1:[0-9]+\n/) != nil)
                let seen = try await Self.run("\(peers) | jq '.data.peers[0].last_seen'", port: api.port).output
                #expect(abs((Double(seen.dropLast()) ?? 0) - Date().timeIntervalSince1970) < 600)
            }
        }
    }

    /// Runs a line of shell. curl is told by its own configuration file that port 8545 of localhost is to be found at `port`, because
    /// another program may have 8545.
    private static func run(_ line: String, port: UInt16) async throws -> (code: Int32, output: String) {
        let home = TemporaryDirectory()
        try Data("connect-to = \"localhost:8545:127.0.0.1:\(port)\"\n".utf8).write(to: URL(fileURLWithPath: home.file(".curlrc")))
        let output = home.file("output")
        try Data().write(to: URL(fileURLWithPath: output))
        let process = try TestProcess(
            ["/bin/sh", "-c", line], in: home.url, environment: ["CURL_HOME": home.path], log: home.url.appendingPathComponent("errors"),
            output: FileHandle(forWritingTo: URL(fileURLWithPath: output)))
        let code = try await process.end().code
        return (code, try String(contentsOfFile: output, encoding: .utf8))
    }
}

private enum CurlTools {
    static var areThere: Bool { ["curl", "jq"].allSatisfy { FileManager.default.isExecutableFile(atPath: "/usr/bin/\($0)") } }
}
