import Foundation
import Ledger
import Primitives
import TestKit
import Testing

@testable import Storage

/// A child process commits as fast as it can and is killed (SIGKILL) in the middle of it, at a moment that the seed
/// picks; what it leaves must be one of its commits, whole.
@Suite struct CrashTests {
    let directory = TemporaryDirectory()

    @Test(arguments: [1, 2, 3, 4, 5, 6] as [UInt64])
    func aKilledWriterLeavesItsLastCommit(seed: UInt64) async throws {
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = directory.path as String, seed = seed as UInt64] in
            var random = SplitMix64(seed: seed)
            let delay = UInt32.random(in: 3_000...60_000, using: &random)
            let options = StoreOptions(initialMapBytes: 256 << 10, headroomBytes: 4096, maxGrowthBytes: 1 << 20)
            let store = try LMDBStore(directory: path, options: options)
            var model = ChainModel(seed: seed)
            Thread {
                usleep(delay)
                kill(getpid(), SIGKILL)
            }.start()
            while true {
                // Four blocks a commit, so that half a commit would show.
                try store.commit((0..<4).map { _ in model.randomBlock(20, jsonBytes: 3000) })
            }
        }

        let store = try LMDBStore(directory: directory.path)
        let blocks = try store.reader.read { try $0.counts() }.blocks
        #expect(blocks % 4 == 0)
        // The child's model again, up to the height that is there.
        var model = ChainModel(seed: seed)
        for _ in 0..<blocks { _ = model.randomBlock(20, jsonBytes: 3000) }
        #expect(try store.differences(from: model) == [])
        try store.commit([model.randomBlock(20)])
        #expect(try store.differences(from: model) == [])
    }

    @Test func aWriterKilledWithAnOpenWriteLeavesTheCommitBefore() async throws {
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = directory.path as String] in
            var model = ChainModel()
            let store = try LMDBStore(directory: path)
            try store.commit([model.randomBlock(20)])
            try store.begin()
            for _ in 0..<50 { try store.append(model.randomBlock(20, jsonBytes: 100_000)) }
            kill(getpid(), SIGKILL)
        }
        var model = ChainModel()
        _ = model.randomBlock(20)
        let store = try LMDBStore(directory: directory.path)
        #expect(try store.differences(from: model) == [])
    }
}
