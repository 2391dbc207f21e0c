import Foundation
import Framing
import Ledger
import PodoruConfiguration
import Primitives
import Storage
import Testing

@testable import Node
@testable import podoru

/// Real processes that are killed without warning, and started again on what they left.
@Suite(.serialized, .timeLimit(.minutes(3))) struct CrashTests {
    @Test func aNodeKilledInTheMiddleOfASyncGoesOnFromItsLastCommit() async throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("killed in sync: seed \(seed)")
        var random = SplitMix64(seed: seed)
        let network = try TestNetwork()
        let count: UInt64 = 600
        try network.importBlocks(try network.makeBlocks(Int(count)), into: "server")
        try await withNodes { nodes in
            // Read at five requests a second, the server gives 50 blocks a second: the sync lasts long enough to be interrupted.
            var slow = network.configuration("server")
            slow.rateLimitMessagesPerSecond = 5
            slow.rateLimitBurst = 5
            slow.rateLimitPatience = .seconds(3600)
            let server = try await nodes.start(slow)
            let process = try NodeProcess(network, "late", authority: nil, bootstrap: [server.port], extra: "sync_batch_size: 10\n")
            defer { process.kill() }
            // Each kill comes a little after a height that is higher than the one before. A sync that outruns the test at one of
            // the later ones was still interrupted at those before.
            var interrupted = 0
            for step in 1...5 {
                try process.start()
                let offset = UInt64.random(in: 0..<50, using: &random)
                let goal = UInt64(step * 100) + offset
                try await eventually("a height over \(goal)") { try process.committed() >= goal }
                try await process.wait(milliseconds: Int64.random(in: 0...20, using: &random))
                process.kill()
                let floor = process.lastCommitted
                let stored = try process.storedHeight()
                #expect(stored >= floor, "kill \(step)")
                guard stored < count else { break }
                interrupted += 1
            }
            #expect(interrupted >= 1, "every kill came after the sync")
            try process.start()
            try await eventually("height \(count)") { try process.committed() == count }
            process.kill()
        }
        let outcome = try StoreVerifier(directory: network.dataPath("late"), now: { ReferenceChain.now }).run()
        #expect(outcome.fault == nil)
        #expect(outcome.tip.height == count)
    }

    @Test func aProducerKilledAgainAndAgainNeverSignsTwoBlocksOfOneHeight() async throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("killed in production: seed \(seed)")
        var random = SplitMix64(seed: seed)
        let network = try TestNetwork()
        var seen: [UInt64: Set<Hash32>] = [:]
        try await withNodes { nodes in
            let companion = try await nodes.start(network.configuration("full"))
            let process = try NodeProcess(network, "producer", authority: 0, bootstrap: [companion.port])
            defer { process.kill() }
            for kill in 1...6 {
                let before = process.lastCommitted
                try process.start()
                let port = try await process.port()
                let observer = try await WirePeer.connect(to: port, genesis: network.genesis, height: before)
                try await eventually("a block after kill \(kill - 1)") { try process.committed() > before }
                // Blocks are made when a second begins: there lie the moments that matter.
                try await process.wait(untilMillisecondsOfSecond: Int64.random(in: 0...40, using: &random))
                process.kill()
                try await eventually("the observer hears of the end") { observer.isClosed }
                for (height, hashes) in observer.blocks { seen[height, default: []].formUnion(hashes) }
                let (stored, floor) = (try process.storedHeight(), process.lastCommitted)
                #expect(stored >= floor, "kill \(kill)")
            }
            let last = process.lastCommitted
            try process.start()
            try await eventually("a block after the last kill") { try process.committed() > last }
            try await eventually("the companion has it") { try await companion.now.height > last }
            process.kill()
        }
        // A block that was made before the observer had shaken hands is not relayed to it; half of them are enough to judge.
        #expect(seen.count >= 3)
        let (own, companion) = (try LMDBStore(directory: network.dataPath("producer")), try LMDBStore(directory: network.dataPath("full")))
        // What was relayed, what the producer kept and what the companion took is one block each.
        for store in [own, companion] {
            for height in 1...(try #require(try store.tip()).height) {
                let block = try #require(try store.block(atHeight: height))
                seen[height, default: []].insert(try HeaderPeek.read(block).hash)
            }
        }
        for (height, hashes) in seen { #expect(hashes.count == 1, "height \(height)") }
    }

    @Test func aProcessThatIsAskedToStopLeavesAWholeStore() async throws {
        let network = try TestNetwork()
        let process = try NodeProcess(network, "producer", authority: 0, bootstrap: [])
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
