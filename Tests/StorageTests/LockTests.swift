import Foundation
import Ledger
import Primitives
import TestKit
import Testing

@testable import Storage

@Suite struct LockTests {
    let directory = TemporaryDirectory()

    @Test func aSecondWriterIsToldWhoHoldsTheDirectory() throws {
        let store = try LMDBStore(directory: directory.path)
        let error = #expect(throws: StoreError.self) { try LMDBStore(directory: directory.path) }
        #expect(error?.kind == .locked(holder: getpid()))
        #expect(error?.description.contains("process \(getpid())") == true)
        // The refusal has not disturbed the holder.
        var model = ChainModel()
        try store.commit([model.randomBlock(3)])
        #expect(try store.differences(from: model) == [])
    }

    @Test func anotherProcessIsToldToo() async throws {
        let store = try LMDBStore(directory: directory.path)
        let holder = getpid()
        await #expect(processExitsWith: .success) { [path = directory.path as String, holder = holder as Int32] in
            let error = #expect(throws: StoreError.self) { try LMDBStore(directory: path) }
            #expect(error?.kind == .locked(holder: holder))
        }
        withExtendedLifetime(store) {}
    }

    @Test func theDirectoryIsFreeWhenTheStoreIsGone() throws {
        for _ in 0..<3 { _ = try LMDBStore(directory: directory.path) }
    }

    @Test func aReaderOpensBesideTheWriterAndFollowsIt() async throws {
        var model = ChainModel()
        let options = StoreOptions(initialMapBytes: 1 << 20, headroomBytes: 4096, maxGrowthBytes: 1 << 20)
        let store = try LMDBStore(directory: directory.path, options: options)
        try store.commit((0..<30).map { _ in model.randomBlock(3, jsonBytes: 100_000) })
        let height = try #require(model.head?.height)
        await #expect(processExitsWith: .success) { [path = directory.path as String, height = height as UInt64] in
            let other = try LMDBStore(directory: path, access: .readOnly)
            #expect(try other.head()?.height == height)
            #expect(try other.block(atHeight: height)?.count == 100_000)
            #expect(throws: StoreError.self) { try other.begin() }
        }
        // Its end leaves the writer at work.
        try store.commit([model.randomBlock(3)])
        #expect(try store.differences(from: model) == [])
    }

    @Test(arguments: [LMDBStore.Access.existing, .readOnly])
    func whatIsMissingIsNotMade(access: LMDBStore.Access) throws {
        let error = #expect(throws: StoreError.self) { try LMDBStore(directory: directory.path, access: access) }
        #expect(error?.kind == .missing)
        #expect(!FileManager.default.fileExists(atPath: directory.dataFile))
    }

    @Test func aFileInTheDirectorysPlaceIsAnError() throws {
        try Data("hello".utf8).write(to: URL(fileURLWithPath: directory.file("store")))
        let error = #expect(throws: StoreError.self) { try LMDBStore(directory: directory.file("store")) }
        #expect(error?.operation == .createDirectory)
    }

    @Test func aStoreOfANewerFormatIsLeftAlone() throws {
        do { _ = try LMDBStore(directory: directory.path) }
        do {
            let environment = try Environment(directory: directory.path, readOnly: false, options: StoreOptions())
            let transaction = try environment.beginWrite()
            let view = StoreView(transaction: transaction, databases: try Databases(transaction, create: false))
            try StoreWriter(view: view).setMetadata(MetadataKey.format, [0, 0, 0, 3])
            try environment.commit(transaction)
        }
        let error = #expect(throws: StoreError.self) { try LMDBStore(directory: directory.path) }
        #expect(error?.kind == .format(found: 3))
    }

    @Test func aBackupOfALiveStoreOpensAsAStore() throws {
        var model = ChainModel()
        let store = try LMDBStore(directory: directory.path)
        try store.commit((0..<20).map { _ in model.randomBlock(10) })
        let copy = TemporaryDirectory()
        try store.reader.backup(toDirectory: copy.path)
        let before = model
        try store.commit([model.randomBlock(10)])
        let restored = try LMDBStore(directory: copy.path, access: .existing)
        #expect(try restored.differences(from: before) == [])
        // It never overwrites.
        #expect(throws: StoreError.self) { try store.reader.backup(toDirectory: copy.path) }
    }

    @Test func aStoreThatLMDBCannotOpenIsAnErrorAndCanBeTriedAgain() throws {
        do { _ = try LMDBStore(directory: directory.path) }
        // A directory in the place of LMDB's lock file: the data file is sound, opening still fails.
        try FileManager.default.removeItem(atPath: directory.path + "/lock.mdb")
        try FileManager.default.createDirectory(atPath: directory.path + "/lock.mdb", withIntermediateDirectories: false)
        for _ in 0..<2 {
            let error = #expect(throws: StoreError.self) { try LMDBStore(directory: directory.path) }
            #expect(error?.operation == .open)
        }
        try FileManager.default.removeItem(atPath: directory.path + "/lock.mdb")
        #expect(try LMDBStore(directory: directory.path).head() == nil)
    }
}
