internal import CLMDB
internal import Platform
internal import SystemPackage

/// An open LMDB environment: the map and its growth, read transactions from any thread, one write at a time.
///
/// Flags, and why:
/// * `MDB_NOTLS`: read transactions belong to a value, not to a thread.
/// * no `MDB_NOSYNC`, no `MDB_NOMETASYNC`: a commit that returned is on the disk.
/// * no `MDB_WRITEMAP`: it would save a copy of each dirty page, but with it a full disk is a SIGBUS instead of an
///   error code, and a stray write of any code in the process is a damaged store.
/// * `MDB_NORDAHEAD`: reads are random; read-ahead would only make the resident size grow.
///
/// The data file is kept as long as the map (sparse, so it takes no room): LMDB alone may leave it shorter than the last
/// page it counts, which then could not be told from a file that was cut off.
// Sendable: LMDB's environment may be used from any thread; the map changes only inside `ReadGate`, what is noted of it is behind
// a lock, and the write transaction belongs to the one writing thread.
final class Environment: @unchecked Sendable {
    static let dataFile = "data.mdb"
    static let lockFile = "lock.mdb"
    /// What LMDB has in the directory.
    static let files = [dataFile, lockFile]
    /// Bytes of LMDB's table of `2 * StoreOptions.maxReaders`, 64 for each and a head, in whole pages.
    private static let lockFileBytes = 8192
    /// Bytes of the two pages that a file begins with.
    private static let firstBytes = 8192

    let directory: String
    let isReadOnly: Bool
    private let options: StoreOptions
    private let handle: OpaquePointer
    private let gate: ReadGate
    private let resident: ResidentPages
    private let map = Monitor(Map())

    private struct Map {
        /// Set when a resize failed half way: the map is gone and nothing may touch it any more.
        var failure: StoreError?
        /// Its addresses, where the system tells them.
        var range: Range<UInt>?
    }

    /// Opens the environment of an existing directory. The file must have been checked before (`StoreInspector`).
    init(directory: String, readOnly: Bool, options: StoreOptions) throws(StoreError) {
        self.directory = directory
        self.isReadOnly = readOnly
        self.options = options
        gate = ReadGate(maxReaders: StoreOptions.maxReaders)
        // LMDB writes to the table through a map, where a disk without room is no error but a signal (SIGBUS), and what it
        // has written of the first pages of a fresh file when there is no room for both would pass for damage.
        try reserveRoom("\(directory)/\(Environment.lockFile)", bytes: Environment.lockFileBytes)
        if !readOnly { try reserveRoom("\(directory)/\(Environment.dataFile)", bytes: Environment.firstBytes) }

        var created: OpaquePointer?
        var code = mdb_env_create(&created)
        guard code == 0, let created else { throw StoreError(.open, code: code, path: directory) }
        StoreFaults.opened("\(directory)/\(Environment.dataFile)")
        mdb_env_set_assert(created, StoreFaults.assertion)
        // LMDB raises this to what the file already uses.
        if !readOnly { code = mdb_env_set_mapsize(created, options.initialMapBytes) }
        if code == 0 { code = mdb_env_set_maxdbs(created, UInt32(Database.allCases.count)) }
        // Idle transactions keep their reader slot; backups and readers of other processes take a few more.
        if code == 0 { code = mdb_env_set_maxreaders(created, UInt32(2 * StoreOptions.maxReaders)) }
        if code == 0 {
            let flags = UInt32(MDB_NOTLS) | UInt32(MDB_NORDAHEAD) | (readOnly ? UInt32(MDB_RDONLY) : 0)
            code = mdb_env_open(created, directory, flags, 0o600)
        }
        var file: Int32 = -1
        if code == 0 { code = mdb_env_get_fd(created, &file) }
        guard code == 0 else {
            // Not all is initialized yet, so `deinit` will not run. From here on it does.
            mdb_env_close(created)
            throw StoreError(.open, code: code, path: directory)
        }
        let data = FileDescriptor(rawValue: file)
        resident = ResidentPages(file: data)
        handle = created
        // LMDB opens the data file without close-on-exec; a child of ours must not inherit it.
        data.setCloseOnExec()
        map.withLock { $0.range = MemoryRanges.ofFile(data) }
        guard !readOnly else { return }
        // Slots of processes that were killed would keep old pages from being reused for ever.
        var dead: Int32 = 0
        mdb_reader_check(created, &dead)
        try extendFile(to: mapBytes)
    }

