import Foundation
import Ledger
import Primitives
import TestKit
import Testing

@testable import Storage

@Suite struct PackedBlockTests {
    private func unpacked(_ record: [UInt8]) -> [UInt8]? { record.withUnsafeBytes { PackedBlock.unpack($0) } }

    private func json(_ count: Int) -> [UInt8] {
        var model = ChainModel(seed: UInt64(count))
        return Array("{\"value\":\"\(Hex.string(model.bytes(count / 2)))\"}".utf8)
    }

    @Test(arguments: [0, 1, 400, 511, 512, 513, 12_000, 1 << 20, 5 << 20])
    func aBlockComesBackAsItWas(count: Int) throws {
        let json = Array(json(count).prefix(count))
        let record = PackedBlock.pack(json)
        #expect(record.withUnsafeBytes { PackedBlock.jsonBytes($0) } == json.count)
        #expect(unpacked(record) == json)
        // Digits are half their bytes; what is short or as long as no block can be stays as it is.
        #expect((record.count < json.count) == (512...4 << 20).contains(count))
    }

    @Test func aBlockThatCannotBeShorterStaysAsItIs() {
        var model = ChainModel()
        let noise = [UInt8(ascii: "{")] + model.bytes(5000)
        #expect(PackedBlock.pack(noise) == noise)
    }

    @Test func bytesThatBeginAsAPackedBlockAreNotTakenForOne() {
        for count in [1, 5, 6, 2000] {
            let bytes = [UInt8](repeating: 1, count: count)
            #expect(unpacked(PackedBlock.pack(bytes)) == bytes)
        }
    }

    @Test func damagedRecordsAreNoBlockAndNoTrap() {
        let seed = UInt64(Date().timeIntervalSince1970 * 1000)
        print("packed blocks: seed \(seed)")
        var random = SplitMix64(seed: seed)
        let json = json(4000)
        let record = PackedBlock.pack(json)
        for count in 0..<record.count { #expect(count == 0 || unpacked(Array(record[..<count])) == nil) }
        for _ in 0..<2000 {
            var damaged = record
            damaged[Int.random(in: 1..<record.count, using: &random)] ^= UInt8.random(in: 1...255, using: &random)
            // zlib's checksum finds what matters; a changed bit that it does not look at changes nothing.
            #expect(unpacked(damaged).map { $0 == json } ?? true)
        }
    }

    @Test func aFalseCountAsksForNoMoreMemoryThanTheRecordIsWorth() {
        var record = PackedBlock.pack(json(4000))
        for index in 1...4 { record[index] = 0xff }
        #expect(unpacked(record) == nil)
    }

    @Test func blocksOfAnOpenWriteAreReadBeforeTheyAreInTheFile() throws {
        let directory = TemporaryDirectory()
        let store = try LMDBStore(directory: directory.path)
        var model = ChainModel(seed: 9)
        try store.begin()
        for _ in 0..<5 { try store.append(model.randomBlock(20, jsonBytes: 3000)) }
        #expect(try store.differences(from: model) == [])
        try store.removeHead(try #require(model.records.last?.undo))
        model.removeHead()
        #expect(try store.differences(from: model) == [])
        try store.append(model.randomBlock(20, jsonBytes: 3000))
        try store.commit()
        #expect(try store.differences(from: model) == [])
        let blocks = try store.reader.read { try $0.blocks(from: 1, count: 3, maxBytes: 1 << 20) }
        let joined = Array(model.records[1...3].map(\.json).joined(separator: [UInt8(ascii: ",")]))
        #expect(blocks.count == 3 && blocks.payload == [UInt8(ascii: "[")] + joined + [UInt8(ascii: "]")])
    }
}
