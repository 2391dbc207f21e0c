internal import CLMDB
internal import Ledger
internal import Primitives

/// One step of an open write, kept until the commit so that it can be repeated on a larger map.
enum PendingWrite {
    case append(BlockRecord)
    case removeHead(UndoRecord)
    case metadata([UInt8], [UInt8])
}

/// Carries the steps of a write out in one transaction.
struct StoreWriter {
    let view: StoreView
    private var transaction: Transaction { view.transaction }
    private var databases: Databases { view.databases }

    func perform(_ step: PendingWrite) throws {
        switch step {
        case .append(let record): try append(record)
        case .removeHead(let undo): try removeHead(undo)
        case .metadata(let key, let value): try setMetadata(key, value)
        }
    }

    private func append(_ record: BlockRecord) throws {
        let head = try view.head()
        guard head?.hash == record.undo.parent?.hash, record.height == head.map({ $0.height + 1 }) ?? 0 else {
            throw inconsistent("block \(record.height) does not follow the tip \(head.map { "\($0.height)" } ?? "of an empty store")")
        }
        try putHeight(databases.blockHeights, record.hash, record.height)
        // Into empty databases in the order of their keys: a genesis may have hundreds of thousands, which fill their pages so.
        let isFirst = head == nil
        let entries = isFirst ? record.transactions.sorted { $0.id < $1.id } : record.transactions
        for entry in entries { try putLocation(entry, record.height, append: isFirst) }
        for used in record.nonces {
            try NonceKey.with(used.sender, used.nonce) { key in
                try transaction.put(databases.nonces, key, UnsafeRawBufferPointer(start: nil, count: 0))
            }
        }
        // Long keys do not stand in their own order.
        let isAscending = isFirst && !record.writes.contains { StateKey.isLong($0.key) }
        for write in record.writes { try putState(write, append: isAscending) }
        try putHead(record.head)
    }

    /// The block and what undoes it, which nobody looks for before the commit (`LMDBStore`).
    func putRecords(_ record: BlockRecord) throws {
        try putChecked(databases.blocks, record.height, PackedBlock.pack(record.json))
        let undo = record.undo.encoded(indexesFollowFromBlock: record.indexesFollowFromBlock)
        try putChecked(databases.undo, record.height, undo)
    }

    private func removeHead(_ undo: UndoRecord) throws {
        let head = try view.head()
        guard let head, let parent = undo.parent, head.hash == undo.block.hash else {
            throw inconsistent("block \(undo.block.height) is not a tip that can be removed")
        }
        try withHeightKey(head.height) { key in
            _ = try transaction.delete(databases.blocks, key)
            _ = try transaction.delete(databases.undo, key)
        }
        try head.hash.withUnsafeBytes { key throws(StoreError) in _ = try transaction.delete(databases.blockHeights, key) }
        for id in undo.transactions {
            try id.withUnsafeBytes { key throws(StoreError) in _ = try transaction.delete(databases.transactions, key) }
        }
        for used in undo.nonces {
            try NonceKey.with(used.sender, used.nonce) { _ = try transaction.delete(databases.nonces, $0) }
        }
        for write in undo.oldValues { try putState(write) }
        try putHead(parent)
    }

    // MARK: Records

    private func putChecked(_ database: DatabaseHandle, _ height: UInt64, _ record: [UInt8]) throws {
        try withHeightKey(height) { key in
            try transaction.put(database, key, reserving: Checksum.byteCount + record.count, append: true) { target in
                record.withUnsafeBytes { bytes in
                    let checksum = Checksum.of(bytes, salt: height)
                    target.storeBytes(of: checksum.littleEndian, as: UInt64.self)
                    UnsafeMutableRawBufferPointer(rebasing: target[Checksum.byteCount...]).copyMemory(from: bytes)
                }
            }
        }
    }

    private func putHeight(_ database: DatabaseHandle, _ hash: Hash32, _ height: UInt64) throws {
        try hash.withUnsafeBytes { key throws(StoreError) in
            var value = height.bigEndian
            try transaction.put(database, key, reserving: MemoryLayout<UInt64>.size) { target in
                withUnsafeBytes(of: &value) { target.copyMemory(from: $0) }
            }
        }
    }

    private func putLocation(_ entry: TransactionEntry, _ height: UInt64, append: Bool) throws {
        let index = UInt32(entry.index).bigEndian
        try entry.id.withUnsafeBytes { key throws(StoreError) in
            try transaction.put(databases.transactions, key, reserving: 12, append: append) { target in
                target.storeBytes(of: height.bigEndian, toByteOffset: 0, as: UInt64.self)
                target.storeBytes(of: index, toByteOffset: 8, as: UInt32.self)
            }
        }
    }

    private func putState(_ write: StateWrite, append: Bool = false) throws {
        guard write.key.count <= StateKey.maxBytes else { throw inconsistent("a state key of \(write.key.count) bytes") }
        try StateKey.withStored(write.key) { key in
            guard let value = write.value else {
                _ = try transaction.delete(databases.state, key)
                return
            }
            let overhead = StateKey.overhead(write.key)
            try transaction.put(databases.state, key, reserving: overhead + value.count, append: append) { target in
                StateKey.writeOverhead(write.key, to: target)
                value.withUnsafeBytes { UnsafeMutableRawBufferPointer(rebasing: target[overhead...]).copyMemory(from: $0) }
            }
        }
    }

    private func putHead(_ head: Head) throws {
        try setMetadata(MetadataKey.head, head.encoded)
    }

    func setMetadata(_ key: [UInt8], _ value: [UInt8]) throws {
        try key.withUnsafeBytes { key in
            try value.withUnsafeBytes { try transaction.put(databases.metadata, key, $0) }
        }
    }

    private func inconsistent(_ what: String) -> StoreError {
        StoreError(.write, .inconsistent, path: transaction.directory, detail: what)
    }
}

extension StoreError {
    /// The map ran out of room; answered by a larger map.
    var isMapFull: Bool { code == MDB_MAP_FULL }
}
