public import Ledger
public import Storage

/// Why the chain of a data directory cannot be opened.
public enum ChainDirectoryError: Error {
    case store(StoreError)
    case chain(ChainOpenError)
    /// Nobody named a genesis and the store holds none.
    case noGenesis(directory: String)
    /// The genesis makes the same block as the one that the chain began with and fixes something else beside it.
    case otherRules(directory: String, differing: [RulesPart])
    /// What the store holds as its genesis is none.
    case storedGenesis(GenesisError)
    /// The genesis file makes no chain.
    case genesisFile(GenesisError)
}

extension ChainDirectoryError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .store(let error), .chain(.store(let error as StoreError)): error.description
        default: "\(reason); \(advice)"
        }
    }

    /// What is wrong.
    package var reason: String {
        switch self {
        case .store(let error): error.reason
        case .chain(let error): error.description
        case .noGenesis(let directory): "the store in \(directory) does not know its genesis yet"
        case .otherRules(let directory, let parts):
            "the genesis file has other \(parts.map(\.rawValue).joined(separator: " and other ")) than the one that the chain in "
                + "\(directory) began with"
        case .storedGenesis(let error): "the store holds a genesis that cannot be used: \(error)"
        case .genesisFile(let error): "the genesis file starts no chain: \(error)"
        }
    }

    /// What a person can do.
    package var advice: String {
        switch self {
        case .store(let error): error.advice
        case .noGenesis: "give the genesis file"
        case .genesisFile: "correct it, or take the one that the network's other nodes have"
        case .chain(.otherGenesis), .otherRules: "use the genesis of this data, or another `data_dir`"
        case .chain, .storedGenesis: StoreError.damageAdvice
        }
    }
}

/// A data directory opened as a chain.
public struct ChainDirectory {
    public let store: LMDBStore
    public let engine: ChainEngine

    /// Opens the chain in `directory`. A fresh store takes its genesis from `genesis` and keeps it; one that has a chain may be
    /// opened without, and refuses another.
    ///
    /// Opened `readOnly`, it must hold a chain.
    public init(
        _ directory: String, genesis: Genesis?, access: LMDBStore.Access = .create, options: StoreOptions = StoreOptions()
    ) throws(ChainDirectoryError) {
        let store = try ChainDirectory.open(directory, access, options)
        let kept = KeptGenesis(store)
        let stored = try kept.recalled()
        guard let genesis = genesis ?? stored else { throw .noGenesis(directory: directory) }
        try self.init(store, genesis, stored: stored)
        if access != .readOnly { try kept.keep(genesis) }
    }

    /// The same with a genesis file. When it is the file of an earlier start, byte for byte, its block is not built again: such a start costs
    /// what the newest state needs.
    public init(_ directory: String, genesis file: GenesisFile, options: StoreOptions = StoreOptions()) throws(ChainDirectoryError) {
        // A file that starts no chain makes no store either.
        var genesis: Genesis?
        if !LMDBStore.isThere(directory) { genesis = try ChainDirectory.build(file) }
        let store = try ChainDirectory.open(directory, .create, options)
        let kept = KeptGenesis(store)
        if let known = try kept.recalled(file) {
            try self.init(store, known, stored: nil)
            return
        }
        let built: Genesis
        if let genesis { built = genesis } else { built = try ChainDirectory.build(file) }
        try self.init(store, built, stored: try kept.recalled())
        try kept.keep(built, file)
    }

    private init(_ store: LMDBStore, _ genesis: Genesis, stored: Genesis?) throws(ChainDirectoryError) {
        self.store = store
        if let stored, stored.hash == genesis.hash, stored.rulesHash != genesis.rulesHash {
            throw .otherRules(directory: store.directory, differing: genesis.differences(from: stored))
        }
        do throws(ChainOpenError) { engine = try ChainEngine(genesis: genesis, store: store) } catch { throw .chain(error) }
    }

    private static func open(
        _ directory: String, _ access: LMDBStore.Access, _ options: StoreOptions
    ) throws(ChainDirectoryError) -> LMDBStore {
        do throws(StoreError) { return try LMDBStore(directory: directory, access: access, options: options) } catch { throw .store(error) }
    }

    private static func build(_ file: GenesisFile) throws(ChainDirectoryError) -> Genesis {
        do throws(GenesisError) { return try file.genesis() } catch { throw .genesisFile(error) }
    }

    /// The genesis that the store keeps, with its block; `nil` where it keeps none. Executes the block.
    package func wholeGenesis() throws(ChainDirectoryError) -> Genesis? { try KeptGenesis(store).whole() }
}
