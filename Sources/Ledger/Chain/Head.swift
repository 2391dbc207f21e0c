public import Primitives

/// The newest block of a chain, as far as the next block and a choice between chains need it.
public struct Head: Hashable, Sendable {
    public var height: UInt64
    public var hash: Hash32
    /// The parent's hash; zero for the genesis block.
    public var previousHash: Hash32
    /// Seconds since 1970.
    public var timestamp: Int64
    public var stateRoot: Hash32
    /// The producer's address as the header has it.
    public var producer: ByteString
    /// The weights of all blocks up to here, for the choice between competing chains: 2 for a block in turn, 1 for one
    /// out of turn (`ledger.md`, "Proof of authority"). Zero at genesis.
    public var totalWeight: UInt64

    public init(
        height: UInt64, hash: Hash32, previousHash: Hash32, timestamp: Int64, stateRoot: Hash32, producer: ByteString,
        totalWeight: UInt64
    ) {
        self.height = height
        self.hash = hash
        self.previousHash = previousHash
        self.timestamp = timestamp
        self.stateRoot = stateRoot
        self.producer = producer
        self.totalWeight = totalWeight
    }
}
