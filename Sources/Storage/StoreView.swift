internal import Ledger
internal import Primitives

/// The handles of all sub-databases of one environment.
struct Databases {
    let blocks: DatabaseHandle
    let blockHeights: DatabaseHandle
    let transactions: DatabaseHandle
    let state: DatabaseHandle
    let undo: DatabaseHandle
    let nonces: DatabaseHandle
    let metadata: DatabaseHandle

    init(_ transaction: Transaction, create: Bool) throws(StoreError) {
        blocks = try transaction.open(.blocks, create: create)
        blockHeights = try transaction.open(.blockHeights, create: create)
        self.transactions = try transaction.open(.transactions, create: create)
        state = try transaction.open(.state, create: create)
        undo = try transaction.open(.undo, create: create)
        nonces = try transaction.open(.nonces, create: create)
        metadata = try transaction.open(.metadata, create: create)
    }
}

/// What the store knows, asked through one transaction: a snapshot's or the open write's. All queries live here, once.
struct StoreView {
    let transaction: Transaction
    let databases: Databases

    // MARK: Chain

    func head() throws -> Head? {
        guard let bytes = try metadata(MetadataKey.head) else { return nil }
        do { return try Head(decoding: bytes) } catch { throw damaged("the tip") }
    }

    func block(_ height: UInt64) throws -> [UInt8]? {
        guard let record = try checked(databases.blocks, height, "block \(height)") else { return nil }
        guard let json = PackedBlock.unpack(record) else { throw damaged("block \(height)") }
        return json
    }

    /// Whether the block at `height` is there, as it was written. A genesis block may be long, and is not copied for this.
    func hasBlock(_ height: UInt64) throws -> Bool { try checked(databases.blocks, height, "block \(height)") != nil }

    func height(ofBlock hash: Hash32) throws -> UInt64? {
        let found = try hash.withUnsafeBytes { key throws(StoreError) in
            try transaction.get(databases.blockHeights, key)
        }
        guard let found else { return nil }
        return try decode("the height of block \(hash)", found) { reader throws(MalformedRecord) in
            try reader.integer(UInt64.self)
        }
    }

    func transactionLocation(_ id: Hash32) throws -> (height: UInt64, index: Int)? {
        let found = try id.withUnsafeBytes { key throws(StoreError) in
            try transaction.get(databases.transactions, key)
        }
        guard let found else { return nil }
        return try decode("the place of a transaction", found) { reader throws(MalformedRecord) in
            (try reader.integer(UInt64.self), Int(try reader.integer(UInt32.self)))
        }
    }

    func undoRecord(_ height: UInt64) throws -> UndoRecord? {
        guard let bytes = try checked(databases.undo, height, "undo record \(height)") else { return nil }
        do {
            return try UndoRecord(decoding: Array(bytes)) { try block(height) }
        } catch let error as StoreError {
            throw error
        } catch {
            throw damaged("undo record \(height)")
        }
    }

    func metadata(_ key: [UInt8]) throws -> [UInt8]? {
        try key.withUnsafeBytes { raw in
            try transaction.get(databases.metadata, raw).map { Array($0) }
        }
    }

    // MARK: Nonces

    func isNonceUsed(_ sender: Address, _ nonce: UInt64) throws -> Bool {
        try NonceKey.with(sender, nonce) { key in
            try transaction.get(databases.nonces, key) != nil
        }
    }

    func lastNonce(_ sender: Address) throws -> UInt64? {
        try transaction.withCursor(databases.nonces) { cursor in
            try NonceKey.with(sender, .max) { highest in
                // At the highest nonce of all, at the next sender's first, or past the end.
                let at = try cursor.seek(highest)
                if let at, at.key.elementsEqual(highest) { return .max }
                let entry = try at == nil ? cursor.last() : cursor.previous()
                guard let entry, entry.key.count == highest.count,
                    entry.key.prefix(Address.byteCount).elementsEqual(highest.prefix(Address.byteCount))
                else { return nil }
                return UInt64(bigEndian: entry.key.loadUnaligned(fromByteOffset: Address.byteCount, as: UInt64.self))
            }
        }
    }

    // MARK: State

    func stateValue(_ key: ByteString) throws -> [UInt8]? {
        let found = try StateKey.withStored(key) { try transaction.get(databases.state, $0) }
        guard let found else { return nil }
        guard StateKey.isLong(key) else { return Array(found) }
        guard let start = StateKey.valueStart(found) else { throw damaged("the value of a long state key") }
        return Array(found[start...])
    }

