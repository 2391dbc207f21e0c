import Foundation
import Ledger
import Primitives
import TestKit
import Testing

@testable import Storage

/// The store on disk and the one in memory, side by side through the same random history, must answer alike.
@Suite struct SameAsMemoryTests {
    let directory = TemporaryDirectory()

    @Test(arguments: [21, 22] as [UInt64])
    func bothStoresAnswerAlike(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        var model = ChainModel(seed: seed)
        let options = StoreOptions(initialMapBytes: 256 << 10, headroomBytes: 4096, maxGrowthBytes: 256 << 10)
        let disk = try LMDBStore(directory: directory.path, options: options)
        let memory = MemoryChainStore()
        for _ in 0..<40 {
            let before = model
            for store in [disk, memory] as [any ChainStore] { try store.begin() }
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                if model.records.count > 1, Int.random(in: 0..<3, using: &random) == 0 {
                    let undo = try #require(model.records.last).undo
                    for store in [disk, memory] as [any ChainStore] { try store.removeHead(undo) }
                    model.removeHead()
                } else {
                    let record = model.randomBlock(Int.random(in: 0...12, using: &random), keys: 60, jsonBytes: 3000)
                    for store in [disk, memory] as [any ChainStore] { try store.append(record) }
                }
            }
            // What the open write sees, then how it ends.
            #expect(try answers(disk, model) == answers(memory, model), "seed \(seed)")
            let ends = Int.random(in: 0..<4, using: &random)
            for store in [disk, memory] as [any ChainStore] {
                if ends == 0 { store.abort() } else { try store.commit() }
            }
            if ends == 0 { model = before }
            #expect(try disk.differences(from: model) == [], "seed \(seed)")
            #expect(try answers(disk, model) == answers(memory, model), "seed \(seed)")
        }
        let last = try answers(disk, model)
        let copy = TemporaryDirectory()
        try disk.reader.backup(toDirectory: copy.path)
        #expect(try answers(LMDBStore(directory: copy.path, options: options), model) == last)
    }

    private func answers(_ store: any ChainStore, _ model: ChainModel) throws -> [String] {
        var answers = ["\(String(describing: try store.head()))"]
        try store.forEachState { answers.append("\($0.bytes)=\($1)") }
        for height in 0...UInt64(model.records.count) {
            answers.append("\(String(describing: try store.block(atHeight: height)?.count))")
            answers.append("\(String(describing: try store.undoRecord(atHeight: height)?.block.hash))")
        }
        for record in model.records {
            answers.append("\(String(describing: try store.height(ofBlock: record.hash)))")
            for entry in record.transactions { answers.append("\(String(describing: try store.transactionLocation(id: entry.id)))") }
            for used in record.nonces { answers.append("\(try store.isNonceUsed(sender: used.sender, nonce: used.nonce))") }
        }
        let sender = try #require(Address([UInt8](repeating: 7, count: 20)))
        answers.append("\(String(describing: try store.lastNonce(sender: sender)))")
        return answers
    }
}
