import ChainService
import Foundation
import Ledger
import Primitives
import Storage
import TestKit
import Testing

@testable import Node

/// A real node whose disk is full: it ends with a sentence, keeps what it has committed, and goes on once there is room.
@Suite(.serialized, .timeLimit(.minutes(5)), .enabled(if: SmallDisk.isAvailable, "\(SmallDisk.unavailable)"))
struct FullDiskTests {
    let network: TestNetwork
    /// `sysexits(3)`: input or output.
    private static let inputOutput: Int32 = 74

    init() throws {
        network = try TestNetwork()
    }

    private func disk(bytes: Int) throws -> SmallDisk {
        try SmallDisk(at: network.directory.file("disk"), bytes: bytes)
    }

    private func expectItSaidSo(_ process: SupervisedNode, _ when: String) {
        let words = process.lastWords ?? ""
        #expect(
            words.contains("the disk is full") && words.contains(process.dataPath) && words.contains("free some space"), "\(when): \(words)"
        )
    }

    @Test func aSyncThatFillsTheDiskEndsInWordsAndGoesOnOnceThereIsRoom() async throws {
        let count: UInt64 = 300
        try network.importBlocks(try network.makeBlocks(Int(count)), into: "server")
        let disk = try disk(bytes: 512 << 10)
        try await withNodes { nodes in
            let server = try await nodes.start(network.configuration("server"))
            let process = try SupervisedNode(
                network, "late", authority: nil, bootstrap: [server.port], extra: "sync_batch_size: 10\n", disk: disk)
            defer { process.kill() }
            var kept = KeptChain()
            for when in ["as it fills up", "while it is full"] {
                try process.start()
                #expect(try await process.end() == Self.inputOutput, "\(when): \(process.log.suffix(2000))")
                expectItSaidSo(process, when)
                let stored = try process.withStore { try kept.look(at: $0, when) }
                #expect(stored >= process.lastCommitted && stored < count, "\(when)")
            }
            #expect(kept.height > 0)
            try disk.remount(bytes: 64 << 20)
            try process.start()
            try await eventually("height \(count)") { try process.committed() == count }
            process.kill()
            _ = try process.withStore { try kept.look(at: $0, "with room again") }
            #expect(try process.verifiedHeight() == count)
        }
    }

    @Test func aProducerOnAFullDiskEndsInWordsAndSignsNoHeightTwice() async throws {
        let disk = try disk(bytes: 4 << 20)
        try await withNodes { nodes in
            let companion = try await nodes.start(network.configuration("full"))
            let process = try SupervisedNode(network, "producer", authority: 0, bootstrap: [companion.port], disk: disk)
            defer { process.kill() }
            try process.start()
            try await eventually("a block") { try process.committed() >= 1 }
            try disk.fill()
            #expect(try await process.end() == Self.inputOutput, "\(process.log.suffix(2000))")
            expectItSaidSo(process, "while it produces")
            var kept = KeptChain()
            let stored = try process.withStore { try kept.look(at: $0, "full") }
            #expect(stored >= process.lastCommitted)
            try disk.empty()
            try process.start()
            try await eventually("two more blocks") { try process.committed() >= stored + 2 }
            try await eventually("the companion has them") { try await companion.now.height >= stored + 2 }
            process.kill()
            _ = try process.withStore { try kept.look(at: $0, "with room again") }
            for height in 1...(try await companion.now.height) {
                let block = try #require(try companion.worker.storeReader?.read { try $0.block(atHeight: height) })
                #expect(try HeaderPeek.read(block).hash == kept.hash(at: height), "height \(height)")
            }
        }
    }

    /// However little there is: the lock file, LMDB's two files, the genesis block and the identity key all need some.
    @Test func aFirstStartOnAFullDiskEndsInWordsAndSucceedsOnceThereIsRoom() async throws {
        var hasStarted = false
        for pages in 0..<40 where !hasStarted {
            let disk = try disk(bytes: 1 << 20)
            try disk.fill(leaving: pages * 4096)
            let process = try SupervisedNode(network, "fresh-\(pages)", authority: nil, bootstrap: [], disk: disk)
            defer { process.kill() }
            try process.start()
            do {
                _ = try await process.port()
                hasStarted = true
            } catch {
                #expect(try await process.end() == Self.inputOutput, "\(pages) pages: \(process.log)")
                let words = process.lastWords ?? ""
                #expect(words.contains("the disk is full") && words.contains("free some space"), "\(pages) pages: \(process.log)")
                try disk.empty()
                try process.start()
                _ = try await process.port()
            }
        }
        #expect(hasStarted)
    }

    @Test func aDiskForReadingOnlyIsToldAsSuch() async throws {
        let disk = try disk(bytes: 4 << 20)
        let process = try SupervisedNode(network, "one", authority: nil, bootstrap: [], disk: disk)
        defer { process.kill() }
        try process.start()
        _ = try await process.port()
        process.kill()
        try disk.remount(bytes: 4 << 20, readOnly: true)
        try process.start()
        #expect(try await process.end() == 77, "\(process.log)")
        #expect(process.lastWords?.contains("Read-only file system") == true, "\(process.log)")
    }

    @Test func aLogThatCannotBeWrittenDoesNotHurtTheNode() async throws {
        let process = try SupervisedNode(network, "producer", authority: 0, bootstrap: [], log: "/dev/full")
        defer { process.kill() }
        try process.start()
        try await eventually("two blocks") { try process.committed() >= 2 }
        try await process.terminate()
        let code = process.exitCode
        #expect(code == 0)
        #expect(try process.verifiedHeight() >= 2)
    }
}