    /// Calls `body` with the keys that begin with `prefix` and come after `after`, in bytewise order, until it says `false`
    /// or has had `limit`.
    func forEachState(prefix: ByteString, after: ByteString?, limit: Int, _ body: (ByteString, [UInt8]) throws -> Bool) throws {
        let start = after.map { max($0, prefix) } ?? prefix
        let isWanted = { (key: ByteString) in after.map { $0 < key } ?? true }
        var left = limit
        try transaction.withCursor(databases.state) { cursor in
            var entry = try StateKey.lowerBound(start).withUnsafeBytes { key in
                try cursor.seek(key)
            }
            while let current = entry, left > 0 {
                if StateKey.isLong(stored: current.key) {
                    let group = try longKeys(from: current, cursor, &entry, atMost: left) {
                        isWanted($0) && $0.bytes.starts(with: prefix.bytes)
                    }
                    for key in group {
                        guard let value = try stateValue(key) else { throw damaged("a state key that was there a moment ago") }
                        guard try body(key, value) else { return }
                        left -= 1
                    }
                    // A group shares all the bytes that a prefix of up to 478 can have.
                    if !current.key[1...StateKey.splitBytes].starts(with: prefix.bytes.prefix(StateKey.splitBytes)) { return }
                } else {
                    guard let (key, value) = StateKey.split(current.key, current.value) else { throw damaged("a state key") }
                    if key.bytes.starts(with: prefix.bytes) {
                        // A long `after` has short keys before it in its neighbourhood.
                        if isWanted(key) {
                            guard try body(key, Array(value)) else { return }
                            left -= 1
                        }
                    } else if key.count >= prefix.count || !prefix.bytes.starts(with: key.bytes) {
                        return
                    }
                    entry = try cursor.next()
                }
            }
        }
    }

    /// The first `limit` in order of the long keys that share the first bytes of `first` and are `wanted`; leaves the entry
    /// after the group in `next`. Reads the whole group, which stands in the order of hashes, but holds twice `limit` keys at most.
    private func longKeys(
        from first: Cursor.Entry, _ cursor: Cursor, _ next: inout Cursor.Entry?, atMost limit: Int, wanted: (ByteString) -> Bool
    ) throws -> [ByteString] {
        let shared = Array(first.key[...StateKey.splitBytes])
        let (room, isTooMuch) = limit.multipliedReportingOverflow(by: 2)
        var keys: [ByteString] = []
        next = first
        while let entry = next, StateKey.isLong(stored: entry.key), entry.key.starts(with: shared) {
            guard let (key, _) = StateKey.split(entry.key, entry.value) else { throw damaged("a long state key") }
            if wanted(key) { keys.append(key) }
            if !isTooMuch, keys.count == room {
                keys.sort()
                keys.removeLast(keys.count - limit)
            }
            next = try cursor.next()
        }
        return keys.count > 1 ? Array(keys.sorted().prefix(limit)) : keys
    }

    // MARK: Ranges

    /// The canonical JSON of the blocks from `first` on as one JSON array: at most `count`, as many as fit in
    /// `maxBytes`, but one at least where the store has it. One pass for the sizes, one allocation, one copy.
    func blockArray(from first: UInt64, count: Int, maxBytes: Int) throws -> BlockArray {
        var records: [UnsafeRawBufferPointer] = []
        var size = 2
        var height = first
        while records.count < count, let record = try checked(databases.blocks, height, "block \(height)") {
            let added = PackedBlock.jsonBytes(record) + (records.isEmpty ? 0 : 1)
            if !records.isEmpty, size + added > maxBytes { break }
            size += added
            records.append(record)
            guard height < UInt64.max else { break }
            height += 1
        }
        var payload: [UInt8] = []
        payload.reserveCapacity(size)
        payload.append(UInt8(ascii: "["))
        for (index, record) in records.enumerated() {
            if index > 0 { payload.append(UInt8(ascii: ",")) }
            guard let json = PackedBlock.unpack(record) else { throw damaged("block \(first + UInt64(index))") }
            payload.append(contentsOf: json)
        }
        payload.append(UInt8(ascii: "]"))
        return BlockArray(payload: payload, count: records.count)
    }

    func counts() throws -> StoreCounts {
        StoreCounts(
            blocks: try transaction.count(databases.blocks), transactions: try transaction.count(databases.transactions),
            stateKeys: try transaction.count(databases.state), nonces: try transaction.count(databases.nonces))
    }

    // MARK: Records

    /// The record of `height` without its checksum, which must be right.
    private func checked(_ database: DatabaseHandle, _ height: UInt64, _ what: String) throws -> UnsafeRawBufferPointer? {
        let found = try withHeightKey(height) { key in try transaction.get(database, key) }
        guard let found else { return nil }
        guard found.count >= Checksum.byteCount else { throw damaged(what) }
        let record = UnsafeRawBufferPointer(rebasing: found[Checksum.byteCount...])
        guard found.little(UInt64.self, at: 0) == Checksum.of(record, salt: height) else { throw damaged(what) }
        return record
    }

    private func decode<R>(
        _ what: String, _ bytes: UnsafeRawBufferPointer, _ body: (inout RecordReader) throws(MalformedRecord) -> R
    ) throws -> R {
        var reader = RecordReader(bytes)
        do throws(MalformedRecord) {
            let result = try body(&reader)
            try reader.end()
            return result
        } catch { throw damaged(what) }
    }

    private func damaged(_ what: String) -> StoreError {
        StoreError(.read, .corrupted, path: transaction.directory, detail: "\(what) is not what was written")
    }
}
