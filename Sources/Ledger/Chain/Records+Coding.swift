internal import Primitives

// The binary form in which a store keeps tips and undo records, so that every store keeps them alike.

extension ChainTip {
    private static let version: UInt8 = 1

    /// The bytes to store, about 130.
    public var encoded: [UInt8] {
        var writer = RecordWriter(version: ChainTip.version, capacity: 176)
        encode(into: &writer)
        return writer.bytes
    }

    /// Reads what `encoded` gave.
    public init(decoding bytes: [UInt8]) throws(RecordError) {
        var reader = try RecordReader(bytes, version: ChainTip.version)
        try self.init(&reader)
        try reader.end()
    }

    fileprivate func encode(into writer: inout RecordWriter) {
        writer.integer(height)
        writer.fixed(hash.bytes)
        writer.fixed(previousHash.bytes)
        writer.integer(UInt64(bitPattern: timestamp))
        writer.fixed(stateRoot.bytes)
        writer.counted(producer.bytes)
        writer.integer(totalWeight)
    }

    fileprivate init(_ reader: inout RecordReader) throws(RecordError) {
        self.init(
            height: try reader.integer(), hash: try reader.hash(), previousHash: try reader.hash(),
            timestamp: Int64(bitPattern: try reader.integer()), stateRoot: try reader.hash(),
            producer: ByteString(try reader.counted()), totalWeight: try reader.integer())
    }
}

extension UndoRecord {
    private static let version: UInt8 = 1

    /// The bytes to store: the old values and about 60 bytes a transaction.
    public var encoded: [UInt8] {
        let values = oldValues.reduce(0) { $0 + 17 + $1.key.count + ($1.value?.count ?? 0) }
        var writer = RecordWriter(
            version: UndoRecord.version, capacity: 400 + values + 32 * transactions.count + 28 * nonces.count)
        block.encode(into: &writer)
        writer.flag(parent != nil)
        parent?.encode(into: &writer)
        writer.integer(UInt64(oldValues.count))
        for write in oldValues {
            writer.counted(write.key.bytes)
            writer.flag(write.value != nil)
            if let value = write.value { writer.counted(value) }
        }
        writer.integer(UInt64(transactions.count))
        for id in transactions { writer.fixed(id.bytes) }
        writer.integer(UInt64(nonces.count))
        for used in nonces {
            writer.fixed(used.sender.bytes)
            writer.integer(used.nonce)
        }
        return writer.bytes
    }

    /// Reads what `encoded` gave.
    public init(decoding bytes: [UInt8]) throws(RecordError) {
        var reader = try RecordReader(bytes, version: UndoRecord.version)
        let block = try ChainTip(&reader)
        let parent = try reader.flag() ? try ChainTip(&reader) : nil
        var undo = UndoRecord(block: block, parent: parent, oldValues: [], transactions: [], nonces: [])
        for _ in 0..<(try reader.count()) {
            let key = ByteString(try reader.counted())
            undo.oldValues.append(StateWrite(key: key, value: try reader.flag() ? try reader.counted() : nil))
        }
        for _ in 0..<(try reader.count()) { undo.transactions.append(try reader.hash()) }
        for _ in 0..<(try reader.count()) {
            guard let sender = Address(try reader.fixed(Address.byteCount)) else { throw .truncated }
            undo.nonces.append(UsedNonce(sender: sender, nonce: try reader.integer()))
        }
        try reader.end()
        self = undo
    }
}

extension RecordReader {
    fileprivate mutating func hash() throws(RecordError) -> Hash32 {
        guard let hash = Hash32(try fixed(Hash32.byteCount)) else { throw .truncated }
        return hash
    }
}
