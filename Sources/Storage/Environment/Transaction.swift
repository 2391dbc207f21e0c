internal import CLMDB

/// A handle of an open LMDB transaction; whoever opened it ends it (`Environment`).
///
/// Buffers that it returns point into the map: they are valid until the transaction ends or writes.
struct Transaction {
    let pointer: OpaquePointer
    /// For errors.
    let directory: String
    /// The addresses of the map, as far as they are known. LMDB believes the sizes that pages tell; what would run over the end of the
    /// map is damage, not a stray read.
    let map: Range<UInt>?

    // MARK: Reading

    /// The value of `key`, or `nil`. O(log n), about 1 µs from memory.
    func get(_ database: DatabaseHandle, _ key: UnsafeRawBufferPointer) throws(StoreError) -> UnsafeRawBufferPointer? {
        var keyValue = MDB_val(key)
        var value = MDB_val()
        let code = mdb_get(pointer, database.raw, &keyValue, &value)
        if code == MDB_NOTFOUND { return nil }
        guard code == 0 else { throw StoreError(.read, code: code, path: directory) }
        return try sound(value)
    }

    fileprivate func sound(_ value: MDB_val) throws(StoreError) -> UnsafeRawBufferPointer {
        let start = UInt(bitPattern: value.mv_data)
        // What an open write has changed is not in the map, and of our own making.
        if let map, map.contains(start), value.mv_size > map.upperBound - start {
            throw StoreError(.read, .corrupted, path: directory, detail: "an entry of \(value.mv_size) bytes runs over the end of the file")
        }
        return UnsafeRawBufferPointer(value)
    }

    /// Runs `body` with a cursor that is closed afterwards.
    func withCursor<R>(_ database: DatabaseHandle, _ body: (Cursor) throws -> R) throws -> R {
        var opened: OpaquePointer?
        let code = mdb_cursor_open(pointer, database.raw, &opened)
        guard code == 0, let opened else { throw StoreError(.read, code: code, path: directory) }
        defer { mdb_cursor_close(opened) }
        return try body(Cursor(pointer: opened, transaction: self))
    }

    /// The number of keys of a database. O(1).
    func count(_ database: DatabaseHandle) throws(StoreError) -> Int {
        var status = MDB_stat()
        let code = mdb_stat(pointer, database.raw, &status)
        guard code == 0 else { throw StoreError(.read, code: code, path: directory) }
        return status.ms_entries
    }

    // MARK: Writing

    /// Sets `key` to `value`; `append` says that the key is above all others of the database, which fills pages better.
    func put(
        _ database: DatabaseHandle, _ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, append: Bool = false
    ) throws(StoreError) {
        var keyValue = MDB_val(key)
        var valueValue = MDB_val(value)
        let code = mdb_put(pointer, database.raw, &keyValue, &valueValue, append ? UInt32(MDB_APPEND) : 0)
        guard code == 0 else { throw StoreError(.write, code: code, path: directory) }
    }

    /// Sets `key` to `count` bytes that `fill` writes straight into the page.
    func put(
        _ database: DatabaseHandle, _ key: UnsafeRawBufferPointer, reserving count: Int, append: Bool = false,
        fill: (UnsafeMutableRawBufferPointer) -> Void
    ) throws(StoreError) {
        var keyValue = MDB_val(key)
        var valueValue = MDB_val(mv_size: count, mv_data: nil)
        let flags = UInt32(MDB_RESERVE) | (append ? UInt32(MDB_APPEND) : 0)
        let code = mdb_put(pointer, database.raw, &keyValue, &valueValue, flags)
        guard code == 0 else { throw StoreError(.write, code: code, path: directory) }
        fill(UnsafeMutableRawBufferPointer(start: valueValue.mv_data, count: valueValue.mv_size))
    }

    /// Removes `key`; says whether it was there.
    @discardableResult
    func delete(_ database: DatabaseHandle, _ key: UnsafeRawBufferPointer) throws(StoreError) -> Bool {
        var keyValue = MDB_val(key)
        let code = mdb_del(pointer, database.raw, &keyValue, nil)
        if code == MDB_NOTFOUND { return false }
        guard code == 0 else { throw StoreError(.write, code: code, path: directory) }
        return true
    }

    /// Opens a sub-database, made when `create`. The handle outlives the transaction once that is committed (or, for a
    /// read transaction, reset).
    func open(_ database: Database, create: Bool) throws(StoreError) -> DatabaseHandle {
        var raw: MDB_dbi = 0
        let code = mdb_dbi_open(pointer, database.rawValue, create ? UInt32(MDB_CREATE) : 0, &raw)
        guard code == 0 else {
            throw StoreError(.open, code: code, path: directory, context: "sub-database `\(database.rawValue)`")
        }
        return DatabaseHandle(raw: raw)
    }
}

/// A position in one sub-database.
struct Cursor {
    let pointer: OpaquePointer
    let transaction: Transaction

    struct Entry {
        let key: UnsafeRawBufferPointer
        let value: UnsafeRawBufferPointer
    }

    func first() throws(StoreError) -> Entry? { try move(MDB_FIRST, nil) }
    func last() throws(StoreError) -> Entry? { try move(MDB_LAST, nil) }
    func next() throws(StoreError) -> Entry? { try move(MDB_NEXT, nil) }
    func previous() throws(StoreError) -> Entry? { try move(MDB_PREV, nil) }

    /// The first entry whose key is `key` or above.
    func seek(_ key: UnsafeRawBufferPointer) throws(StoreError) -> Entry? { try move(MDB_SET_RANGE, key) }

    private func move(_ operation: MDB_cursor_op, _ key: UnsafeRawBufferPointer?) throws(StoreError) -> Entry? {
        var keyValue = key.map { MDB_val($0) } ?? MDB_val()
        var value = MDB_val()
        let code = mdb_cursor_get(pointer, &keyValue, &value, operation)
        if code == MDB_NOTFOUND { return nil }
        guard code == 0 else { throw StoreError(.read, code: code, path: transaction.directory) }
        return Entry(key: try transaction.sound(keyValue), value: try transaction.sound(value))
    }
}

/// LMDB's number of an open sub-database.
struct DatabaseHandle {
    let raw: MDB_dbi
}

extension MDB_val {
    init(_ bytes: UnsafeRawBufferPointer) {
        self.init(mv_size: bytes.count, mv_data: UnsafeMutableRawPointer(mutating: bytes.baseAddress))
    }
}

extension UnsafeRawBufferPointer {
    init(_ value: MDB_val) {
        self.init(start: value.mv_data, count: value.mv_size)
    }
}
