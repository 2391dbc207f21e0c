import Foundation
import Ledger
import Primitives
import TestKit
import Testing

@testable import Storage

@Suite struct StateKeyTests {
    let directory = TemporaryDirectory()

    private func key(_ count: Int, last: UInt8 = 0x61, fill: UInt8 = 0x6B) -> ByteString {
        ByteString(count == 0 ? [] : [UInt8](repeating: fill, count: count - 1) + [last])
    }

    @Test(arguments: [0, 1, 477, 478, 479, 480, 510, 511, 512, 513, 1023, 1024])
    func aKeyOfAnyLengthFitsLMDBAndComesBack(count: Int) throws {
        let key = key(count)
        let stored = StateKey.stored(key)
        #expect((1...511).contains(stored.count))
        #expect(stored.withUnsafeBytes { StateKey.isLong(stored: $0) } == StateKey.isLong(key))
        var value = [UInt8](repeating: 0, count: StateKey.overhead(key)) + [1, 2, 3]
        value.withUnsafeMutableBytes { StateKey.writeOverhead(key, to: $0) }
        let split = stored.withUnsafeBytes { stored in
            value.withUnsafeBytes { value in StateKey.split(stored, value).map { ($0.key, Array($0.value)) } }
        }
        #expect(split?.0 == key)
        #expect(split?.1 == [1, 2, 3])
    }

    @Test func keysAroundTheLimitsKeepBytewiseOrder() throws {
        var keys: Set<ByteString> = []
        for count in [0, 1, 2, 476, 477, 478, 479, 480, 510, 511, 512, 513, 600, 1023, 1024] {
            for last: UInt8 in [0x00, 0x61, 0x6B, 0x6C, 0xFF] {
                keys.insert(key(count, last: last))
                keys.insert(key(count, last: last, fill: 0xFF))
            }
        }
        try expectOrder(keys)
    }

    @Test(arguments: [1, 2, 3, 4])
    func longKeysOfSharedPrefixesComeInOrder(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        var keys: Set<ByteString> = []
        // Few different bytes and long runs of one make many keys share their first 478 bytes.
        for _ in 0..<200 {
            let shared = Int.random(in: 460...500, using: &random)
            let tail = Int.random(in: 0...524, using: &random)
            let fill = UInt8.random(in: 0x6A...0x6C, using: &random)
            let rest = (0..<tail).map { _ in UInt8.random(in: 0x6A...0x6C, using: &random) }
            keys.insert(ByteString([UInt8](repeating: fill, count: shared) + rest))
        }
        try expectOrder(keys)
    }

    private func expectOrder(_ keys: Set<ByteString>) throws {
        var model = ChainModel()
        let store = try LMDBStore(directory: directory.path)
        try store.commit([model.block(keys.map { StateWrite(key: $0, value: Array($0.bytes.suffix(3))) })])
        let entries = try store.stateEntries()
        #expect(entries.map(\.0) == keys.sorted())
        #expect(entries.allSatisfy { $0.1 == Array($0.0.bytes.suffix(3)) })
        for key in keys { #expect(try store.stateValue(key) == Array(key.bytes.suffix(3))) }
        let some = keys.sorted().enumerated().filter { $0.offset % 16 == 0 }.map(\.element)
        for prefix in some.map({ ByteString(Array($0.bytes.prefix(470))) }) + some {
            var found: [ByteString] = []
            try store.reader.read { snapshot in
                try snapshot.forEachState(prefix: prefix) { key, _ in
                    found.append(key)
                    return true
                }
            }
            let wanted = keys.filter { $0.bytes.starts(with: prefix.bytes) }.sorted()
            #expect(found == wanted)
            #expect(try pages(of: keys.count, prefix, store) == wanted)
        }
        // In small pages each key of a group is read again for every page.
        let few = ByteString(Array((some.last ?? "").bytes.prefix(470)))
        #expect(try pages(of: max(1, keys.count / 20), few, store) == keys.filter { $0.bytes.starts(with: few.bytes) }.sorted())
    }

    /// The keys of a walk in pages, each after the last key of the one before.
    private func pages(of size: Int, _ prefix: ByteString, _ store: LMDBStore) throws -> [ByteString] {
        var found: [ByteString] = []
        while true {
            let before = found.count
            try store.reader.read { snapshot in
                try snapshot.forEachState(prefix: prefix, after: found.last, limit: size) { key, value in
                    #expect(value == Array(key.bytes.suffix(3)))
                    found.append(key)
                    return true
                }
            }
            #expect(found.count <= before + size)
            // More than there are: it goes round in circles.
            if found.count == before || found.count > 1000 { return found }
        }
    }

    @Test func aWalkBeginsBehindAKeyThatIsNotThere() throws {
        var model = ChainModel()
        let store = try LMDBStore(directory: directory.path)
        let keys = ["a", "b1", "b3", "b5", "c"].map { ByteString($0) }
        try store.commit([model.block(keys.map { StateWrite(key: $0, value: []) })])
        func walk(_ prefix: ByteString, after: ByteString) throws -> [String] {
            var found: [String] = []
            try store.reader.read { snapshot in
                try snapshot.forEachState(prefix: prefix, after: after, limit: 10) { key, _ in
                    found.append(key.text)
                    return true
                }
            }
            return found
        }
        #expect(try walk("b", after: "b2") == ["b3", "b5"])
        #expect(try walk("b", after: "a") == ["b1", "b3", "b5"])
        #expect(try walk("b", after: "c") == [])
        #expect(try walk("", after: "b5") == ["c"])
    }

    @Test func aLongKeyIsReplacedAndDeleted() throws {
        var model = ChainModel()
        let store = try LMDBStore(directory: directory.path)
        let long = key(1024)
        try store.commit([model.block([StateWrite(key: long, value: [1])]), model.block([StateWrite(key: long, value: [2, 3])])])
        #expect(try store.stateValue(long) == [2, 3])
        #expect(try store.stateValue(key(1023)) == nil)
        try store.commit([model.block([StateWrite(key: long, value: nil)])])
        #expect(try store.stateValue(long) == nil)
        #expect(try store.differences(from: model) == [])
    }

    @Test func aWalkEndsWhenItsBodySaysSo() throws {
        var model = ChainModel()
        let store = try LMDBStore(directory: directory.path)
        try store.commit([model.block((0..<50).map { StateWrite(key: ByteString("k\($0)"), value: []) })])
        var seen = 0
        try store.reader.read { snapshot in
            try snapshot.forEachState(prefix: "k") { _, _ in
                seen += 1
                return seen < 7
            }
        }
        #expect(seen == 7)
    }
}