    deinit {
        for idle in gate.drain() { mdb_txn_abort(idle.pointer) }
        mdb_env_close(handle)
    }

    // MARK: Reading

    /// Runs `body` on a snapshot of the last commit. Waits while the map is being resized or the readers are all taken.
    func read<R>(_ body: (Transaction) throws -> R) throws -> R {
        let opened = try enterSnapshot()
        defer {
            resident.afterRead()
            mdb_txn_reset(opened)
            gate.leave(ReadHandle(pointer: opened))
        }
        return try body(transaction(opened))
    }

    /// Opens the handles of the sub-databases for reading. Only the commit of the transaction that opened a handle keeps it.
    func openHandles() throws(StoreError) -> Databases {
        let opened = try enterSnapshot()
        defer { gate.leave(nil) }
        let databases: Databases
        do throws(StoreError) {
            databases = try Databases(transaction(opened), create: false)
        } catch {
            mdb_txn_abort(opened)
            throw error
        }
        let code = mdb_txn_commit(opened)
        guard code == 0 else { throw StoreError(.open, code: code, path: directory) }
        return databases
    }

    private func enterSnapshot() throws(StoreError) -> OpaquePointer {
        for _ in 0..<Environment.adoptions {
            let idle = gate.enter()
            do throws(StoreError) {
                return try openSnapshot(idle)
            } catch {
                // An idle handle that could not be renewed was aborted there.
                gate.leave(nil)
                guard isReadOnly, error.code == MDB_MAP_RESIZED else { throw error }
                try gate.withoutReaders { () throws(StoreError) in try setMapSize(0) }
            }
        }
        throw StoreError(.read, .limit, path: directory, detail: "the store grew \(Environment.adoptions) times while it was opened")
    }

    /// How often a read-only opener follows a writer of another process that grows the store between its steps.
    private static let adoptions = 8

    private func openSnapshot(_ idle: ReadHandle?) throws(StoreError) -> OpaquePointer {
        if let failure = map.withLock({ $0.failure }) {
            if let idle { mdb_txn_abort(idle.pointer) }
            throw failure
        }
        var code: Int32
        if let idle {
            code = mdb_txn_renew(idle.pointer)
            if code == 0 { return idle.pointer }
            mdb_txn_abort(idle.pointer)
        } else {
            var fresh: OpaquePointer?
            code = mdb_txn_begin(handle, nil, UInt32(MDB_RDONLY), &fresh)
            if code == 0, let fresh { return fresh }
        }
        throw StoreError(.read, code: code, path: directory)
    }

    // MARK: Writing

    /// Begins a write transaction, with at least `headroomBytes` of map ahead of it, or `room` bytes where that is more. The same thread must
    /// end it.
    func beginWrite(room: Int = 0) throws(StoreError) -> Transaction {
        if let failure = map.withLock({ $0.failure }) { throw failure }
        guard !isReadOnly else {
            throw StoreError(.begin, .misuse, path: directory, detail: "the store is open for reading only")
        }
        if unusedMapBytes < options.headroomBytes { try grow() }
        while unusedMapBytes < room { try grow() }
        var opened: OpaquePointer?
        let code = mdb_txn_begin(handle, nil, 0, &opened)
        guard code == 0, let opened else { throw StoreError(.begin, code: code, path: directory) }
        return transaction(opened)
    }

    /// Makes `transaction` durable: its pages, then the meta page that makes them the store. It is gone afterwards, also on an error.
    func commit(_ transaction: Transaction) throws(StoreError) {
        let code = mdb_txn_commit(transaction.pointer)
        guard code == 0 else { throw explained(.commit, code) }
        resident.look()
    }

    func abort(_ transaction: Transaction) {
        mdb_txn_abort(transaction.pointer)
    }

