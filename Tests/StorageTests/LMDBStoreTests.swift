import Foundation
import Ledger
import Primitives
import TestKit
import Testing

@testable import Storage

@Suite struct LMDBStoreTests {
    let directory = TemporaryDirectory()

    @Test func aFreshStoreIsEmpty() throws {
        let store = try LMDBStore(directory: directory.path)
        #expect(try store.head() == nil)
        #expect(try store.block(atHeight: 0) == nil)
        #expect(try store.undoRecord(atHeight: 0) == nil)
        #expect(try store.stateValue("a") == nil)
        #expect(try store.lastNonce(sender: .zero) == nil)
        #expect(try store.metadata("x") == nil)
        #expect(try store.stateEntries().isEmpty)
    }

    @Test func theDirectoryIsTheOwnersAlone() throws {
        _ = try LMDBStore(directory: directory.file("deep/er"))
        for path in [directory.file("deep"), directory.file("deep/er")] {
            let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
            #expect(mode == 0o700)
        }
        let mode = try FileManager.default.attributesOfItem(atPath: directory.path + "/deep/er/data.mdb")[.posixPermissions]
        #expect(mode as? Int == 0o600)
    }

    @Test func whatIsAppendedIsFoundByEveryIndex() throws {
        var model = ChainModel()
        let store = try LMDBStore(directory: directory.path)
        try store.commit((0..<20).map { _ in model.randomBlock(30) })
        #expect(try store.differences(from: model) == [])
        #expect(try store.hasTransaction(id: model.records[3].transactions[1].id))
        #expect(try !store.hasTransaction(id: model.hash()))
        #expect(try store.height(ofBlock: model.hash()) == nil)
    }

    @Test func theOpenWriteSeesItselfAndReadersDoNot() throws {
        var model = ChainModel()
        let store = try LMDBStore(directory: directory.path)
        let genesis = model.block([StateWrite(key: "a", value: [1])])
        try store.begin()
        try store.append(genesis)
        try store.setMetadata("signed", [9])
        #expect(try store.head() == genesis.head)
        #expect(try store.stateValue("a") == [1])
        #expect(try store.metadata("signed") == [9])
        #expect(try store.reader.read { try $0.head() } == nil)
        try store.commit()
        #expect(try store.reader.read { try $0.head() } == genesis.head)
        #expect(try store.reader.read { try $0.metadata("signed") } == [9])
    }

    @Test func anAbortedWriteLeavesNothing() throws {
        var model = ChainModel()
        let store = try LMDBStore(directory: directory.path)
        try store.commit([model.randomBlock(10)])
        let before = model
        try store.begin()
        try store.append(model.randomBlock(10))
        try store.append(model.randomBlock(10))
        try store.setMetadata("x", [1])
        store.abort()
        #expect(try store.differences(from: before) == [])
        #expect(try store.metadata("x") == nil)
    }

    @Test func theStoreIsTheSameAfterOpeningItAgain() throws {
        var model = ChainModel()
        do {
            let store = try LMDBStore(directory: directory.path)
            for _ in 0..<10 { try store.commit([model.randomBlock(10), model.randomBlock(3)]) }
            try store.begin()
            try store.setMetadata("last signed", [1, 2, 3])
            try store.commit()
            // A write that nobody ended is no part of it.
            try store.begin()
            try store.setMetadata("last signed", [4])
        }
        let store = try LMDBStore(directory: directory.path, access: .existing)
        #expect(try store.differences(from: model) == [])
        #expect(try store.metadata("last signed") == [1, 2, 3])
    }

