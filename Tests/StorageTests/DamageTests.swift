import Foundation
import Ledger
import Primitives
import TestKit
import Testing

@testable import Storage

/// Files that were cut off or changed: an error that says so, never a crash, never other data than was written.
@Suite struct DamageTests {
    let directory = TemporaryDirectory()

    /// A small store with every kind of page: branches, leaves, long values, long keys, a free list.
    private func makeStore() throws -> ChainModel {
        var model = ChainModel(seed: 9)
        let store = try LMDBStore(directory: directory.path, options: StoreOptions(initialMapBytes: 1 << 20, headroomBytes: 1 << 18))
        for _ in 0..<30 { try store.commit([model.randomBlock(12, jsonBytes: 6000)]) }
        let long = (0..<5).map { StateWrite(key: ByteString([UInt8](repeating: 7, count: 700) + [UInt8($0)]), value: [1]) }
        try store.commit([model.block(long)])
        return model
    }

    /// What happened when the store was opened and everything in it read.
    private enum Outcome: Equatable {
        case error(StoreError.Kind)
        case differs([String])
        case intact
    }

    private func outcome(_ model: ChainModel, options: StoreOptions = StoreOptions()) throws -> Outcome {
        do {
            let store = try LMDBStore(directory: directory.path, access: .existing, options: options)
            let differences = try store.differences(from: model)
            return differences.isEmpty ? .intact : .differs(differences)
        } catch let error as StoreError {
            return .error(error.kind)
        }
    }

    @Test func anUndamagedStoreIsIntact() throws {
        let model = try makeStore()
        #expect(try outcome(model) == .intact)
        #expect(try outcome(model, options: StoreOptions(fullCheckBytes: 0)) == .intact)
    }

    @Test func aCutOffFileIsToldFromAWholeOne() throws {
        let model = try makeStore()
        let used = try #require(try StoreInspector.inspect(directory: directory.path, fullCheckBytes: .max)?.usedBytes)
        // Longest first, since a cut cannot be undone.
        for bytes in [used - 1, used - 4096, used / 2, used / 2 - 100, 3 * 4096, 2 * 4096, 4096, 100, 1] {
            truncate(directory.dataFile, bytes)
            #expect(try outcome(model) == .error(.corrupted), "cut to \(bytes) of \(used) bytes")
        }
    }

    @Test func theUnusedEndOfTheFileMayGo() throws {
        var model = try makeStore()
        let used = try #require(try StoreInspector.inspect(directory: directory.path, fullCheckBytes: .max)?.usedBytes)
        truncate(directory.dataFile, used)
        #expect(try outcome(model) == .intact)
        let store = try LMDBStore(directory: directory.path)
        try store.commit([model.randomBlock(10, jsonBytes: 300_000)])
        #expect(try store.differences(from: model) == [])
    }

    @Test func anotherKindOfFileIsRefused() throws {
        try FileManager.default.createDirectory(atPath: directory.path, withIntermediateDirectories: true)
        var random = SplitMix64(seed: 3)
        let noise = (0..<65_536).map { _ in UInt8.random(in: 0...255, using: &random) }
        for bytes in [Array("hello".utf8), [UInt8](repeating: 0, count: 65_536), noise] {
            try Data(bytes).write(to: URL(fileURLWithPath: directory.dataFile))
            let error = #expect(throws: StoreError.self) { try LMDBStore(directory: directory.path) }
            #expect(error?.kind == .corrupted)
            #expect(error?.description.contains(directory.dataFile) == true)
        }
    }

    @Test func anEmptyFileBecomesAFreshStore() throws {
        try FileManager.default.createDirectory(atPath: directory.path, withIntermediateDirectories: true)
        try Data().write(to: URL(fileURLWithPath: directory.dataFile))
        #expect(try LMDBStore(directory: directory.path).head() == nil)
    }

    @Test func aFlippedBitOfABlockIsFound() throws {
        let model = try makeStore()
        let file = try Data(contentsOf: URL(fileURLWithPath: directory.dataFile))
        for record in model.records.prefix(5) {
            let range = try #require(file.range(of: Data(record.json)))
            try flip(bit: 3, ofByte: range.lowerBound + 2500)
            let store = try LMDBStore(directory: directory.path, options: StoreOptions(initialMapBytes: 1 << 20))
            let error = #expect(throws: StoreError.self) { try store.block(atHeight: record.height) }
            #expect(error?.kind == .corrupted)
            #expect(error?.detail.contains("block \(record.height)") == true)
            try flip(bit: 3, ofByte: range.lowerBound + 2500)
        }
    }

    @Test func aFlippedBitOfAMetaPageIsFoundOrHarmless() throws {
        let model = try makeStore()
        // Both meta pages, a few bits of each byte of header and record.
        var found = 0
        for byte in Array(0..<152) + Array(4096..<4248) {
            for bit in [byte % 8, (byte + 3) % 8] {
                try flip(bit: bit, ofByte: byte)
                do {
                    _ = try StoreInspector.inspect(directory: directory.path, fullCheckBytes: .max)
                } catch { found += 1 }
                try flip(bit: bit, ofByte: byte)
            }
        }
        #expect(found > 200)
        #expect(try outcome(model) == .intact)
    }

    @Test(arguments: [11, 12, 13] as [UInt64])
    func flippedBitsAnywhereNeverCrashAndNeverPassAsBlocks(seed: UInt64) throws {
        let model = try makeStore()
        let used = try #require(try StoreInspector.inspect(directory: directory.path, fullCheckBytes: .max)?.usedBytes)
        var random = SplitMix64(seed: seed)
        var errors = 0
        for _ in 0..<25 {
            // Three of four among the first bytes of a page, where the structure is.
            let page = Int.random(in: 0..<used / 4096, using: &random)
            let offset = Int.random(in: 0..<(UInt8.random(in: 0..<4, using: &random) == 0 ? 4096 : 64), using: &random)
            let bit = Int.random(in: 0..<8, using: &random)
            try flip(bit: bit, ofByte: page * 4096 + offset)
            switch try outcome(model) {
            case .error: errors += 1
            case .intact: break
            case .differs(let what):
                // State values and index entries are vouched for by the state root and the blocks, not here.
                #expect(
                    !what.contains { $0.hasPrefix("block") || $0.hasPrefix("undo") || $0 == "tip" },
                    "seed \(seed) byte \(page * 4096 + offset) bit \(bit): \(what)")
            }
            try flip(bit: bit, ofByte: page * 4096 + offset)
        }
        #expect(errors > 3)
        #expect(try outcome(model) == .intact)
    }

    private func flip(bit: Int, ofByte offset: Int) throws {
        let file = try FileHandle(forUpdating: URL(fileURLWithPath: directory.dataFile))
        defer { try? file.close() }
        try file.seek(toOffset: UInt64(offset))
        let byte = try #require(try file.read(upToCount: 1)?.first)
        try file.seek(toOffset: UInt64(offset))
        try file.write(contentsOf: Data([byte ^ UInt8(1 << bit)]))
    }
}