    /// Makes the map larger: twice its size, or by `maxGrowthBytes` from there on. No write may be open.
    func grow() throws(StoreError) {
        let size = mapBytes
        let target = size + min(max(size, options.headroomBytes), options.maxGrowthBytes)
        try extendFile(to: target)
        try gate.withoutReaders { () throws(StoreError) in try setMapSize(target) }
    }

    private func setMapSize(_ bytes: Int) throws(StoreError) {
        let code = mdb_env_set_mapsize(handle, bytes)
        guard code != 0 else {
            var file: Int32 = -1
            let range = mdb_env_get_fd(handle, &file) == 0 ? MemoryRanges.ofFile(FileDescriptor(rawValue: file)) : nil
            return map.withLock { $0.range = range }
        }
        let failure = StoreError(.grow, code: code, path: directory, context: "mapping \(bytes) bytes")
        // EINVAL comes before the old map is given up; anything else leaves no map at all.
        if Errno(rawValue: code) != .invalidArgument { map.withLock { $0.failure = failure } }
        throw failure
    }

    /// Makes the data file at least `bytes` long without taking room for it, durably.
    private func extendFile(to bytes: Int) throws(StoreError) {
        let path = directory + "/" + Environment.dataFile
        var file: Int32 = -1
        let code = mdb_env_get_fd(handle, &file)
        guard code == 0 else { throw StoreError(.grow, code: code, path: path) }
        if let size = fileSize(path), size >= UInt64(bytes) { return }
        let data = FileDescriptor(rawValue: file)
        do throws(Errno) {
            try data.setLength(Int64(bytes))
            try data.flush()
        } catch {
            throw StoreError(.grow, errno: error, path: path)
        }
    }

    private func transaction(_ opened: OpaquePointer) -> Transaction {
        Transaction(pointer: opened, directory: directory, map: map.withLock { $0.range })
    }

    // MARK: Facts

    /// The size of the map in bytes.
    var mapBytes: Int { info.me_mapsize }

    /// Bytes of pages in use or once used: what a copy of the store takes.
    var usedBytes: Int { (info.me_last_pgno + 1) * pageBytes }

    private var unusedMapBytes: Int {
        let info = info
        return info.me_mapsize - (info.me_last_pgno + 1) * pageBytes
    }

    private var info: MDB_envinfo {
        var info = MDB_envinfo()
        mdb_env_info(handle, &info)
        return info
    }

    private var pageBytes: Int {
        var status = MDB_stat()
        mdb_env_stat(handle, &status)
        return Int(status.ms_psize)
    }

    /// Writes a compacted copy of the last commit to an open file while others read and write. Counts as a reader, so
    /// that the map stays where it is.
    func copy(to file: FileDescriptor, path: String) throws(StoreError) {
        let idle = gate.enter()
        defer { gate.leave(idle) }
        let code = mdb_env_copyfd2(handle, file.rawValue, UInt32(MDB_CP_COMPACT))
        guard code == 0 else { throw StoreError(.copy, code: code, path: path) }
    }

    /// LMDB reports a short write, which is how a full disk often looks, as EIO.
    func explained(_ operation: StoreError.Operation, _ code: Int32) -> StoreError {
        if Errno(rawValue: code) == .ioError, let free = availableBytes(directory), free < StoreOptions.nearlyFullBytes {
            return StoreError(operation, errno: .noSpace, path: directory, context: "\(free) bytes left on the disk")
        }
        return StoreError(operation, code: code, path: directory)
    }

    /// For the writer, within a long write.
    func trimDuringWrite() { resident.look() }

    /// Lets go of the map's resident pages when they have become many. After long walks; commits and snapshots do it themselves.
    func trim() throws(StoreError) {
        let opened = try enterSnapshot()
        resident.look()
        mdb_txn_reset(opened)
        gate.leave(ReadHandle(pointer: opened))
    }
}

extension StoreFormat {
    /// The version of LMDB that runs.
    public static var libraryVersion: String {
        var (major, minor, patch): (CInt, CInt, CInt) = (0, 0, 0)
        mdb_version(&major, &minor, &patch)
        return "\(major).\(minor).\(patch)"
    }
}
