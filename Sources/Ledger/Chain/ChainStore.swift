public import Primitives

/// What the rules, the mempool and the API ask of a chain's present state.
///
/// A transaction is known by its hash and by the id that it claims, when that has 32 bytes: under reference rules a
/// block may hold a transaction whose id is not its hash, and either must be found again.
public protocol LedgerReading {
    /// The value of a state key, nil when the key does not exist. A value may be empty.
    func stateValue(_ key: ByteString) throws -> [UInt8]?

    /// Whether a block holds a transaction with this hash or claimed id.
    func hasTransaction(id: Hash32) throws -> Bool

    /// Whether a block holds a transaction of `sender` with this nonce.
    func isNonceUsed(sender: Address, nonce: UInt64) throws -> Bool

    /// The highest nonce that `sender` has used in a block, nil when none.
    func lastNonce(sender: Address) throws -> UInt64?
}

/// Where a chain's blocks, indexes and state live.
///
/// One write is open at a time, between `begin` and `commit` or `abort`; reads see what the open write has changed.
/// `ChainEngine` is the one caller of the four methods that write blocks and of `begin`, `commit` and `abort`.
public protocol ChainStore: AnyObject, LedgerReading {
    /// The newest block, nil in an empty store.
    func head() throws -> Head?

    /// The canonical JSON of the block at `height`, nil above the head.
    func block(atHeight height: UInt64) throws -> [UInt8]?

    /// The height of the block with this hash, nil when it is not on this chain.
    func height(ofBlock hash: Hash32) throws -> UInt64?

    /// Where the transaction with this hash or claimed id stands, the oldest place when a block repeated it.
    func transactionLocation(id: Hash32) throws -> (height: UInt64, index: Int)?

    /// Calls `body` with each key and value, in bytewise order of the keys. Rebuilds the state tree at start.
    func forEachState(_ body: (ByteString, [UInt8]) throws -> Void) throws

    /// What takes the block at `height` back, nil above the head.
    func undoRecord(atHeight height: UInt64) throws -> UndoRecord?

    /// A value beside the chain, for example what this node signed last.
    func metadata(_ key: String) throws -> [UInt8]?

    /// Opens the write.
    func begin() throws

    /// Makes everything since `begin` durable, at once. When it throws, nothing of it happened.
    func commit() throws

    /// Forgets everything since `begin`.
    func abort()

    /// Stores a block on the head: its JSON, its place in the indexes, its changes of the state, its undo record.
    func append(_ record: BlockRecord) throws

    /// Takes the head back: removes the block and its entries in the indexes, restores the state's old values, and
    /// makes `undo.parent` the head.
    func removeHead(_ undo: UndoRecord) throws

    /// Stores a value beside the chain, in the open write.
    func setMetadata(_ key: String, _ value: [UInt8]) throws
}

extension ChainStore {
    /// The genesis block as a head, from its header; nil in an empty store. Reads the whole block, which may be long.
    public func genesisHead() throws -> Head? {
        guard let json = try block(atHeight: 0) else { return nil }
        let (header, hash) = try HeaderPeek.readTrusted(json)
        return Head(
            height: 0, hash: hash, previousHash: .zero, timestamp: header.timestamp,
            stateRoot: header.stateRoot.flatMap { Hash32($0) } ?? .zero, producer: header.producer, totalWeight: 0)
    }
}

/// A change of one state key.
public struct StateWrite: Hashable, Sendable {
    public var key: ByteString
    /// The new value, possibly empty; nil deletes the key.
    public var value: [UInt8]?

    public init(key: ByteString, value: [UInt8]?) {
        self.key = key
        self.value = value
    }
}

/// A nonce that a sender has used.
public struct UsedNonce: Hashable, Sendable {
    public var sender: Address
    public var nonce: UInt64

    public init(sender: Address, nonce: UInt64) {
        self.sender = sender
        self.nonce = nonce
    }
}

/// An entry of the transaction index: a hash or a claimed id, and the transaction's place in its block.
public struct TransactionEntry: Hashable, Sendable {
    public var id: Hash32
    public var index: Int

    public init(id: Hash32, index: Int) {
        self.id = id
        self.index = index
    }
}

/// Everything that one applied block changes in a store.
public struct BlockRecord: Hashable, Sendable {
    /// The block as the new head.
    public var head: Head
    /// The block's canonical JSON.
    public var json: [UInt8]
    /// The changes of the state, in bytewise order of the keys, each key once, none without effect.
    public var writes: [StateWrite]
    /// The new entries of the transaction index. An id that an older block has already is not here: it keeps its place.
    public var transactions: [TransactionEntry]
    /// What takes the block back. `undo.nonces` are also the new entries of the nonce index.
    public var undo: UndoRecord
    /// Whether the new entries are exactly the hash of each transaction and the nonce of each, in order: nothing was there before and no
    /// id differs from its hash. Then a store need not keep them beside the block.
    public var indexesFollowFromBlock: Bool

    public init(
        head: Head, json: [UInt8], writes: [StateWrite], transactions: [TransactionEntry], undo: UndoRecord,
        indexesFollowFromBlock: Bool = false
    ) {
        self.head = head
        self.json = json
        self.writes = writes
        self.transactions = transactions
        self.undo = undo
        self.indexesFollowFromBlock = indexesFollowFromBlock
    }

    public var height: UInt64 { head.height }
    public var hash: Hash32 { head.hash }
    /// The nonces that this block used first. One that was used before (a replay under reference rules) is not here.
    public var nonces: [UsedNonce] { undo.nonces }
}

/// What takes one block back exactly: only what the block itself added is removed, so undoing a replay leaves the
/// older entry where it was.
public struct UndoRecord: Hashable, Sendable {
    /// The block that goes.
    public var block: Head
    /// The head after it is gone; nil for the genesis block, which stays.
    public var parent: Head?
    /// The state before the block: the old value of each key that it changed, nil where the key did not exist. In
    /// bytewise order of the keys.
    public var oldValues: [StateWrite]
    /// The entries of the transaction index that the block added.
    public var transactions: [Hash32]
    /// The entries of the nonce index that the block added.
    public var nonces: [UsedNonce]

    public init(
        block: Head, parent: Head?, oldValues: [StateWrite], transactions: [Hash32], nonces: [UsedNonce]
    ) {
        self.block = block
        self.parent = parent
        self.oldValues = oldValues
        self.transactions = transactions
        self.nonces = nonces
    }
}
