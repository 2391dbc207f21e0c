public import Ledger
public import Primitives

/// A chain in an LMDB file: the store of a node.
///
/// ```
/// data directory/   0700, made when missing
///   LOCK            flock of the one writing process, its id inside
///   data.mdb        everything (`Database`), one B+ tree a kind, copy on write
///   lock.mdb        LMDB's reader table
/// ```
///
/// **Writing.** Between `begin` and `commit` everything happens in one transaction: `commit` makes all of it durable with two
/// flushes (data, then the meta page), or nothing of it. A process that is killed, or a disk that fills up, leaves the last commit.
/// `begin`, the writes and `commit` or `abort` must come from one thread, because LMDB's writer lock belongs to a thread.
///
/// **Growth.** `begin` sees to it that `StoreOptions.headroomBytes` of map are free. A write that needs more is aborted
/// inside, repeated on a larger map from the records that the caller gave, and goes on; the caller does not notice.
/// Those records are kept until the commit: the caller bounds a write by committing every so many blocks and bytes.
///
/// **Reading.** `reader` serves snapshots to any thread. The store's own methods read the open write when there is one.
///
/// All methods throw `StoreError`.
public final class LMDBStore: ChainStore {
    /// What a store is opened for.
    public enum Access: Sendable {
        /// To write; makes directory and store when they are missing.
        case create
        /// To write what exists.
        case existing
        /// To read, beside a process that writes.
        case readOnly
    }

    /// The data directory.
    public let directory: String
    /// Snapshots for any thread.
    public let reader: StoreReader

    private let lock: DirectoryLock?
    private let environment: Environment
    private let databases: Databases
    private var write: Transaction?
    /// What the open write holds so far, to repeat it on a larger map.
    private var pending: [PendingWrite] = []
    /// Blocks of the open write that are in the indexes and the state, but whose JSON and undo record are not in the file yet. The commit packs
    /// and puts them in, so that a block is relayed before that work. In rising order.
    private var unwritten: [BlockRecord] = []
    /// Whether the store has an older format, which the next block ends.
    private var isOldFormat: Bool
    /// The highest nonces of senders asked for during the open write, kept up to date: a sender of many transactions is
    /// looked up once in a write. At most `maxRememberedSenders`, then it starts anew.
    private var lastNonces: [Address: UInt64?] = [:]
    private static let maxRememberedSenders = 4096
    /// Why the open write cannot be committed.
    private var failure: StoreError?

    /// Blocks of one write between two looks at the resident pages: a look costs 3 µs, a block some 200.
    private static let operationsPerTrim = 16

    /// How often a write is repeated: each time the map has doubled or grown by `maxGrowthBytes`, so the last one
    /// is far above anything that one write may hold.
    private static let maxRepeats = 16

    /// Opens the store in `directory`, which is checked first: its pages (`StoreInspector`), its format, its head.
    ///
    /// Costs a read of the whole file up to `StoreOptions.fullCheckBytes`, of the state above. The chain is not replayed.
    public init(directory: String, access: Access = .create, options: StoreOptions = StoreOptions()) throws(StoreError) {
        self.directory = directory
        let readOnly = access == .readOnly
        if access == .create { try createDirectory(directory) }
        lock = readOnly ? nil : try DirectoryLock(directory: directory)
        for file in Environment.files { try checkFile("\(directory)/\(file)", readOnly: readOnly) }
        let found: StoreInspector.Summary?
        if readOnly, DirectoryLock.isHeld(directory: directory) {
            // Another process writes: its pages move under a reader without a transaction, and it has checked them.
            found = nil
        } else {
            found = try StoreInspector.inspect(directory: directory, fullCheckBytes: options.fullCheckBytes)
            if found == nil, access != .create {
                throw StoreError(.open, .missing, path: directory, detail: "there is no store")
            }
            try StoreOpening.expectNotEmptied(directory, found, lock)
        }
        environment = try Environment(directory: directory, readOnly: readOnly, options: options)
        databases = try StoreOpening.databases(environment)
        reader = StoreReader(environment: environment, databases: databases)
        isOldFormat = try StoreOpening.check(environment, databases) != StoreFormat.version
        if access == .create, found == nil { try syncDirectory(directory) }
        try lock?.noteStore()
    }

