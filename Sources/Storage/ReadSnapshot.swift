public import Ledger
public import Primitives
internal import SystemPackage

/// Blocks as a peer asked for them: one JSON array, and how many it holds.
public struct BlockArray: Sendable {
    /// `[`, canonical JSON of consecutive blocks with commas between, `]`.
    public let payload: [UInt8]
    public let count: Int
}

/// The chain as one commit left it, whatever is written meanwhile. Valid inside `read`; every answer is a copy.
///
/// Point reads take about 1 µs from memory. All methods throw `StoreError`.
public struct ReadSnapshot: ~Copyable {
    private let view: StoreView

    init(_ view: StoreView) {
        self.view = view
    }

    /// The newest block, or `nil` in an empty store.
    public func head() throws -> Head? { try view.head() }

    /// The canonical JSON of the block at `height`, or `nil` above the head.
    public func block(atHeight height: UInt64) throws -> [UInt8]? { try view.block(height) }

    /// The blocks from `first` on as the payload of a BlockResponse to a range (`protocol.md`, type 4): at most `count`,
    /// as long a prefix as fits in `maxBytes`, but one block at least where there is one; `[]` where there is none.
    /// One allocation and one copy of each block.
    public func blocks(from first: UInt64, count: Int, maxBytes: Int) throws -> BlockArray {
        try view.blockArray(from: first, count: count, maxBytes: maxBytes)
    }

    /// The height of the block with this hash, or `nil` when it is not on this chain.
    public func height(ofBlock hash: Hash32) throws -> UInt64? { try view.height(ofBlock: hash) }

    /// Where the transaction with this hash or claimed id stands.
    public func transactionLocation(id: Hash32) throws -> (height: UInt64, index: Int)? {
        try view.transactionLocation(id)
    }

    /// The value of a state key, or `nil` when there is none.
    public func stateValue(_ key: ByteString) throws -> [UInt8]? { try view.stateValue(key) }

    /// Calls `body` with each key that begins with `prefix` and its value, in bytewise order, until it says `false`.
    /// A snapshot that stays open keeps old pages from being reused: end long walks after a bounded count and go on in a new one.
    public func forEachState(prefix: ByteString, _ body: (ByteString, [UInt8]) throws -> Bool) throws {
        try view.forEachState(prefix: prefix, after: nil, limit: .max, body)
    }

    /// As `forEachState`, but begins behind `after` and ends after `limit` keys: a page of a walk whose last key is the next
    /// page's `after`. Linear in the page, but for keys that share their first 478 bytes: all of those are looked at.
    public func forEachState(
        prefix: ByteString, after: ByteString?, limit: Int, _ body: (ByteString, [UInt8]) throws -> Bool
    ) throws {
        try view.forEachState(prefix: prefix, after: after, limit: limit, body)
    }

    /// What takes the block at `height` back, or `nil` above the head.
    public func undoRecord(atHeight height: UInt64) throws -> UndoRecord? { try view.undoRecord(height) }

    /// Whether a block holds a transaction of `sender` with this nonce.
    public func isNonceUsed(sender: Address, nonce: UInt64) throws -> Bool { try view.isNonceUsed(sender, nonce) }

    /// The highest nonce that `sender` has used in a block, or `nil`.
    public func lastNonce(sender: Address) throws -> UInt64? { try view.lastNonce(sender) }

    /// A value beside the chain.
    public func metadata(_ key: String) throws -> [UInt8]? { try view.metadata(MetadataKey.caller(key)) }

    /// How much the store holds. O(1).
    public func counts() throws -> StoreCounts { try view.counts() }
}

/// Entries of the indexes, for status and metrics.
public struct StoreCounts: Hashable, Sendable {
    public let blocks: Int
    public let transactions: Int
    public let stateKeys: Int
    public let nonces: Int
}

/// Reads a store from any thread while its owner writes. Cheap to copy around; the store stays open while one is held.
public final class StoreReader: Sendable {
    private let environment: Environment
    private let databases: Databases

    init(environment: Environment, databases: Databases) {
        self.environment = environment
        self.databases = databases
    }

    /// Runs `body` on a snapshot of the last commit; about 0.5 µs more than the body. Waits while the map is being resized
    /// or `StoreOptions.maxReaders` snapshots are open. Do not open one inside another: the two could wait for each other.
    public func read<R>(_ body: (borrowing ReadSnapshot) throws -> R) throws -> R {
        try environment.read { transaction in
            try body(ReadSnapshot(StoreView(transaction: transaction, databases: databases)))
        }
    }

    /// For `backup`.
    func copyEnvironment(to file: FileDescriptor, path: String) throws(StoreError) {
        try environment.copy(to: file, path: path)
    }

    /// Bytes of the data file that are in use.
    public var usedBytes: Int { environment.usedBytes }

    /// The size of the map in bytes, which grows by itself.
    public var mapBytes: Int { environment.mapBytes }
}
