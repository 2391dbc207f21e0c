import Primitives
import TestKit
import Testing

@testable import Ledger

@Suite struct RecordCodingTests {
    private func head(_ height: UInt64, _ random: inout SplitMix64) -> Head {
        func hash() -> Hash32 { SHA256.hash(withUnsafeBytes(of: random.next()) { Array($0) }) }
        return Head(
            height: height, hash: hash(), previousHash: hash(), timestamp: Int64(bitPattern: random.next()), stateRoot: hash(),
            producer: "0x0a8479160FAF69D64Ee5ae0e5a78cB63dE4e1836", totalWeight: random.next())
    }

    private func record(_ random: inout SplitMix64) throws -> UndoRecord {
        let values: [[UInt8]?] = [nil, [], [1, 2, 3], [UInt8](repeating: 7, count: 300)]
        return UndoRecord(
            block: head(7, &random), parent: head(6, &random),
            oldValues: values.enumerated().map { StateWrite(key: ByteString("key \($0)"), value: $1) },
            transactions: [SHA256.hash([1]), SHA256.hash([2])],
            nonces: [UsedNonce(sender: try Fixture.key(0).address, nonce: .max), UsedNonce(sender: .zero, nonce: 0)])
    }

    @Test func recordsSurviveTheirBinaryForm() throws {
        var random = SplitMix64(seed: 1)
        let record = try record(&random)
        #expect(try UndoRecord(decoding: record.encoded) == record)
        var genesis = record
        genesis.parent = nil
        genesis.oldValues = []
        #expect(try UndoRecord(decoding: genesis.encoded) == genesis)
        #expect(try Head(decoding: record.block.encoded) == record.block)
    }

    @Test func whatFollowsFromABlockIsLeftOutAndComesBack() throws {
        // Heights at which each transaction has its hash as its id and nothing is repeated, and heights at which not.
        let store = MemoryChainStore()
        let engine = try ChainEngine(genesis: Fixture.genesis(), store: store)
        var left = 0
        for json in Fixture.chain.dropFirst() {
            try engine.add(PreparedBlock.prepare(json))
            let record = try #require(store.record(atHeight: engine.head.height))
            guard record.indexesFollowFromBlock else { continue }
            left += 1
            let encoded = record.undo.encoded(indexesFollowFromBlock: true)
            #expect(encoded.count < record.undo.encoded.count)
            #expect(try UndoRecord(decoding: encoded) { record.json } == record.undo)
            #expect(throws: RecordError.needsBlock) { try UndoRecord(decoding: encoded) }
            #expect(throws: RecordError.needsBlock) { try UndoRecord(decoding: encoded) { nil } }
        }
        #expect(left > 40 && left < 130)
    }

    @Test func everyTruncationIsAnErrorAndNoTrap() throws {
        var random = SplitMix64(seed: 2)
        let bytes = try record(&random).encoded
        for count in 0..<bytes.count {
            #expect(throws: RecordError.self) { try UndoRecord(decoding: Array(bytes[..<count])) }
        }
        #expect(throws: RecordError.trailingBytes(1)) { try UndoRecord(decoding: bytes + [0]) }
        #expect(throws: RecordError.unknownVersion(9)) { try UndoRecord(decoding: [9] + bytes.dropFirst()) }
    }

    @Test func damagedBytesNeverTrap() throws {
        var random = SplitMix64(seed: randomSeed("records"))
        let bytes = try record(&random).encoded
        for _ in 0..<2000 {
            var damaged = bytes
            damaged[Int.random(in: 1..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            _ = try? UndoRecord(decoding: damaged)
        }
    }
}