    /// Whether `directory` has the file of a store, in whatever state.
    public static func isThere(_ directory: String) -> Bool { fileSize("\(directory)/\(Environment.dataFile)") != nil }

    deinit {
        if let write { environment.abort(write) }
    }

    // MARK: One write at a time

    /// Opens the write. Grows the map first when little of it is left.
    public func begin() throws {
        guard write == nil else { throw misuse(.begin, "a write is open already") }
        write = try environment.beginWrite()
        pending = []
        unwritten = []
        lastNonces.removeAll(keepingCapacity: true)
        failure = nil
    }

    /// Makes the open write durable. When it throws, nothing of it happened and no write is open.
    public func commit() throws {
        guard write != nil else { throw misuse(.commit, "no write is open") }
        defer {
            pending = []
            unwritten = []
        }
        if let failure {
            abort()
            throw failure
        }
        for _ in 0..<LMDBStore.maxRepeats {
            guard let open = write else { break }
            do {
                let writer = StoreWriter(view: view(open))
                for record in unwritten { try writer.putRecords(record) }
                write = nil
                try environment.commit(open)
                if !unwritten.isEmpty { isOldFormat = false }
                return
            } catch let error as StoreError where error.isMapFull {
                // Saving the list of free pages takes pages too.
                try repeatOnLargerMap()
            } catch {
                abort()
                throw error
            }
        }
        abort()
        throw StoreError(.commit, .limit, path: directory, detail: "the write does not fit in a map of \(environment.mapBytes) bytes")
    }

    /// Forgets the open write. Harmless without one.
    public func abort() {
        if let write { environment.abort(write) }
        write = nil
        pending = []
        unwritten = []
        failure = nil
    }

    public func append(_ record: BlockRecord) throws {
        if pending.isEmpty { try makeRoom(for: record) }
        if isOldFormat, unwritten.isEmpty { try perform(.metadata(MetadataKey.format, StoreOpening.formatRecord)) }
        try perform(.append(record))
        unwritten.append(record)
        for used in record.nonces {
            if let known = lastNonces[used.sender] { lastNonces[used.sender] = max(known ?? 0, used.nonce) }
        }
    }

    public func removeHead(_ undo: UndoRecord) throws {
        try perform(.removeHead(undo))
        if unwritten.last?.height == undo.block.height { unwritten.removeLast() }
        lastNonces.removeAll(keepingCapacity: true)
    }

    /// Stores a value beside the chain. Names are at most 256 bytes.
    public func setMetadata(_ key: String, _ value: [UInt8]) throws {
        guard key.utf8.count <= MetadataKey.maxNameBytes else {
            throw StoreError(.write, .limit, path: directory, detail: "a metadata name of \(key.utf8.count) bytes")
        }
        try perform(.metadata(MetadataKey.caller(key), value))
    }

    /// A genesis block may need more than the headroom: growing before it is written saves writing it again and again. About the block, an
    /// entry of the index a transaction and one of the state a write.
    private func makeRoom(for record: BlockRecord) throws {
        let bytes = record.json.count + 128 * record.transactions.count + 128 * record.writes.count
        guard let open = write, bytes > LMDBStore.longBlockBytes else { return }
        environment.abort(open)
        write = nil
        write = try environment.beginWrite(room: bytes)
    }

    /// Four times the longest block but a genesis block.
    private static let longBlockBytes = 4 << 20

    /// A block of the open write, which is not in the file yet.
    private func unwrittenRecord(_ height: UInt64) -> BlockRecord? {
        guard let first = unwritten.first, height >= first.height, height - first.height < UInt64(unwritten.count) else { return nil }
        return unwritten[Int(height - first.height)]
    }

