public import Ledger
public import Primitives

/// The bounds of a mempool. Every one is there so that strangers cannot make it grow. None is for one sender: a service with one key is the
/// usual client of these chains, and may have what nobody else wants. Who may stay in a full pool, `Mempool` says.
public struct MempoolLimits: Hashable, Sendable {
    /// Transactions in all (`ledger.md`, "Operations": mempool 10 000 transactions).
    public var maxTransactions = 10_000

    /// Bytes that a transaction counts at least. A small one of 350 bytes of JSON takes about 2 KiB of memory with its
    /// fields and its places in the indexes.
    public var minChargeBytes = 2048

    /// How long a transaction may wait, counted from its admission: three hours, thousands of blocks. What has not found
    /// its way into a block by then is more likely forgotten than wanted.
    public var lifetime = Nanoseconds.seconds(3 * 3600)

    public init() {}

    /// Charged bytes in all: the greatest number of transactions at their least charge. 20 MB, some 19 full blocks.
    public var maxChargeBytes: Int { maxTransactions * minChargeBytes }

    /// What a transaction of `size` bytes counts: one measure for both bounds, so that a sender of many small ones and
    /// a sender of few large ones are compared fairly when room must be made.
    func charge(ofSize size: Int) -> Int { max(size, minChargeBytes) }
}

/// How much `Mempool.select` may give to one block.
public struct SelectionLimits: Hashable, Sendable {
    public var maxTransactions: Int
    /// Bytes of the transactions' canonical JSON, with the commas between them.
    public var maxBytes: Int

    /// The room of a block (`Limits`), less what is not transactions.
    public init(
        maxTransactions: Int = Limits.maxBlockTransactions,
        maxBytes: Int = Limits.maxBlockBytes - Self.blockOverheadBytes
    ) {
        self.maxTransactions = maxTransactions
        self.maxBytes = maxBytes
    }

    /// Bytes of a block's JSON beside its transactions, at most: the header's field names, three hashes and longest
    /// numbers (about 390), the signature (90) and punctuation, rounded up.
    public static let blockOverheadBytes = 1024
}
