public import Ledger
public import Storage

/// Why the chain of a data directory cannot be opened.
public enum ChainDirectoryError: Error {
    case store(StoreError)
    case chain(ChainOpenError)
    /// Nobody named a genesis and the store holds none.
    case noGenesis(directory: String)
    /// The genesis makes the same block as the one that the chain began with, under other rules: authorities or fees.
    case otherRules(directory: String)
    /// What the store holds as its genesis is none.
    case storedGenesis(GenesisError)
}

extension ChainDirectoryError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .store(let error), .chain(.store(let error as StoreError)): error.description
        default: "\(reason); \(advice)"
        }
    }

    /// What is wrong.
    var reason: String {
        switch self {
        case .store(let error): error.reason
        case .chain(let error): error.description
        case .noGenesis(let directory): "the store in \(directory) does not know its genesis yet"
        case .otherRules(let directory):
            "the genesis file names other authorities or fees than the one that the chain in \(directory) began with"
        case .storedGenesis(let error): "the store holds a genesis that cannot be used: \(error)"
        }
    }

    /// What a person can do.
    var advice: String {
        switch self {
        case .store(let error): error.advice
        case .noGenesis: "give the genesis file"
        case .chain(.otherGenesis), .otherRules: "use the genesis of this data, or another `data_dir`"
        case .chain, .storedGenesis: StoreError.damageAdvice
        }
    }
}

/// A data directory opened as a chain.
public struct ChainDirectory {
    public let store: LMDBStore
    public let engine: ChainEngine

    /// The genesis is kept in the store beside the chain: its block does not name the authorities and the fees.
    private static let genesisKey = "genesis"

    /// Opens the chain in `directory`. A fresh store takes its genesis from `genesis` and keeps it; one that has a chain may be
    /// opened without, and refuses another.
    ///
    /// Opened `readOnly`, it must hold a chain.
    public init(
        _ directory: String, genesis: Genesis?, access: LMDBStore.Access = .create, options: StoreOptions = StoreOptions()
    ) throws(ChainDirectoryError) {
        do throws(StoreError) {
            store = try LMDBStore(directory: directory, access: access, options: options)
        } catch { throw .store(error) }
        let stored = try ChainDirectory.storedGenesis(store)
        guard let genesis = genesis ?? stored else { throw .noGenesis(directory: directory) }
        if let stored, stored.hash == genesis.hash, stored.rules != genesis.rules { throw .otherRules(directory: directory) }
        do throws(ChainOpenError) {
            engine = try ChainEngine(genesis: genesis, store: store)
        } catch { throw .chain(error) }
        if stored == nil, access != .readOnly { try keep(genesis) }
    }

    private static func storedGenesis(_ store: LMDBStore) throws(ChainDirectoryError) -> Genesis? {
        let json: [UInt8]?
        do { json = try store.metadata(genesisKey) } catch { throw .chain(.store(error)) }
        guard let json else { return nil }
        do throws(GenesisError) { return try Genesis(decoding: json) } catch { throw .storedGenesis(error) }
    }

    private func keep(_ genesis: Genesis) throws(ChainDirectoryError) {
        do {
            try store.begin()
            try store.setMetadata(ChainDirectory.genesisKey, genesis.configuration.json)
            try store.commit()
        } catch {
            store.abort()
            throw .chain(.store(error))
        }
    }
}
