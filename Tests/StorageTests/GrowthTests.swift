import Foundation
import Ledger
import Platform
import Primitives
import TestKit
import Testing

@testable import Storage

/// The map starts small here, so that a few megabytes take it through many sizes.
@Suite struct GrowthTests {
    let directory = TemporaryDirectory()
    /// 128 KiB of map, grown by at most 256 KiB, and no room wanted ahead: every write meets the end.
    let tight = StoreOptions(initialMapBytes: 128 << 10, headroomBytes: 4096, maxGrowthBytes: 256 << 10)

    @Test func theMapGrowsAheadOfWrites() throws {
        var model = ChainModel()
        let options = StoreOptions(initialMapBytes: 1 << 20, headroomBytes: 1 << 20, maxGrowthBytes: 8 << 20)
        let store = try LMDBStore(directory: directory.path, options: options)
        var sizes: Set<Int> = []
        for _ in 0..<30 {
            try store.commit([model.randomBlock(20, jsonBytes: 200_000)])
            sizes.insert(store.reader.mapBytes)
        }
        #expect(sizes.count >= 3)
        #expect(store.reader.mapBytes >= store.reader.usedBytes)
        #expect(try store.differences(from: model) == [])
    }

    @Test func aWriteThatMeetsTheEndOfTheMapIsNotLost() throws {
        var model = ChainModel()
        let store = try LMDBStore(directory: directory.path, options: tight)
        let first = store.reader.mapBytes
        try store.begin()
        try store.setMetadata("before", [1])
        for _ in 0..<30 { try store.append(model.randomBlock(10, jsonBytes: 50_000)) }
        try store.setMetadata("after", [2])
        // The open write sees all of it, whatever was repeated underneath.
        #expect(try store.head() == model.head)
        try store.commit()
        #expect(store.reader.mapBytes > 4 * first)
        #expect(try store.differences(from: model) == [])
        #expect(try store.metadata("before") == [1])
        #expect(try store.metadata("after") == [2])
    }

    @Test func aValueLargerThanTheMapFindsRoom() throws {
        var model = ChainModel()
        let store = try LMDBStore(directory: directory.path, options: tight)
        try store.commit([model.randomBlock(1, valueBytes: 1 << 20, jsonBytes: 1 << 20)])
        #expect(try store.differences(from: model) == [])
    }

    @Test func anUndoGrowsTheMapToo() throws {
        var model = ChainModel()
        let store = try LMDBStore(directory: directory.path, options: tight)
        let big = model.bytes(300_000)
        try store.commit([model.block([]), model.block([StateWrite(key: "big", value: big)])])
        try store.commit([model.block([StateWrite(key: "big", value: nil)])])
        for _ in 0..<20 {
            try store.begin()
            try store.removeHead(try #require(try store.undoRecord(atHeight: 2)))
            model.removeHead()
            try store.append(model.block([StateWrite(key: "big", value: nil), StateWrite(key: "x", value: big)]))
            try store.commit()
        }
        #expect(try store.differences(from: model) == [])
    }

    @Test func aGrownStoreOpensAgainWithTheSmallOptions() throws {
        var model = ChainModel()
        do {
            let store = try LMDBStore(directory: directory.path, options: tight)
            try store.commit((0..<20).map { _ in model.randomBlock(10, jsonBytes: 50_000) })
        }
        let store = try LMDBStore(directory: directory.path, options: tight)
        #expect(try store.differences(from: model) == [])
        try store.commit([model.randomBlock(10, jsonBytes: 50_000)])
        #expect(try store.differences(from: model) == [])
    }

    @Test func readersOnOtherThreadsGoOnWhileTheMapGrows() throws {
        var model = ChainModel()
        let store = try LMDBStore(directory: directory.path, options: tight)
        try store.commit([model.randomBlock(5)])
        let reader = store.reader
        let stop = Monitor(false)
        let group = Workers(4) { _ in
            var reads = 0
            while !stop.withLock({ $0 }) {
                let ok = try reader.read { snapshot in
                    guard let head = try snapshot.head() else { return false }
                    let newest = try snapshot.block(atHeight: head.height)
                    // One snapshot: the head's block is there, the next is not, and the undo record is the head's own.
                    return try newest != nil && snapshot.block(atHeight: head.height + 1) == nil
                        && snapshot.undoRecord(atHeight: head.height)?.block == head
                }
                guard ok else { throw TornRead() }
                reads += 1
            }
            return reads
        }
        for _ in 0..<40 { try store.commit([model.randomBlock(5, jsonBytes: 40_000)]) }
        stop.withLock { $0 = true }
        let reads = try group.results()
        #expect(reads.allSatisfy { $0 > 0 })
        #expect(try store.differences(from: model) == [])
    }

    @Test func moreReadersThanPlacesTakeTurns() throws {
        var model = ChainModel()
        let store = try LMDBStore(directory: directory.path)
        try store.commit([model.randomBlock(5)])
        let reader = store.reader
        let inside = Monitor((now: 0, most: 0))
        let group = Workers(StoreOptions.maxReaders + 8) { _ in
            for _ in 0..<20 {
                try reader.read { snapshot in
                    inside.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) }
                    _ = try snapshot.head()
                    sched_yield()
                    inside.withLock { $0.now -= 1 }
                }
            }
            return 20
        }
        #expect(try group.results().count == StoreOptions.maxReaders + 8)
        #expect(inside.withLock { $0.most } <= StoreOptions.maxReaders)
    }
}

struct TornRead: Error {}

/// Threads that each run one body, and what they returned.
final class Workers: Sendable {
    private let outcomes: Monitor<[Result<Int, any Error>]>
    private let count: Int

    init(_ count: Int, _ body: @escaping @Sendable (Int) throws -> Int) {
        let outcomes = Monitor<[Result<Int, any Error>]>([])
        self.outcomes = outcomes
        self.count = count
        for index in 0..<count {
            let thread = Thread {
                let result = Result { try body(index) }
                outcomes.withLockThenWake { $0.append(result) }
            }
            thread.start()
        }
    }

    /// Waits for all of them; throws the first error.
    func results() throws -> [Int] {
        let count = count
        return try outcomes.wait { $0.count == count ? $0 : nil }.map { try $0.get() }
    }
}
