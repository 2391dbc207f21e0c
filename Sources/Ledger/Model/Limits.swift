/// Every limit of the ledger, once. The numbers are those of `ledger.md`, "Operations", unless said otherwise.
public enum Limits {
    /// Bytes of a state key: 1 KiB.
    public static let maxKeyBytes = 1024

    /// Bytes of an operation's value: 1 MiB.
    public static let maxValueBytes = 1024 * 1024

    /// Bytes of a transaction's canonical JSON: 1 MiB. A rule of admission: inside a block only the block's own
    /// limit counts, as on the reference (`transactions.json`, "large").
    public static let maxTransactionBytes = 1024 * 1024

    /// Bytes of a block's canonical JSON: 1 MiB (`invalid.json`, "size exactly 1048576").
    public static let maxBlockBytes = 1024 * 1024

    /// Transactions in a block (`invalid.json`, "1000 transactions").
    public static let maxBlockTransactions = 1000

    /// Bytes of the JSON in which a block or a transaction may arrive: six times the canonical limit. JSON's longest
    /// spelling of one byte is the six of `\u0041`, so whatever is longer is too large in canonical form too, or is
    /// padded with white space. Bounds what decoding allocates.
    public static let maxInputBytes = 6 * maxBlockBytes

    /// Bytes of the id that a transaction in a block may claim under reference rules. The reference keeps a transaction under `tx:` and the id
    /// in hexadecimal, and its store takes keys of up to 65,000 bytes, so that a block with a longer id fails there.
    public static let maxIDBytes = (maxReferenceKeyBytes - referencePrefixBytes) / 2

    /// Bytes of a state key in a genesis; in a block `maxKeyBytes` counts.
    public static let maxGenesisKeyBytes = maxReferenceKeyBytes - referencePrefixBytes

    /// Bytes of a key in the reference's store (Badger), and of what it writes in front of an id or a state key.
    private static let maxReferenceKeyBytes = 65_000
    private static let referencePrefixBytes = 3

    /// Seconds that a block's timestamp may be ahead of this node's clock.
    public static let maxFutureSeconds: Int64 = 30

    /// The first timestamp of a genesis that is no mistake: 2000-01-01. Chains of this format are younger by twenty years.
    public static let earliestGenesisTimestamp: Int64 = 946_684_800

    /// Seconds that a genesis may lie ahead of the clock: ten years. A launch may be dated ahead, but nobody waits so long.
    public static let maxGenesisFutureSeconds: Int64 = 10 * 366 * 86_400

    /// A clock before this (2026-01-01) has not been set: this software is younger.
    public static let clockFloor: Int64 = 1_767_225_600

    /// Bytes of a balance. Longer ones read as zero under reference rules and cannot arise under strict ones.
    public static let maxBalanceBytes = 32

    /// Nesting of JSON that the ledger reads. A block needs 6 levels.
    public static let maxJSONDepth = 64

    /// Digits of a decimal amount in a genesis. The reference has no bound; 2^256 has 78, and reading is quadratic.
    public static let maxAmountDigits = 1024

    /// Seconds of the longest `chain:block_time`: a day. Keeps turn arithmetic far from the ends of `Int64`.
    public static let maxBlockTimeSeconds: Int64 = 86_400

    /// Authorities of a strict genesis. The turn rule multiplies their number with the block time, and a takeover by
    /// the thousandth would come after more than an hour of the shortest blocks.
    public static let maxStrictAuthorities = 1000

    /// Blocks applied or undone between two commits of the engine: sync commits every 100, a reorganisation both
    /// undoes and applies. Bounds what the engine keeps to follow an aborted write.
    public static let maxUncommittedBlocks = 1024
}
