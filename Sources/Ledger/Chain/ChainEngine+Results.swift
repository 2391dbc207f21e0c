public import Primitives

/// A block that has become the head.
public struct AppliedBlock: Sendable {
    public let head: Head
    public let parent: Head
    /// The block: its transactions leave the mempool.
    public let prepared: PreparedBlock
}

/// A block that is no longer on the chain.
public struct UndoneBlock: Sendable {
    public let block: Head
    /// The head now.
    public let parent: Head
    /// The block's canonical JSON: its transactions may return to the mempool.
    public let json: [UInt8]
}

/// Why a chain cannot be opened.
public enum ChainOpenError: Error {
    /// The store holds the chain of another genesis.
    case otherGenesis(expected: Hash32, found: Hash32)
    /// The store has the genesis block, but its index does not.
    case unindexed(genesis: Hash32)
    /// The stored state does not give the root that the stored head names.
    case damaged(height: UInt64, expected: Hash32, found: Hash32)
    case store(any Error)
}

extension ChainOpenError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .otherGenesis(let expected, let found):
            "the data belongs to another chain: its genesis is \(found.prefixedHex), the configured one \(expected.prefixedHex)"
        case .unindexed(let genesis): "the index of block hashes does not have the genesis block \(genesis.prefixedHex)"
        case .damaged(let height, let expected, let found):
            "the stored state is damaged: at height \(height) its root should be \(expected.prefixedHex) and is \(found.prefixedHex)"
        case .store(let error): "the chain store failed: \(error)"
        }
    }
}

/// A wrong use of the engine, or a store that does not hold what it should.
public enum ChainEngineError: Error, Hashable, Sendable {
    case writeIsOpen
    case noWriteIsOpen
    /// More blocks than `Limits.maxUncommittedBlocks` since `begin`.
    case tooManyUncommitted
    case genesisStays
    /// The store is empty, and the genesis was recalled from another one: it has no block to begin with.
    case noGenesisBlock
    case noUndoRecord(height: UInt64)
    /// The head moved while a block was being built on it.
    case headMoved
}

extension ChainEngineError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .writeIsOpen: "a write is open already"
        case .noWriteIsOpen: "no write is open"
        case .tooManyUncommitted: "more than \(Limits.maxUncommittedBlocks) blocks in one write"
        case .noGenesisBlock: "the store is empty, and the genesis block is not at hand"
        case .genesisStays: "the genesis block cannot be undone"
        case .noUndoRecord(let height): "the store has no undo record of height \(height)"
        case .headMoved: "the tip moved while a block was being built on it"
        }
    }
}