    @Test func removingTheHeadRestoresWhatWasBefore() throws {
        var model = ChainModel(seed: 5)
        let store = try LMDBStore(directory: directory.path)
        try store.commit((0..<12).map { _ in model.randomBlock(25, keys: 40) })
        let gone = Array(model.records.suffix(5))
        try store.begin()
        for record in gone.reversed() {
            try store.removeHead(try #require(try store.undoRecord(atHeight: record.height)))
            model.removeHead()
        }
        try store.commit()
        #expect(try store.differences(from: model) == [])
        for record in gone {
            #expect(try store.height(ofBlock: record.hash) == nil)
            for entry in record.transactions { #expect(try !store.hasTransaction(id: entry.id)) }
            for used in record.nonces { #expect(try !store.isNonceUsed(sender: used.sender, nonce: used.nonce)) }
        }
        try store.commit([model.randomBlock(25, keys: 40)])
        #expect(try store.differences(from: model) == [])
    }

    @Test func theGenesisBlockStays() throws {
        var model = ChainModel()
        let store = try LMDBStore(directory: directory.path)
        let genesis = model.randomBlock(3)
        try store.commit([genesis])
        try store.begin()
        #expect(throws: StoreError.self) { try store.removeHead(genesis.undo) }
        store.abort()
        #expect(try store.differences(from: model) == [])
    }

    @Test func aBlockThatDoesNotFollowIsRefusedAndTheWriteIsLost() throws {
        var model = ChainModel()
        let store = try LMDBStore(directory: directory.path)
        try store.commit([model.randomBlock(3)])
        let before = model
        _ = model.randomBlock(3)
        let tooHigh = model.randomBlock(3)
        try store.begin()
        #expect(throws: StoreError.self) { try store.append(tooHigh) }
        #expect(throws: StoreError.self) { try store.commit() }
        #expect(try store.differences(from: before) == [])
        // The next write starts clean.
        try store.begin()
        try store.commit()
    }

    @Test func callsOutOfOrderAreErrors() throws {
        let store = try LMDBStore(directory: directory.path)
        func kind(_ body: () throws -> Void) -> StoreError.Kind? {
            do { try body() } catch { return (error as? StoreError)?.kind }
            return nil
        }
        #expect(kind { try store.commit() } == .misuse)
        #expect(kind { try store.setMetadata("a", []) } == .misuse)
        try store.begin()
        #expect(kind { try store.begin() } == .misuse)
        store.abort()
        store.abort()
        #expect(kind { try store.setMetadata(String(repeating: "n", count: 257), []) } == .limit)
    }

    @Test func theHighestNonceIsFoundAmongNeighbours() throws {
        let store = try LMDBStore(directory: directory.path)
        let senders = try (1...3).map { try #require(Address([UInt8](repeating: UInt8($0 * 80), count: 20))) }
        var model = ChainModel()
        var record = model.block([StateWrite(key: "a", value: [])])
        record.undo.nonces = [
            UsedNonce(sender: senders[0], nonce: 5), UsedNonce(sender: senders[0], nonce: 300),
            UsedNonce(sender: senders[2], nonce: .max), UsedNonce(sender: senders[2], nonce: 0),
        ]
        try store.commit([record])
        #expect(try store.lastNonce(sender: senders[0]) == 300)
        #expect(try store.lastNonce(sender: senders[1]) == nil)
        #expect(try store.lastNonce(sender: senders[2]) == .max)
        #expect(try store.isNonceUsed(sender: senders[2], nonce: 0))
        #expect(try !store.isNonceUsed(sender: senders[0], nonce: 6))
    }

    @Test func emptyValuesAreThere() throws {
        var model = ChainModel()
        let store = try LMDBStore(directory: directory.path)
        try store.commit([model.block([StateWrite(key: "empty", value: []), StateWrite(key: "", value: [1])])])
        #expect(try store.stateValue("empty") == [])
        #expect(try store.stateValue("") == [1])
        #expect(try store.differences(from: model) == [])
    }

    @Test func blocksOfAMebibyteAreServed() throws {
        var model = ChainModel()
        let store = try LMDBStore(directory: directory.path)
        try store.commit((0..<4).map { _ in model.randomBlock(2, valueBytes: 700_000, jsonBytes: 1 << 20) })
        #expect(try store.differences(from: model) == [])
        let array = try store.reader.read { try $0.blocks(from: 0, count: 100, maxBytes: 3 << 20) }
        #expect(array.count == 2)
        #expect(array.payload.count == 2 * (1 << 20) + 3)
    }

    @Test(arguments: [
        (0, 100, 1 << 20, 10), (3, 4, 1 << 20, 4), (9, 100, 1 << 20, 1), (10, 100, 1 << 20, 0), (0, 0, 1 << 20, 0),
        (0, 100, 1, 1), (0, 100, 202, 1), (0, 100, 402, 1), (0, 100, 403, 2), (Int.max, 5, 1 << 20, 0),
    ])
    func arrayOfBlocksHoldsAsMuchAsFits(first: Int, count: Int, maxBytes: Int, expected: Int) throws {
        var model = ChainModel()
        let store = try LMDBStore(directory: directory.path)
        try store.commit((0..<10).map { _ in model.randomBlock(1, jsonBytes: 200) })
        let array = try store.reader.read {
            try $0.blocks(from: UInt64(first), count: count, maxBytes: maxBytes)
        }
        let blocks = model.records.dropFirst(min(first, 10)).prefix(expected).map(\.json)
        #expect(array.count == expected)
        #expect(array.payload == [UInt8(ascii: "[")] + Array(blocks.joined(separator: [UInt8(ascii: ",")])) + [UInt8(ascii: "]")])
    }

    @Test func countsAreThoseOfTheModel() throws {
        var model = ChainModel()
        let store = try LMDBStore(directory: directory.path)
        try store.commit((0..<5).map { _ in model.randomBlock(7) })
        let counts = try store.reader.read { try $0.counts() }
        #expect(counts.blocks == 5)
        #expect(counts.stateKeys == model.state.count)
        #expect(counts.transactions == model.records.reduce(0) { $0 + $1.transactions.count })
    }
}
