import Foundation
import Ledger
import Primitives
import TestKit
import Testing

@testable import Storage

/// The resident part of a store is bounded, however large the store is and however much of it was read.
///
/// In a process of its own: the count is the whole process's, and other tests would move it.
@Suite struct ResidentPagesTests {
    let directory = TemporaryDirectory()

    @Test func writingAndReadingALargeStoreKeepsLittleOfItResident() async throws {
        await #expect(processExitsWith: .success) { [path = directory.path as String] in
            func fileMegabytes() throws -> Int {
                let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
                let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("RssFile:") })
                return try #require(Int(line.split(whereSeparator: { !$0.isNumber })[0])) / 1024
            }
            var model = ChainModel()
            let store = try LMDBStore(directory: path)
            let before = try fileMegabytes()
            for _ in 0..<40 { try store.commit([model.randomBlock(20, jsonBytes: 1 << 20)]) }
            #expect(store.reader.usedBytes > 40 << 20)
            let written = try fileMegabytes()
            // The limit, what the code of the test itself brings in, and what was touched since the last look.
            #expect(written - before < 16, "\(before) MB before, \(written) MB after writing")
            for round in 0..<3 {
                for height in 0..<40 { #expect(try store.block(atHeight: UInt64(height))?.count == 1 << 20) }
                _ = try store.stateEntries()
                let read = try fileMegabytes()
                #expect(read - before < 16, "\(before) MB before, \(read) MB after reading, round \(round)")
            }
        }
    }

    @Test func readersGoOnWhileThePagesGo() throws {
        var model = ChainModel()
        let store = try LMDBStore(directory: directory.path)
        for _ in 0..<10 { try store.commit([model.randomBlock(5, jsonBytes: 1 << 20)]) }
        let reader = store.reader
        let expected = model.records.map(\.json)
        let group = Workers(4) { worker in
            for round in 0..<100 {
                let height = (worker * 7 + round) % 10
                guard try reader.read({ try $0.block(atHeight: UInt64(height)) }) == expected[height] else { throw TornRead() }
            }
            return 100
        }
        for _ in 0..<10 { try store.commit([model.randomBlock(5, jsonBytes: 1 << 20)]) }
        #expect(try group.results() == [100, 100, 100, 100])
    }
}
