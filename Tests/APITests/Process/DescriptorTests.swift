import Foundation
import TestKit
import Testing

@testable import API

/// A whole node that has no descriptors left, as a process: its API rests instead of spinning, says so once, and serves again.
@Suite(.serialized) struct DescriptorTests {
    private static let warning = "rests, and connections wait"

    private func height(_ node: APIProcess) -> Int {
        node.logged.matches(of: /block produced.* height=([0-9]+)/).compactMap { Int($0.output.1) }.max() ?? 0
    }

    /// The processor time that the node takes while it makes two blocks, in seconds a second.
    private func load(_ node: APIProcess) async throws -> Double {
        let (begin, before, from) = (ContinuousClock.now, try node.process.processorTime, height(node))
        try await eventually("two more blocks") { height(node) >= from + 2 }
        let took = ContinuousClock.now - begin
        return (try node.process.processorTime - before) / (took / .seconds(1))
    }

    private func serves(_ port: UInt16) async throws -> Bool {
        let client = try await RawClient.connect(port: port)
        defer { client.close() }
        return try await client.send("GET", "/api/v1/chain/info").status == 200
    }

    @Test func sixtyIdleClientsUnderALimitOf64CostNothingAndLeaveFilesToTheNode() async throws {
        raiseDescriptorLimit()
        try await withNodeProcess(openFiles: 64) { node in
            var clients: [RawClient] = []
            for _ in 0..<60 { clients.append(try await RawClient.connect(port: node.port)) }
            try await eventually("it rests: \(node.logged)") { node.logged.contains("the HTTP API \(Self.warning)") }
            let load = try await load(node)
            print("descriptors: load \(load) while the API rests")
            #expect(load < 0.25)
            #expect(try node.process.openFiles < 64, "some are left")
            node.hangUp()
            try await eventually("the configuration can be read") { node.logged.contains("configuration reloaded") }
            // Those over the limit are told, one a rest.
            try await eventually("one is told") { clients.contains { $0.text.hasPrefix("HTTP/1.1 503") } }
            #expect(node.logged.ranges(of: Self.warning).count == 1, "\(node.logged)")
            for client in clients { client.close() }
            try await eventually("it serves again") { try await serves(node.port) }
            #expect(node.logged.ranges(of: Self.warning).count == 1, "\(node.logged)")
            #expect(try await node.terminate().code == 0)
        }
    }

    @Test func aProcessThatHasNoDescriptorAtAllSpinsOnNeitherListener() async throws {
        let folder = TemporaryDirectory()
        let admin = folder.file("admin")
        let manager = try FakeServiceManager()
        let environment = ["NOTIFY_SOCKET": manager.path, "WATCHDOG_USEC": "1500000"]
        try await withNodeProcess(extra: "api_admin_socket: \"\(admin)\"\n", environment: environment) { node in
            #expect(try await serves(node.port))
            // Below the numbers that are in use: from now on nothing can be opened.
            try node.limitOpenFiles(to: 16)
            let waiting = [try await RawClient.connect(port: node.port), try await RawClient.connect(unix: admin)]
            for client in waiting { client.push(Array("GET /api/v1/node/live HTTP/1.1\r\nHost: a\r\n\r\n".utf8)) }
            for listener in ["the HTTP API", "the admin socket"] {
                try await eventually("\(listener) rests: \(node.logged)") { node.logged.contains("\(listener) \(Self.warning)") }
            }
            let load = try await load(node)
            print("descriptors: load \(load) with none left")
            #expect(load < 0.25)
            manager.forget()
            try await eventually("the watchdog hears that it lives") { manager.next()?.contains("WATCHDOG=1") == true }
            #expect(node.logged.ranges(of: Self.warning).count == 2, "one line a listener: \(node.logged)")
            try node.limitOpenFiles(to: 256)
            // Those that waited in the system's queue are served.
            #expect(try await waiting[0].answer().status == 200)
            #expect(try await waiting[1].answer().status == 404)
            for client in waiting { client.close() }
            #expect(try await node.terminate().code == 0)
        }
    }
}