    private func perform(_ operation: PendingWrite) throws {
        guard let write else { throw misuse(.write, "no write is open") }
        if let failure { throw failure }
        pending.append(operation)
        if pending.count % LMDBStore.operationsPerTrim == 0 { environment.trimDuringWrite() }
        do {
            do {
                try StoreWriter(view: view(write)).perform(operation)
            } catch let error as StoreError where error.isMapFull {
                try repeatOnLargerMap()
            }
        } catch {
            failure = error as? StoreError ?? StoreError(.write, .io, path: directory, detail: "\(error)")
            throw error
        }
    }

    /// Aborts the write, grows the map and performs everything that was pending again, in a new transaction.
    private func repeatOnLargerMap() throws(StoreError) {
        for _ in 0..<LMDBStore.maxRepeats {
            if let write { environment.abort(write) }
            write = nil
            try environment.grow()
            let fresh = try environment.beginWrite()
            write = fresh
            do {
                let writer = StoreWriter(view: view(fresh))
                for operation in pending { try writer.perform(operation) }
                return
            } catch let error as StoreError {
                guard error.isMapFull else { throw error }
            } catch {
                throw StoreError(.write, .io, path: directory, detail: "\(error)")
            }
        }
        throw StoreError(.grow, .limit, path: directory, detail: "a write does not fit in a map of \(environment.mapBytes) bytes")
    }

    // MARK: Reading

    public func head() throws -> Head? { try read { try $0.head() } }

    public func block(atHeight height: UInt64) throws -> [UInt8]? { try unwrittenRecord(height)?.json ?? read { try $0.block(height) } }

    public func height(ofBlock hash: Hash32) throws -> UInt64? { try read { try $0.height(ofBlock: hash) } }

    public func transactionLocation(id: Hash32) throws -> (height: UInt64, index: Int)? {
        try read { try $0.transactionLocation(id) }
    }

    public func hasTransaction(id: Hash32) throws -> Bool { try read { try $0.transactionLocation(id) != nil } }

    public func isNonceUsed(sender: Address, nonce: UInt64) throws -> Bool {
        try read { try $0.isNonceUsed(sender, nonce) }
    }

    public func lastNonce(sender: Address) throws -> UInt64? {
        guard write != nil else { return try read { try $0.lastNonce(sender) } }
        if let known = lastNonces[sender] { return known }
        let last = try read { try $0.lastNonce(sender) }
        if lastNonces.count >= LMDBStore.maxRememberedSenders { lastNonces.removeAll(keepingCapacity: true) }
        lastNonces[sender] = .some(last)
        return last
    }

    public func stateValue(_ key: ByteString) throws -> [UInt8]? { try read { try $0.stateValue(key) } }

    /// Calls `body` with each key and value in bytewise order. `body` must not write to the store.
    public func forEachState(_ body: (ByteString, [UInt8]) throws -> Void) throws {
        try read { view in
            try view.forEachState(prefix: ByteString([]), after: nil, limit: .max) { key, value in
                try body(key, value)
                return true
            }
        }
        if write == nil { try environment.trim() }
    }

    public func undoRecord(atHeight height: UInt64) throws -> UndoRecord? {
        try unwrittenRecord(height)?.undo ?? read { try $0.undoRecord(height) }
    }

    public func metadata(_ key: String) throws -> [UInt8]? { try read { try $0.metadata(MetadataKey.caller(key)) } }

    private func read<R>(_ body: (StoreView) throws -> R) throws -> R {
        if let write { return try body(view(write)) }
        return try environment.read { try body(view($0)) }
    }

    private func view(_ transaction: Transaction) -> StoreView {
        StoreView(transaction: transaction, databases: databases)
    }

    private func misuse(_ operation: StoreError.Operation, _ what: String) -> StoreError {
        StoreError(operation, .misuse, path: directory, detail: what)
    }
}
