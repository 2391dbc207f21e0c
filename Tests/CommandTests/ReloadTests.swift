import Foundation
import TestKit
import Testing

/// SIGHUP, as an operator sends it after an edit.
@Suite(.timeLimit(.minutes(2))) struct ReloadTests {
    @Test func eachChangedKeyIsToldWithItsOldAndItsNewValue() async throws {
        let chain = try await RunningChain("max_peers: 40\n")
        let heard = try await chain.reload(
            chain.configuration + "max_peers: 41\nrate_limit_burst: 7\n", until: "configuration reloaded changed=2 waiting=0")
        #expect(heard.contains("a key changed from=40 key=max_peers to=41"))
        #expect(heard.contains("a key changed from=100 key=rate_limit_burst to=7"))
        #expect(try await chain.stop() == 0)
    }

    @Test func theAPIHasItsNewLimitsAtOnce() async throws {
        let chain = try await RunningChain()
        _ = try await chain.reload(
            chain.configuration + "api_requests_per_second: 1\n", until: "configuration reloaded changed=1 waiting=0")
        var answers: [CommandLineTool.Result] = []
        for _ in 0..<5 { answers.append(try chain.tool.run("status", "--json", "--api", chain.url)) }
        #expect(answers.contains { $0.errors.contains("more than 1 requests a second from this address") }, "\(answers.map(\.errors))")
        #expect(try await chain.stop() == 0)
    }

    @Test func aKeyThatWaitsForTheNextStartIsNamed() async throws {
        let chain = try await RunningChain("sync_batch_size: 50\n")
        let heard = try await chain.reload(
            chain.configuration + "sync_batch_size: 50\napi_enabled: false\n", until: "configuration reloaded changed=0 waiting=1")
        #expect(heard.contains("a changed key waits for the next start from=true key=api_enabled to=false"))
        #expect(try await chain.stop() == 0)
    }

    @Test func aFileWithAMistakeChangesNothing() async throws {
        let chain = try await RunningChain("max_peers: 40\n")
        let refused = try await chain.reload(
            chain.configuration + "max_peers: 41\nrate_limit_burst: many\n", until: "the node goes on as before")
        #expect(refused.contains("node.yaml:10:19: rate_limit_burst: "))
        #expect(!refused.contains("a key changed"))
        // The next sound file is held against what was in force before both.
        let heard = try await chain.reload(chain.configuration + "max_peers: 42\n", until: "configuration reloaded")
        #expect(heard.contains("from=40 key=max_peers to=42"))
        #expect(try await chain.stop() == 0)
    }
}
