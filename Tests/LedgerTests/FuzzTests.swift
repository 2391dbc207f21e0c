import Foundation
import Primitives
import TestKit
import Testing

@testable import Ledger

/// Nothing that a peer sends may stop the program: blocks and transactions of the vectors, changed at random, go
/// through everything up to `apply`. `PODORU_FUZZ_ROUNDS` runs longer.
@Suite struct FuzzTests {
    private var rounds: Int {
        ProcessInfo.processInfo.environment["PODORU_FUZZ_ROUNDS"].flatMap(Int.init) ?? 300
    }

    @Test func changedBytesOfBlocksNeverTrap() throws {
        var random = SplitMix64(seed: randomSeed("block bytes"))
        let engine = try Fixture.engine(height: 10)
        let (head, seeds) = (engine.head, Array(Fixture.chain[1...20]))
        for _ in 0..<rounds {
            let json = random.changed(seeds[Int.random(in: 0..<seeds.count, using: &random)])
            _ = try? HeaderPeek.read(json)
            guard let prepared = try? PreparedBlock.prepare(json) else { continue }
            try tryAndUndo(prepared, engine)
            #expect(engine.head == head)
        }
    }

    /// Changed fields behind true signatures get past the checks that stop changed bytes.
    @Test(arguments: [true, false])
    func signedNonsenseNeverTraps(strict: Bool) throws {
        var random = SplitMix64(seed: randomSeed("signed blocks, strict \(strict)"))
        let chain = try SmallChain(strict: strict, balances: [100: "90000000"])
        var applied = 0
        for _ in 0..<rounds {
            let transactions: [Transaction?] = (0..<Int.random(in: 0...4, using: &random)).map { _ in
                random.strangeTransaction(by: chain.users + chain.authorities)
            }
            let time = random.strangeTime(near: chain.nextTime)
            let edits = random.next()
            var generator = random
            let block = try chain.engine.sealed(transactions, key: chain.producer, timestamp: time) { header in
                if edits % 4 == 0 { generator.spoil(&header) }
            }
            random = generator
            if try chain.engine.rejection(of: PreparedBlock.prepare(block.json)) == nil { applied += 1 }
        }
        print("signed blocks, strict \(strict): \(applied) of \(rounds) applied")
        #expect(StateTree(try chain.engine.store.entries()).root == chain.engine.head.stateRoot)
        while chain.engine.head.height > 0 {
            try chain.engine.begin()
            for _ in 0..<min(chain.engine.head.height, UInt64(Limits.maxUncommittedBlocks)) { try chain.engine.undoHead() }
            try chain.engine.commit()
        }
        #expect(chain.engine.head == chain.engine.genesis.head)
        #expect(StateTree(try chain.engine.store.entries()).root == chain.engine.genesis.stateRoot)
    }

    @Test func changedBytesOfTransactionsNeverTrap() throws {
        var random = SplitMix64(seed: randomSeed("transaction bytes"))
        let chain = try SmallChain(strict: false)
        let vectors = try TransactionVectors.load().transactions.filter { $0.json.utf8.count < 4096 }
        for _ in 0..<rounds {
            let json = random.changed(Array(vectors[Int.random(in: 0..<vectors.count, using: &random)].json.utf8))
            guard let prepared = try? PreparedTransaction(decoding: json) else { continue }
            _ = prepared.fault?.description
            try? chain.engine.rules.check(prepared, on: chain.engine.store)
        }
    }

    @Test func changedGenesesNeverTrap() throws {
        var random = SplitMix64(seed: randomSeed("genesis bytes"))
        let seed = [UInt8](try Vectors.data("genesis.json"))
        for _ in 0..<rounds { _ = try? Genesis(decoding: random.changed(seed)) }
    }

    private func tryAndUndo(_ prepared: PreparedBlock, _ engine: ChainEngine) throws {
        if let rejection = try engine.rejection(of: prepared) {
            #expect(!rejection.description.isEmpty)
            return
        }
        try engine.begin()
        try engine.undoHead()
        try engine.commit()
    }
}

extension SplitMix64 {
    /// `bytes` with a few bytes, pieces or numbers changed.
    fileprivate mutating func changed(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        let pieces = ["null", "-9223372036854775808", "18446744073709551615", "[]", "{}", "\"\"", "9", "\\u0000", "\"", ","]
        for _ in 0..<Int.random(in: 1...4, using: &self) where !bytes.isEmpty {
            let index = Int.random(in: 0..<bytes.count, using: &self)
            switch Int.random(in: 0..<5, using: &self) {
            case 0: bytes[index] = UInt8.random(in: 0...255, using: &self)
            case 1: bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &self)
            case 2: bytes.removeSubrange(index..<min(bytes.count, index + Int.random(in: 1...40, using: &self)))
            case 3:
                let piece = pieces[Int.random(in: 0..<pieces.count, using: &self)]
                // In the place of a number, where there is one behind: that is where it does most.
                let digits = bytes[index...].drop { !(0x30...0x39).contains($0) }
                let end = digits.firstIndex { !(0x30...0x39).contains($0) } ?? digits.startIndex
                bytes.replaceSubrange(digits.startIndex..<max(end, digits.startIndex), with: Array(piece.utf8))
            default:
                let end = min(bytes.count, index + Int.random(in: 1...200, using: &self))
                bytes.insert(contentsOf: bytes[index..<end], at: end)
            }
        }
        return bytes
    }

    fileprivate mutating func strangeTime(near time: Int64) -> Int64 {
        switch Int.random(in: 0..<12, using: &self) {
        case 0: .max
        case 1: .min
        case 2: 0
        case 3: Int64(bitPattern: next())
        default: time
        }
    }

    fileprivate mutating func spoil(_ header: inout BlockHeader) {
        switch Int.random(in: 0..<7, using: &self) {
        case 0: header.height = [0, .max, header.height &+ 1][Int.random(in: 0..<3, using: &self)]
        case 1: header.previousHash = Bool.random(using: &self) ? nil : [1, 2, 3]
        case 2: header.merkleRoot = nil
        case 3: header.stateRoot = []
        case 4: header.producer = ByteString([0xff, 0x30])
        case 5: header.version = .max
        default: header.nonce = .max
        }
    }

    /// A signed transaction whose amounts, keys and nonces lie at the edges.
    fileprivate mutating func strangeTransaction(by keys: [PrivateKey]) -> Transaction? {
        if Int.random(in: 0..<40, using: &self) == 0 { return nil }
        let key = keys[Int.random(in: 0..<keys.count, using: &self)]
        var transaction = self.transaction(by: keys, nonce: Bool.random(using: &self) ? next() >> 40 : .max)
        transaction.from = Bool.random(using: &self) ? key.address.checksummed : key.address.lowercased
        let edge = Int.random(in: 0..<8, using: &self)
        var operations = transaction.data?.operations ?? []
        if edge == 0 { operations[0]?.value = [UInt8](repeating: 0xff, count: Int.random(in: 0...34, using: &self)) }
        if edge == 1 { operations[0]?.key = StateKeys.balance(of: key.address) }
        if edge == 2 { operations[0] = nil }
        if edge == 3 { operations[0]?.type = .other("NOP") }
        transaction.data?.operations = operations
        transaction.sign(with: key)
        return transaction
    }
}
