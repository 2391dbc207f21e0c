import Ledger
import Primitives
import Storage
import Testing

/// The blocks that a store held each time it was looked at: none of them may go or change.
struct KeptChain {
    /// By height, from the genesis block on.
    private var hashes: [Hash32] = []

    var height: UInt64 { UInt64(max(1, hashes.count) - 1) }

    /// `nil` where no block was seen.
    func hash(at height: UInt64) -> Hash32? { height < hashes.count ? hashes[Int(height)] : nil }

    /// Looks at a store again: each block stands on the one before, and what was seen is still there.
    ///
    /// - Returns: the height of the store.
    @discardableResult
    mutating func look(at store: LMDBStore, _ when: String) throws -> UInt64 {
        guard let head = try store.head() else {
            #expect(hashes.isEmpty, "\(when): the chain is gone")
            return 0
        }
        #expect(Int(head.height) + 1 >= hashes.count, "\(when): a block is gone")
        if let last = hashes.indices.last.map({ min($0, Int(head.height)) }) {
            #expect(try read(UInt64(last), store).hash == hashes[last], "\(when): block \(last) is another one")
        }
        for height in hashes.count..<max(hashes.count, Int(head.height) + 1) {
            let block = try read(UInt64(height), store)
            if let parent = hashes.last { #expect(block.parent == parent.bytes, "\(when): block \(height) stands on another one") }
            hashes.append(block.hash)
        }
        #expect(hashes.last == head.hash, "\(when): the tip is another block")
        return head.height
    }

    private func read(_ height: UInt64, _ store: LMDBStore) throws -> (hash: Hash32, parent: [UInt8]?) {
        let block = try #require(try store.block(atHeight: height), "there is no block \(height)")
        let (header, hash) = try HeaderPeek.read(block)
        return (hash, header.previousHash)
    }
}
