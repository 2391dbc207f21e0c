import Ledger
import Primitives
import TestKit
import Testing

@Suite struct MerkleVectorTests {
    struct File: Decodable {
        struct Transactions: Decodable {
            var leaves: [String]
            var root: String
        }
        struct State: Decodable {
            struct Entry: Decodable {
                var key_hex: String
                var value_hex: String
            }
            var name: String
            var entries_sorted: [Entry]
            var root: String
        }
        var transactions: [Transactions]
        var state: [State]
    }

    @Test func transactionRootsAreThoseOfGo() throws {
        let vectors = try Vectors.decode(File.self, from: "merkle.json").transactions
        #expect(vectors.count == 21)
        for vector in vectors {
            let leaves = try vector.leaves.map { try #require(Hash32(hex: $0)) }
            #expect(Merkle.root(leaves).hex == vector.root, "\(leaves.count) leaves")
        }
    }

    @Test func stateRootsAreThoseOfGo() throws {
        let vectors = try Vectors.decode(File.self, from: "merkle.json").state
        #expect(vectors.count == 24)
        for vector in vectors {
            let entries = try vector.entries_sorted.map {
                (key: ByteString(try #require(unhex($0.key_hex))), value: try #require(unhex($0.value_hex)))
            }
            #expect(StateTree(entries).root.hex == vector.root, "\(vector.name)")
            var grown = StateTree()
            for entry in entries.reversed() { grown.apply([StateWrite(key: entry.key, value: entry.value)]) }
            #expect(grown.root.hex == vector.root, "\(vector.name), key by key")
            #expect(grown.keys == entries.map(\.key), "\(vector.name)")
        }
    }
}
