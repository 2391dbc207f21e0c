import ChainService
import Foundation
import Ledger
import PodoruConfiguration
import Primitives
import Storage
import TestKit
import Testing

@testable import Node

/// Real processes that are killed without warning, two hundred times in all, and started again on what they left.
///
/// A lane is one data directory whose process is killed over and over; lanes run side by side. A kill counts only when it met
/// the process at the work in question, and a lane goes on until it has its share.
@Suite(.serialized, .timeLimit(.minutes(15))) struct CrashTests {
    private static let productionLanes = 10
    private static let syncLanes = 4
    /// Of each kind.
    private static let kills = 100
    /// Kills of a lane for each one that counts, at most: on a loaded machine many come too early or too late.
    private static let patience = 6

    /// Runs `lane` side by side, each with the chance of its own that the printed seed gives it.
    private func withLanes(_ count: Int, _ what: String, _ lane: @escaping @Sendable (Int, SplitMix64) async throws -> Void) async throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("killed in \(what): seed \(seed)")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<count { group.addTask { try await lane(number, SplitMix64(seed: seed &+ UInt64(number))) } }
            try await group.waitForAll()
        }
    }

    // MARK: Syncing

    @Test func aNodeKilledInTheMiddleOfASyncGoesOnFromItsLastCommit() async throws {
        let network = try TestNetwork()
        let count: UInt64 = 500
        try network.importBlocks(try network.makeBlocks(Int(count)), into: "server")
        try await withNodes { nodes in
            // Read at forty requests a second, the server gives a peer 80 blocks a second, in a commit of two each: a sync lasts
            // long enough to be interrupted many times.
            var slow = network.configuration("server")
            slow.rateLimitMessagesPerSecond = 40
            slow.rateLimitBurst = 4
            slow.rateLimitPatience = .seconds(3600)
            let port = try await nodes.start(slow).port
            try await withLanes(Self.syncLanes, "sync") { number, random in
                let process = try SupervisedNode(
                    network, "late-\(number)", authority: nil, bootstrap: [port], extra: "sync_batch_size: 2\n")
                defer { process.kill() }
                try await killInSync(process, upTo: count, times: Self.kills / Self.syncLanes, random)
            }
        }
    }

    private func killInSync(_ process: SupervisedNode, upTo count: UInt64, times: Int, _ chance: SplitMix64) async throws {
        var random = chance
        var kept = KeptChain()
        var (counted, attempts) = (0, 0)
        while counted < times {
            attempts += 1
            try #require(attempts <= times * Self.patience, "only \(counted) of \(attempts) kills met a sync")
            let before = process.lastCommitted
            try process.start()
            // One of four at any moment from its birth on, the others some time after a commit.
            if Int.random(in: 0..<4, using: &random) > 0 {
                try await eventually("a height over \(before)") { try process.committed() > before }
            }
            try await process.wait(milliseconds: Int64.random(in: 0...100, using: &random))
            process.kill()
            let stored = try process.withStoreIfAny { try kept.look(at: $0, "kill \(attempts)") } ?? 0
            #expect(stored >= process.lastCommitted, "kill \(attempts)")
            if stored > before, stored < count { counted += 1 }
            guard stored == count else { continue }
            // This sync was not interrupted any more: it is checked as a whole, and the next one begins.
            #expect(try process.verifiedHeight() == count)
            try process.forget()
            kept = KeptChain()
        }
        print("\(counted) of \(attempts) kills met the sync")
        try process.start()
        try await eventually("height \(count)") { try process.committed() == count }
        process.kill()
        #expect(try process.verifiedHeight() == count)
    }

    // MARK: Producing

    @Test func aProducerKilledAgainAndAgainNeverSignsTwoBlocksOfOneHeight() async throws {
        try await withNodes { nodes in
            try await withLanes(Self.productionLanes, "production") { number, random in
                let network = try TestNetwork(name: ByteString("lane \(number)"))
                let companion = try await nodes.start(network.configuration("full"))
                let process = try SupervisedNode(network, "producer", authority: 0, bootstrap: [companion.port])
                defer { process.kill() }
                try await killInProduction(process, network, companion, times: Self.kills / Self.productionLanes, random)
            }
        }
    }

    private func killInProduction(
        _ process: SupervisedNode, _ network: TestNetwork, _ companion: Node, times: Int, _ chance: SplitMix64
    ) async throws {
        var random = chance
        var kept = KeptChain()
        var seen: [UInt64: Set<Hash32>] = [:]
        for kill in 1...times {
            let before = process.lastCommitted
            try process.start()
            let port = try await process.port()
            let observer = try await WirePeer.connect(to: port, genesis: network.genesis, height: before)
            try await eventually("a block after kill \(kill - 1)") { try process.committed() > before }
            // Blocks are made when a second begins: there lie the moments that matter, and right behind a block.
            if Bool.random(using: &random) {
                try await process.wait(untilMillisecondsOfSecond: Int64.random(in: -10...40, using: &random))
            } else {
                try await process.wait(milliseconds: Int64.random(in: 0...20, using: &random))
            }
            process.kill()
            try await eventually("the observer hears of the end") { observer.isClosed }
            for (height, hashes) in observer.blocks { seen[height, default: []].formUnion(hashes) }
            let stored = try process.withStore { try kept.look(at: $0, "kill \(kill)") }
            #expect(stored >= process.lastCommitted, "kill \(kill)")
        }
        let last = process.lastCommitted
        try process.start()
        try await eventually("a block after the last kill") { try process.committed() > last }
        try await eventually("the companion has it") { try await companion.now.height > last }
        process.kill()
        // A block that was made before the observer had shaken hands is not relayed to it; half of them are enough to judge.
        #expect(seen.count >= times / 2)
        _ = try process.withStore { try kept.look(at: $0, "the end") }
        #expect(try process.verifiedHeight() == kept.height)
        // What was relayed, what the producer kept and what the companion took is one block each.
        for height in 1...(try await companion.now.height) {
            let block = try companion.worker.storeReader?.read { try $0.block(atHeight: height) }
            seen[height, default: []].insert(try HeaderPeek.read(try #require(block)).hash)
        }
        for (height, hashes) in seen { #expect(hashes.map { $0 } == [kept.hash(at: height)], "height \(height)") }
    }

    // MARK: Asked to stop

    @Test func aProcessThatIsAskedToStopLeavesAWholeStore() async throws {
        let network = try TestNetwork()
        let process = try SupervisedNode(network, "producer", authority: 0, bootstrap: [])
        defer { process.kill() }
        try process.start()
        try await eventually("a block") { try process.committed() >= 1 }
        try await process.terminate()
        let code = process.exitCode
        #expect(code == 0)
        let (stored, floor) = (try process.storedHeight(), process.lastCommitted)
        #expect(stored >= floor)
    }
}
