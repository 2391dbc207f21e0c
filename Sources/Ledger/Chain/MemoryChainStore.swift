public import Primitives

/// A chain in memory, for tests and simulations: the same contract as a store on disk, without the disk.
///
/// State keys are kept in a dictionary and sorted when asked for in order. `abort` goes back to a copy that `begin`
/// takes; the first write after it pays for that copy.
public final class MemoryChainStore: ChainStore {
    private struct Content {
        var blocks: [BlockRecord] = []
        var heights: [Hash32: UInt64] = [:]
        var transactions: [Hash32: (height: UInt64, index: Int)] = [:]
        var nonces: [Address: Set<UInt64>] = [:]
        var state: [ByteString: [UInt8]] = [:]
        var metadata: [String: [UInt8]] = [:]
    }

    private var content = Content()
    private var beforeWrite: Content?

    /// Set by a test to make the next `commit` fail as a full disk does: nothing is kept, and it throws this.
    public var failNextCommit: (any Error)?

    public init() {}

    // MARK: Reading

    public func stateValue(_ key: ByteString) -> [UInt8]? { content.state[key] }

    public func hasTransaction(id: Hash32) -> Bool { content.transactions[id] != nil }

    public func isNonceUsed(sender: Address, nonce: UInt64) -> Bool {
        content.nonces[sender]?.contains(nonce) ?? false
    }

    public func lastNonce(sender: Address) -> UInt64? { content.nonces[sender]?.max() }

    public func head() -> Head? { content.blocks.last?.head }

    public func block(atHeight height: UInt64) -> [UInt8]? { record(atHeight: height)?.json }

    public func height(ofBlock hash: Hash32) -> UInt64? { content.heights[hash] }

    public func transactionLocation(id: Hash32) -> (height: UInt64, index: Int)? { content.transactions[id] }

    public func forEachState(_ body: (ByteString, [UInt8]) throws -> Void) throws {
        for (key, value) in content.state.sorted(by: { $0.key < $1.key }) { try body(key, value) }
    }

    public func undoRecord(atHeight height: UInt64) -> UndoRecord? { record(atHeight: height)?.undo }

    public func metadata(_ key: String) -> [UInt8]? { content.metadata[key] }

    /// What the block at `height` changed, nil above the head.
    func record(atHeight height: UInt64) -> BlockRecord? {
        guard let index = Int(exactly: height), content.blocks.indices.contains(index) else { return nil }
        return content.blocks[index]
    }

    // MARK: Writing

    public func begin() throws {
        guard beforeWrite == nil else { throw MemoryChainStoreError.writeIsOpen }
        beforeWrite = content
    }

    public func commit() throws {
        guard let before = beforeWrite else { throw MemoryChainStoreError.noWriteIsOpen }
        beforeWrite = nil
        if let error = failNextCommit {
            failNextCommit = nil
            content = before
            throw error
        }
    }

    public func abort() {
        if let before = beforeWrite { content = before }
        beforeWrite = nil
    }

    public func append(_ record: BlockRecord) throws {
        guard beforeWrite != nil else { throw MemoryChainStoreError.noWriteIsOpen }
        guard record.height == UInt64(content.blocks.count) else { throw MemoryChainStoreError.notNext }
        content.blocks.append(record)
        content.heights[record.hash] = record.height
        for entry in record.transactions { content.transactions[entry.id] = (record.height, entry.index) }
        for used in record.nonces { content.nonces[used.sender, default: []].insert(used.nonce) }
        for write in record.writes { content.state[write.key] = write.value }
    }

    public func removeHead(_ undo: UndoRecord) throws {
        guard beforeWrite != nil else { throw MemoryChainStoreError.noWriteIsOpen }
        guard let last = content.blocks.last, last.head == undo.block else { throw MemoryChainStoreError.notNext }
        content.blocks.removeLast()
        content.heights[undo.block.hash] = nil
        for id in undo.transactions { content.transactions[id] = nil }
        for used in undo.nonces { content.nonces[used.sender]?.remove(used.nonce) }
        for write in undo.oldValues { content.state[write.key] = write.value }
    }

    public func setMetadata(_ key: String, _ value: [UInt8]) throws {
        guard beforeWrite != nil else { throw MemoryChainStoreError.noWriteIsOpen }
        content.metadata[key] = value
    }
}

/// A wrong use of `MemoryChainStore`.
public enum MemoryChainStoreError: Error, Hashable, Sendable {
    case writeIsOpen
    case noWriteIsOpen
    /// The record does not belong on the head, or is not the head's.
    case notNext
}
