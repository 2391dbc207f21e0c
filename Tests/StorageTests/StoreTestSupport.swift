import Foundation
import Ledger
import Primitives
import TestKit

@testable import Storage

extension TemporaryDirectory {
    var dataFile: String { file("data.mdb") }
}

/// Makes records of a chain as the ledger would, and keeps what a store must then hold.
struct ChainModel {
    private(set) var state: [ByteString: [UInt8]] = [:]
    private(set) var records: [BlockRecord] = []
    private var random: SplitMix64

    init(seed: UInt64 = 1) {
        random = SplitMix64(seed: seed)
    }

    var head: Head? { records.last?.head }

    mutating func hash() -> Hash32 {
        SHA256.hash((0..<16).map { _ in UInt8.random(in: 0...255, using: &random) })
    }

    mutating func bytes(_ count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count + 8)
        while bytes.count < count { withUnsafeBytes(of: random.next()) { bytes.append(contentsOf: $0) } }
        return Array(bytes.prefix(count))
    }

    /// The next block: `writes` as given (nil deletes), a transaction and a nonce for each of them.
    mutating func block(_ writes: [StateWrite], jsonBytes: Int = 200) -> BlockRecord {
        let height = UInt64(records.count)
        let sender = Address(Array(repeating: 7, count: 20)) ?? .zero
        let newHead = Head(
            height: height, hash: hash(), previousHash: head?.hash ?? .zero, timestamp: Int64(height) * 5, stateRoot: hash(),
            producer: "0xabc", totalWeight: 2 * height)
        let sorted = writes.sorted { $0.key < $1.key }
        let old = sorted.map { StateWrite(key: $0.key, value: state[$0.key]) }
        let entries = writes.indices.map { TransactionEntry(id: hash(), index: $0) }
        let nonces = writes.indices.map { UsedNonce(sender: sender, nonce: height * 1000 + UInt64($0)) }
        let undo = UndoRecord(
            block: newHead, parent: head, oldValues: old, transactions: entries.map(\.id), nonces: nonces)
        let record = BlockRecord(
            head: newHead, json: [UInt8(ascii: "{")] + bytes(jsonBytes - 2) + [UInt8(ascii: "}")], writes: sorted,
            transactions: entries, undo: undo)
        for write in sorted { state[write.key] = write.value }
        records.append(record)
        return record
    }

    /// A block of `count` random sets and deletes.
    mutating func randomBlock(_ count: Int, keys: Int = 200, valueBytes: Int = 40, jsonBytes: Int = 200) -> BlockRecord {
        var writes: [ByteString: StateWrite] = [:]
        for _ in 0..<count {
            let key = ByteString("key:\(Int.random(in: 0..<keys, using: &random))")
            let deletes = UInt8.random(in: 0..<8, using: &random) == 0 && state[key] != nil
            writes[key] = StateWrite(key: key, value: deletes ? nil : bytes(valueBytes))
        }
        return block(Array(writes.values), jsonBytes: jsonBytes)
    }

    mutating func removeHead() {
        guard let record = records.popLast() else { return }
        for write in record.undo.oldValues { state[write.key] = write.value }
    }
}

extension LMDBStore {
    /// Appends records in one commit.
    func commit(_ records: [BlockRecord]) throws {
        try begin()
        for record in records { try append(record) }
        try commit()
    }

    func stateEntries() throws -> [(ByteString, [UInt8])] {
        var entries: [(ByteString, [UInt8])] = []
        try forEachState { entries.append(($0, $1)) }
        return entries
    }

    /// What differs between this store and the model, in words; empty when nothing does.
    func differences(from model: ChainModel) throws -> [String] {
        var found: [String] = []
        if try head() != model.head { found.append("tip") }
        for record in model.records {
            if try block(atHeight: record.height) != record.json { found.append("block \(record.height)") }
            if try height(ofBlock: record.hash) != record.height { found.append("height of block \(record.height)") }
            if try undoRecord(atHeight: record.height) != record.undo { found.append("undo \(record.height)") }
            for entry in record.transactions {
                let place = try transactionLocation(id: entry.id)
                if place?.height != record.height || place?.index != entry.index { found.append("transaction of \(record.height)") }
            }
            for used in record.nonces where try !isNonceUsed(sender: used.sender, nonce: used.nonce) {
                found.append("nonce \(used.nonce)")
            }
        }
        let height = UInt64(model.records.count)
        if try block(atHeight: height) != nil { found.append("a block above the tip") }
        let entries = try stateEntries()
        if entries.map(\.0) != model.state.keys.sorted() { found.append("state keys") }
        for (key, value) in entries where model.state[key] != value { found.append("value of \(key)") }
        return found
    }
}
