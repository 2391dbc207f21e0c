public import Ledger
public import Storage

/// The node has ended: nothing can be read or asked any more.
public struct NodeStopped: Error, Hashable, Sendable, CustomStringConvertible {
    public init() {}
    public var description: String { "the node has stopped" }
}

/// The committed chain of a running node, read from any thread beside the one that writes. A block is here once it is on disk.
public struct ChainReader: Sendable {
    public let genesis: Genesis
    /// What tells this chain from others: the configuration's `chain_id`, or the hash of the genesis block.
    public let chainID: String
    private let reader: @Sendable () -> StoreReader?

    /// - Parameter reader: the store's reader, or `nil` once the node has stopped.
    package init(genesis: Genesis, chainID: String, reader: @escaping @Sendable () -> StoreReader?) {
        self.genesis = genesis
        self.chainID = chainID
        self.reader = reader
    }

    /// Runs `body` on a snapshot of the last commit; about 0.5 µs more than the body. Do not open one inside another.
    ///
    /// - Throws: `NodeStopped`, `StoreError`, or what `body` throws.
    public func read<R>(_ body: (borrowing ReadSnapshot) throws -> R) throws -> R {
        guard let reader = reader() else { throw NodeStopped() }
        return try reader.read(body)
    }

    /// Bytes of the data file that are in use; `nil` once the node has stopped.
    public var usedBytes: Int? { reader()?.usedBytes }
}
