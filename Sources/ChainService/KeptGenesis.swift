internal import Ledger
internal import Primitives
internal import Storage

/// The genesis that a store keeps beside its chain: the configuration, because the genesis block does not name the authorities and the fees,
/// and what a later start needs to know the file again without building the block.
struct KeptGenesis {
    private let store: LMDBStore

    /// The canonical JSON of the configuration.
    private static let configurationKey = "genesis"
    /// The digest of the file that the store was last opened with (32), and the genesis block as a head. Stores of older programs have none.
    private static let fileKey = "genesis_file"

    init(_ store: LMDBStore) {
        self.store = store
    }

    /// The genesis as the store has it, without its block; `nil` where it keeps none.
    func recalled() throws(ChainDirectoryError) -> Genesis? {
        guard let json = try metadata(KeptGenesis.configurationKey), let head = try genesisHead() else { return nil }
        do throws(GenesisError) { return try GenesisFile(json).genesis(recalling: head) } catch { throw .storedGenesis(error) }
    }

    /// The genesis of `file` without its block, when the store was last opened with this very file; `nil` otherwise.
    func recalled(_ file: GenesisFile) throws(ChainDirectoryError) -> Genesis? {
        guard let record = try fileRecord(), record.digest == file.digest else { return nil }
        do throws(GenesisError) { return try file.genesis(recalling: record.head) } catch { throw .genesisFile(error) }
    }

    /// The genesis as the store has it, with its block; `nil` where it keeps none. Executes the block.
    func whole() throws(ChainDirectoryError) -> Genesis? {
        guard let json = try metadata(KeptGenesis.configurationKey) else { return nil }
        do throws(GenesisError) { return try Genesis(decoding: json) } catch { throw .storedGenesis(error) }
    }

    /// Keeps what is not kept yet, in a write of its own.
    func keep(_ genesis: Genesis, _ file: GenesisFile? = nil) throws(ChainDirectoryError) {
        let isKept = try metadata(KeptGenesis.configurationKey) != nil
        // A genesis without its block has no state either, and is not what the chain began with.
        guard genesis.blockJSON != nil, !isKept || file != nil else { return }
        do {
            try store.begin()
            if !isKept { try store.setMetadata(KeptGenesis.configurationKey, genesis.configuration.json) }
            if let file { try store.setMetadata(KeptGenesis.fileKey, file.digest.bytes + genesis.head.encoded) }
            try store.commit()
        } catch {
            store.abort()
            throw .chain(.store(error))
        }
    }

    private func fileRecord() throws(ChainDirectoryError) -> (digest: Hash32, head: Head)? {
        guard let bytes = try metadata(KeptGenesis.fileKey), bytes.count > Hash32.byteCount,
            let digest = Hash32(Array(bytes.prefix(Hash32.byteCount))),
            let head = try? Head(decoding: Array(bytes.dropFirst(Hash32.byteCount)))
        else { return nil }
        return (digest, head)
    }

    private func genesisHead() throws(ChainDirectoryError) -> Head? {
        if let record = try fileRecord() { return record.head }
        do { return try store.genesisHead() } catch { throw .chain(.store(error)) }
    }

    private func metadata(_ key: String) throws(ChainDirectoryError) -> [UInt8]? {
        do { return try store.metadata(key) } catch { throw .chain(.store(error)) }
    }
}
