internal import Network

/// The bounds of what a configuration may be.
public enum ConfigurationLimits {
    /// The longest file in bytes. The commented manual of every key has about 10 KB.
    public static let maxFileBytes = 1024 * 1024
    /// What to do about a file over the limits of all.
    static let remedyForAnotherFile = "check the path: this may be another file"
    /// The deepest nesting of a document: the keys, and lists in them; a few more so that a mistake is named by its key.
    public static let maxDepth = 8
    /// The most values of a document, list entries and what belongs to unknown keys included.
    public static let maxValues = 10_000
    /// The most mistakes that are collected; a person corrects the first ones first.
    public static let maxErrors = 100
    /// The most entries of a list. `PeeringLimits` keeps a state for each of 64 bootstrap peers.
    public static let maxListCount = 64
    /// The most authorities: each is an address in the genesis block, which has at most 1 MiB.
    public static let maxAuthorities = 1000
    /// The longest path in bytes, Linux's `PATH_MAX` without the terminator.
    public static let maxPathBytes = 4095
    /// The longest path of a Unix socket in bytes, `sun_path` without the terminator.
    public static let maxSocketPathBytes = 107
    /// The longest `chain_id` in bytes, that of the handshake (`NetworkLimits.maxChainIDBytes`).
    public static let maxChainIDBytes = NetworkLimits.maxChainIDBytes
    /// The longest entry of any other text in bytes.
    public static let maxTextBytes = 512
}
