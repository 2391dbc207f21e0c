public import Primitives

/// A block's header, as the reference's Go struct holds it. Its SHA-256 is the block's hash.
public struct BlockHeader: Hashable, Sendable {
    public var version: UInt32
    public var height: UInt64
    public var previousHash: [UInt8]?
    /// Seconds since 1970.
    public var timestamp: Int64
    public var merkleRoot: [UInt8]?
    public var stateRoot: [UInt8]?
    /// The producer's address as written; must equal an authority of the genesis exactly, case included.
    public var producer: ByteString
    public var nonce: UInt64

    public init(
        version: UInt32 = 0, height: UInt64 = 0, previousHash: [UInt8]? = nil, timestamp: Int64 = 0,
        merkleRoot: [UInt8]? = nil, stateRoot: [UInt8]? = nil, producer: ByteString = ByteString([]), nonce: UInt64 = 0
    ) {
        self.version = version
        self.height = height
        self.previousHash = previousHash
        self.timestamp = timestamp
        self.merkleRoot = merkleRoot
        self.stateRoot = stateRoot
        self.producer = producer
        self.nonce = nonce
    }

    /// The version of blocks that this node makes (`ledger.md`, "Two rule sets"); a genesis block with tokens has 2.
    public static let producedVersion: UInt32 = 1
}

/// A block as the reference's Go struct holds it. `PreparedBlock` and `ChainEngine` say whether it is sound.
public struct Block: Hashable, Sendable {
    public var header: BlockHeader?
    /// nil prints `null` and empty `[]`: both are valid, with different sizes. A nil entry is refused.
    public var transactions: [Transaction?]?
    /// The producer's signature over the hash: 65 bytes r‖s‖v.
    public var signature: [UInt8]?

    public init(header: BlockHeader? = nil, transactions: [Transaction?]? = nil, signature: [UInt8]? = nil) {
        self.header = header
        self.transactions = transactions
        self.signature = signature
    }
}
