import Dispatch
import Ledger
import Primitives
import TestKit
import Testing

@Suite struct StateTreeTests {
    @Test func theEmptyTreeHasTheZeroRoot() {
        var tree = StateTree()
        #expect(tree.root == .zero && tree.count == 0)
        #expect(tree.apply([StateWrite(key: "k", value: nil)]) == .zero)
        tree.apply([StateWrite(key: "k", value: [1])])
        #expect(tree.apply([StateWrite(key: "k", value: nil)]) == .zero)
        #expect(tree.checkInvariants() == nil)
    }

    @Test func oneKeysLeafIsTheRoot() {
        var tree = StateTree()
        #expect(tree.apply([StateWrite(key: "a", value: [0x31])]) == SHA256.hash([0x61, 0x31]))
    }

    @Test func emptyValuesAreKeptApartFromAbsentKeys() {
        var tree = StateTree()
        tree.apply([StateWrite(key: "a", value: [])])
        #expect(tree.count == 1)
        #expect(tree.root == SHA256.hash([0x61]))
    }

    /// Random batches of inserts, updates and deletes over keys that share prefixes.
    @Test func incrementalRootsAreThoseOfAFullRecompute() {
        var random = SplitMix64(seed: randomSeed("state tree"))
        for round in 0..<16 {
            var model: [ByteString: [UInt8]] = [:]
            var tree = StateTree()
            let space = [3, 20, 200, 3000][round % 4]
            for batch in 0..<20 {
                let writes = random.batch(of: Int.random(in: 0...60, using: &random), space: space, model)
                let oldRoot = tree.root
                let undo = writes.map { StateWrite(key: $0.key, value: model[$0.key]) }
                for write in writes { model[write.key] = write.value }
                let root = tree.apply(writes)

                let full = StateTree(model.map { (key: $0.key, value: $0.value) })
                #expect(root == full.root && tree.count == model.count, "round \(round), batch \(batch)")
                if tree.count < 300 { #expect(tree.checkInvariants() == nil, "round \(round), batch \(batch)") }

                var undone = tree
                #expect(undone.apply(undo) == oldRoot, "round \(round), batch \(batch)")
            }
            #expect(tree.checkInvariants() == nil, "round \(round)")
        }
    }

    /// Enough keys that the lower levels are hashed by two threads, with inserts and deletes that shift them.
    @Test func hashingOnSeveralThreadsGivesTheSameRoot() throws {
        var random = SplitMix64(seed: randomSeed("parallel tree"))
        var builder = StateTree.Builder()
        for index in 0..<20_000 { builder.append(key: ByteString("k:\(100_000 + index)"), value: [1]) }
        let alone = builder.finish()
        for _ in 0..<4 {
            let writes = (0..<10).map { _ in Int.random(in: 100_000..<200_000, using: &random) }.sorted().map { number in
                StateWrite(key: ByteString("k:\(100_000 + number / 10).\(number)"), value: [2])
            }
            // One key less in front of everything: no pair of the first half, 5000 of them, stays together.
            let deletion = StateWrite(key: "k:100000", value: nil)
            var (one, two) = (alone, alone)
            one.apply([deletion] + writes)
            var pieces = 0
            two.apply([deletion] + writes) { count, piece in
                pieces += count
                DispatchQueue.concurrentPerform(iterations: count, execute: piece)
            }
            #expect(one.root == two.root)
            #expect(pieces >= 2)
        }
    }

    @Test func growingKeyByKeyAndShrinkingAgainPassesEverySize() {
        var tree = StateTree()
        var roots: [Hash32] = []
        let keys = (0..<70).map { ByteString(String(format(100 + $0))) }
        for key in keys {
            roots.append(tree.root)
            tree.apply([StateWrite(key: key, value: key.bytes)])
            #expect(tree.checkInvariants() == nil)
        }
        for key in keys.reversed() {
            tree.apply([StateWrite(key: key, value: nil)])
            #expect(tree.root == roots.removeLast())
            #expect(tree.checkInvariants() == nil)
        }
    }

    private func format(_ number: Int) -> String { "key:\(number)" }

    @Test func deletingEverythingAtOnceLeavesNothing() {
        let keys = (0..<333).map { ByteString("key:\($0)") }.sorted()
        var tree = StateTree()
        tree.apply(keys.map { StateWrite(key: $0, value: [1]) })
        #expect(tree.count == 333)
        tree.apply(keys.map { StateWrite(key: $0, value: nil) })
        #expect(tree.count == 0 && tree.root == .zero && tree.keys.isEmpty)
    }
}

extension SplitMix64 {
    /// Sorted writes with distinct keys. Half of them touch what is there, where anything is.
    fileprivate mutating func batch(of count: Int, space: Int, _ model: [ByteString: [UInt8]]) -> [StateWrite] {
        var writes: [ByteString: [UInt8]?] = [:]
        let present = model.keys.sorted()
        for _ in 0..<count {
            var key = ByteString("k:\(Int.random(in: 0..<space, using: &self))")
            if Bool.random(using: &self), let known = present.randomElement(using: &self) { key = known }
            if Int.random(in: 0..<8, using: &self) == 0 { key.bytes.append(0) }
            let isDelete = Int.random(in: 0..<3, using: &self) == 0
            let value = (0..<Int.random(in: 0...40, using: &self)).map { _ in UInt8.random(in: 0...255, using: &self) }
            writes[key] = isDelete ? .some(nil) : .some(value)
        }
        return writes.sorted { $0.key < $1.key }.map { StateWrite(key: $0.key, value: $0.value) }
    }
}
