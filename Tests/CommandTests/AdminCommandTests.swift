import Foundation
import TestKit
import Testing

/// `podoru admin` against `podoru run`, and against sockets that are none.
@Suite struct AdminCommandTests {
    let tool: CommandLineTool

    init() throws {
        tool = try CommandLineTool()
    }

    /// Runs `body` beside a node that has an admin socket; the node is ended as an operator ends it.
    private func withNode(_ body: () throws -> Void) async throws {
        try tool.write("genesis.json", Data(contentsOf: Vectors.folder.appendingPathComponent("genesis.json")))
        try tool.write(
            "node.yaml",
            """
            genesis_path: "genesis.json"
            data_dir: "data"
            p2p_bind_addr: "127.0.0.1"
            p2p_port: 0
            api_port: 0
            api_admin_socket: "\(socket)"

            """)
        let node = NodeProcess(in: tool.folder)
        try await node.start()
        try await node.process.wait("it takes orders") { try tool.run("admin", "status", "--socket", socket).code == 0 }
        try body()
        #expect(try await node.stop() == 0)
    }

    private var socket: String { tool.folder.appendingPathComponent("admin.sock").path }

    private func admin(_ arguments: String...) throws -> CommandLineTool.Result {
        try tool.run(["admin"] + arguments + ["--socket", socket])
    }

    @Test func anOperatorsDay() async throws {
        try await withNode {
            let status = try admin("status")
            #expect(status.output.contains("none: a full node") && status.output.contains("log level         info"))
            // By the configuration, too.
            let byFile = try tool.run("admin", "status", "--config", "node.yaml")
            #expect(byFile.code == 0 && byFile.output.contains("full"))

            #expect(try admin("peers", "add", "127.0.0.1:1").output == "added 127.0.0.1:1\n")
            #expect(try admin("peers", "add", "127.0.0.1:1").output.contains("in the list already"))
            #expect(try admin("peers", "list").output == "")
            #expect(try admin("peers", "remove", "127.0.0.1:1").output == "removed 127.0.0.1:1; 0 connections closed\n")
            let stranger = try admin("peers", "remove", "[2001:db8::1]:9000")
            #expect(stranger.code == 65 && stranger.errors.contains("no peer is connected, listed or known"))

            #expect(try admin("ban", "203.0.113.7", "--for", "30m").output == "banned 203.0.113.7 for 30m; 0 connections closed\n")
            let bans = try admin("bans").output.split(separator: "\t")
            #expect(bans.first == "203.0.113.7" && bans.last == "operator\n")
            let end = bans.dropFirst().first.flatMap { Double($0) } ?? 0
            #expect(abs(end - Date().timeIntervalSince1970 - 1800) < 60)
            #expect(try admin("unban", "203.0.113.7").code == 0)
            #expect(try admin("unban", "203.0.113.7").code == 65)

            #expect(try admin("log-level", "debug").output == "the log level is debug\n")
            #expect(try admin("status").output.contains("log level         debug"))
            let loud = try admin("log-level", "loud")
            #expect(loud.code == 64 && loud.errors.contains("trace, debug, info"))
            let pause = try admin("pause")
            #expect(pause.code == 65 && pause.errors.contains("full node"))
        }
    }

    @Test(.enabled(if: Nobody.isThere, "another user can be played only by root with setpriv, where that user may run the binary"))
    func aUserWhoMayNotIsToldWhoMay() async throws {
        try await withNode {
            let refused = try Nobody.run(CommandLineTool.binary.path, "admin", "status", "--socket", socket)
            #expect(refused.code == 77 && refused.output == "")
            #expect(refused.errors.contains("this user may not use the admin socket \(socket)"))
            #expect(refused.errors.contains("owner and group") && refused.errors.contains("ls -l \(socket)"))
            // The folder's permissions count, too.
            try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: tool.folder.path)
            #expect(try Nobody.run(CommandLineTool.binary.path, "admin", "status", "--socket", socket).code == 77)
            #expect(try admin("status").code == 0)
        }
    }

    @Test func aMissingSocketIsSaidWithWhatToCheck() throws {
        let result = try admin("pause")
        #expect(result.code == 69)
        #expect(result.errors.contains("there is no admin socket at \(socket)") && result.errors.contains("api_admin_socket"))
    }

    @Test func aFileThatIsNoSocketIsNamed() throws {
        try tool.write("admin.sock", "precious")
        let result = try admin("pause")
        #expect(result.code == 64 && result.errors.contains("is no socket"))
    }

    @Test func aSocketThatNobodyServesIsSaid() throws {
        let descriptor = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(socket.utf8)) }
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
        }
        close(descriptor)
        #expect(bound == 0)
        let result = try admin("pause")
        #expect(result.code == 69 && result.errors.contains("nobody answers"))
    }

    @Test func theCommandWantsToKnowWhichNode() throws {
        #expect(try tool.run("admin", "pause").code == 64)
        #expect(try tool.run("admin", "pause", "--socket", "a", "--config", "b").code == 64)
        try tool.write("node.yaml", "genesis_path: \"genesis.json\"\n")
        let result = try tool.run("admin", "pause", "--config", "node.yaml")
        #expect(result.code == 78 && result.errors.contains("api_admin_socket"))
        #expect(try admin("ban", "203.0.113.7", "--for", "ever").code == 64)
    }
}
