import Foundation
import Ledger
import Primitives
import TestKit
import Testing

@testable import Storage

/// A disk that fills up, played by a small tmpfs.
@Suite(.enabled(if: SmallDisk.isAvailable, "\(SmallDisk.unavailable)")) struct FullDiskTests {
    let directory = TemporaryDirectory()

    @Test func aFullDiskIsAnErrorAndTheStoreStaysIntact() throws {
        let disk = try SmallDisk(at: directory.path, bytes: 6 << 20)
        let path = "\(disk.path)/data"
        try disk.run {
            var model = ChainModel()
            var committed = model
            do {
                let store = try LMDBStore(directory: path)
                let error = #expect(throws: StoreError.self) {
                    for _ in 0..<1000 {
                        try store.commit([model.randomBlock(10, jsonBytes: 100_000)])
                        committed = model
                    }
                }
                #expect(error?.kind == .diskFull)
                #expect(error?.description.contains("the disk is full") == true)
                #expect(error?.advice.contains("free some space") == true)
                #expect(committed.records.count > 5)
                // Open and after opening it again, what was committed is there.
                #expect(try store.differences(from: committed) == [])
            }
            let store = try LMDBStore(directory: path)
            #expect(try store.differences(from: committed) == [])
        }
    }

    /// LMDB maps its table of readers for writing: a page of it that the disk has no room for would be the end of the process.
    @Test func aStoreThatDoesNotFitIsAnErrorAtEverySizeAndMadeOnceThereIsRoom() throws {
        // A page for the lock file, two for the readers, two for the first pages of the store, some for its first commit.
        for pages in 0..<14 {
            let disk = try SmallDisk(at: directory.path, bytes: 1 << 20)
            try disk.fill(leaving: pages * 4096)
            try disk.run { [path = "\(disk.path)/data"] in
                do {
                    _ = try LMDBStore(directory: path)
                    #expect(pages > 5)
                } catch let error as StoreError {
                    #expect(error.kind == .diskFull, "\(pages) pages: \(error)")
                }
            }
            try disk.empty()
            try disk.run { [path = "\(disk.path)/data"] in
                var model = ChainModel()
                let store = try LMDBStore(directory: path)
                try store.commit([model.randomBlock(10)])
                #expect(try store.differences(from: model) == [])
            }
        }
    }
}
