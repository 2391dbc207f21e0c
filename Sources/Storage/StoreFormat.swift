/// The layout of the store on disk. A change to it is a new `version`.
public enum StoreFormat {
    /// Written into each store and compared when it is opened.
    ///
    /// * 1: blocks as they are, undo records with the entries of the indexes, nonces with the height of their block.
    /// * 2: what this page and `UndoRecord` say. A store of format 1 is read as it is and becomes one of format 2 with the next block.
    public static let version: UInt32 = 2
    /// The oldest that is read.
    static let oldestVersion: UInt32 = 1
}

/// The sub-databases, all with bytewise key order.
enum Database: String, CaseIterable {
    /// height (8 bytes big-endian) → checksum ‖ canonical JSON of the block (`PackedBlock`)
    case blocks
    /// block hash (32) → height (8)
    case blockHeights = "block_heights"
    /// transaction hash, or 32-byte id that it claims (32) → height (8) ‖ index (4); the first block that has it counts
    case transactions
    /// state key (`StateKey`) → value
    case state
    /// height (8) → checksum ‖ what undoes the block
    case undo
    /// sender (20) ‖ nonce (8) → nothing
    case nonces
    /// name → value: format version, head, genesis hash and what else the ledger keeps
    case metadata
}

/// How much of everything one store may take. The defaults are for a node; tests set small ones.
public struct StoreOptions: Sendable {
    /// Read snapshots open at a time in this process; the next one waits. The API, the block server and the worker
    /// together have fewer threads than this.
    public static let maxReaders = 32

    /// A disk with less than this left counts as full when a write was cut short.
    static let nearlyFullBytes: UInt64 = 16 << 20

    /// Map size of a fresh store, in bytes. Address space and a sparse file, not memory or disk.
    public var initialMapBytes: Int
    /// Unused map that a write wants before it begins, in bytes: 100 blocks of the seed's 10 KB take about 5 MB
    /// with indexes and undo log, 16 MiB of full blocks about 64 MiB. A write that needs more is repeated on a larger map.
    public var headroomBytes: Int
    /// The map doubles up to this step, in bytes, and then grows by it.
    public var maxGrowthBytes: Int
    /// Files up to this many bytes of used pages are checked page by page when opened (about 2 µs a page of 4 KiB);
    /// of larger ones the state and the newest path of each tree. `StoreVerifier` checks everything.
    public var fullCheckBytes: Int

    public init(
        initialMapBytes: Int = 256 << 20, headroomBytes: Int = 64 << 20, maxGrowthBytes: Int = 4 << 30,
        fullCheckBytes: Int = 128 << 20
    ) {
        self.initialMapBytes = initialMapBytes
        self.headroomBytes = headroomBytes
        self.maxGrowthBytes = maxGrowthBytes
        self.fullCheckBytes = fullCheckBytes
    }
}
