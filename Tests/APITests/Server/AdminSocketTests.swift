import Foundation
import NIOHTTP1
import PodoruConfiguration
import TestKit
import Testing

@testable import API

/// The Unix socket of the admin verbs.
@Suite struct AdminSocketTests {
    private func start(_ path: String) async throws -> APINode {
        let configure: (inout NodeConfiguration) -> Void = { $0.apiAdminSocket = path }
        return try await APINode.start(configure: configure)
    }

    private func mode(_ path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    }

    @Test func itSpeaksHTTPHasItsModeAndGoesWithTheServer() async throws {
        let directory = TemporaryDirectory()
        let path = directory.file("admin")
        let api = try await start(path)
        #expect(try mode(path) == 0o660)
        let client = try await RawClient.connect(unix: path)
        let answer = try await client.send("GET", "/nowhere")
        #expect(answer.status == 404)
        #expect(answer["Access-Control-Allow-Origin"] == nil)
        // The API is not served here, nor a WebSocket.
        let health = try await client.send("GET", "/api/v1/node/health")
        #expect(health.status == 404)
        client.close()
        await api.stop()
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test func itsRoutesAreNotOnTheTCPPort() async throws {
        let directory = TemporaryDirectory()
        let api = try await start(directory.file("admin"))
        for route in adminRoutes(node: api.node) {
            let answer = try await api.send(route.method.rawValue, route.path)
            #expect(answer.status == 404, "\(route.path)")
        }
        await api.stop()
    }

    @Test func aSocketThatNobodyServesIsReplaced() async throws {
        let directory = TemporaryDirectory()
        let path = directory.file("admin")
        let first = try await start(path)
        // What a killed process leaves: the file without a listener.
        try FileManager.default.moveItem(atPath: path, toPath: directory.file("kept"))
        await first.stop()
        try FileManager.default.moveItem(atPath: directory.file("kept"), toPath: path)
        let second = try await start(path)
        let client = try await RawClient.connect(unix: path)
        let answer = try await client.send("GET", "/nowhere")
        #expect(answer.status == 404)
        client.close()
        await second.stop()
    }

    @Test func aLivingSocketAndAnotherFileAreRefused() async throws {
        let directory = TemporaryDirectory()
        let path = directory.file("admin")
        let first = try await start(path)
        await #expect(throws: APIServerError.self) { try await start(path) }
        #expect(try mode(path) == 0o660)
        await first.stop()
        try Data("precious".utf8).write(to: URL(fileURLWithPath: path))
        await #expect(throws: APIServerError.self) { try await start(path) }
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data("precious".utf8))
        await #expect(throws: APIServerError.self) { try await start(directory.file("no/such/folder")) }
    }
}
