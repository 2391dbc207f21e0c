internal import Primitives

// The binary form in which a store keeps heads and undo records, so that every store keeps them alike.

extension Head {
    private static let version: UInt8 = 1

    /// The bytes to store, about 130.
    public var encoded: [UInt8] {
        var writer = RecordWriter(version: Head.version, capacity: 176)
        encode(into: &writer)
        return writer.bytes
    }

    /// Reads what `encoded` gave.
    public init(decoding bytes: [UInt8]) throws(RecordError) {
        var reader = try RecordReader(bytes, version: Head.version)
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
    private static let version: UInt8 = 2
    /// With lengths of 8 bytes, and the entries of the indexes always written out. Stores may still hold it.
    private static let firstVersion: UInt8 = 1

    /// The bytes to store: the old values and, unless they follow from the block, about 60 bytes a transaction.
    public var encoded: [UInt8] { encoded(indexesFollowFromBlock: false) }

    /// - Parameter indexesFollowFromBlock: as `BlockRecord` has it.
    public func encoded(indexesFollowFromBlock follow: Bool) -> [UInt8] {
        let values = oldValues.reduce(0) { $0 + 7 + $1.key.count + ($1.value?.count ?? 0) }
        let entries = follow ? 0 : 32 * transactions.count + 28 * nonces.count
        var writer = RecordWriter(version: UndoRecord.version, capacity: 400 + values + entries)
        block.encode(into: &writer)
        writer.flag(parent != nil)
        parent?.encode(into: &writer)
        writer.short(oldValues.count)
        for write in oldValues {
            writer.short(write.key.count)
            writer.fixed(write.key.bytes)
            writer.flag(write.value != nil)
            guard let value = write.value else { continue }
            writer.short(value.count)
            writer.fixed(value)
        }
        writer.flag(follow)
        guard !follow else { return writer.bytes }
        writer.short(transactions.count)
        for id in transactions { writer.fixed(id.bytes) }
        writer.short(nonces.count)
        for used in nonces {
            writer.fixed(used.sender.bytes)
            writer.integer(used.nonce)
        }
        return writer.bytes
    }

    /// Reads what `encoded` gave.
    public init(decoding bytes: [UInt8]) throws(RecordError) {
        let follows: Bool
        (self, follows) = try UndoRecord.decode(bytes)
        if follows { throw .needsBlock }
    }

    /// Reads what `encoded` gave.
    /// - Parameter block: the JSON of the block, asked for where the entries of the indexes follow from it.
    /// - Throws: `RecordError`, or what `block` throws.
    public init(decoding bytes: [UInt8], block: () throws -> [UInt8]?) throws {
        let follows: Bool
        (self, follows) = try UndoRecord.decode(bytes)
        guard follows else { return }
        guard let json = try block(), let prepared = try? PreparedBlock(unverified: json) else { throw RecordError.needsBlock }
        for case let transaction? in prepared.transactions {
            transactions.append(transaction.hash)
            if let sender = transaction.sender { nonces.append(UsedNonce(sender: sender, nonce: transaction.transaction.nonce)) }
        }
    }

    private static func decode(_ bytes: [UInt8]) throws(RecordError) -> (UndoRecord, follows: Bool) {
        var reader = try RecordReader(bytes, versions: firstVersion...version)
        let isFirst = reader.version == firstVersion
        let block = try Head(&reader)
        let parent = try reader.flag() ? try Head(&reader) : nil
        var undo = UndoRecord(block: block, parent: parent, oldValues: [], transactions: [], nonces: [])
        for _ in 0..<(try reader.count(isLong: isFirst)) {
            let key = ByteString(try reader.counted(isLong: isFirst))
            undo.oldValues.append(StateWrite(key: key, value: try reader.flag() ? try reader.counted(isLong: isFirst) : nil))
        }
        if !isFirst, try reader.flag() {
            try reader.end()
            return (undo, true)
        }
        for _ in 0..<(try reader.count(isLong: isFirst)) { undo.transactions.append(try reader.hash()) }
        for _ in 0..<(try reader.count(isLong: isFirst)) {
            guard let sender = Address(try reader.fixed(Address.byteCount)) else { throw .truncated }
            undo.nonces.append(UsedNonce(sender: sender, nonce: try reader.integer()))
        }
        try reader.end()
        return (undo, false)
    }
}

extension RecordReader {
    fileprivate mutating func count(isLong: Bool) throws(RecordError) -> Int { isLong ? try count() : try shortCount() }

    fileprivate mutating func counted(isLong: Bool) throws(RecordError) -> [UInt8] { try fixed(try count(isLong: isLong)) }

    fileprivate mutating func hash() throws(RecordError) -> Hash32 {
        guard let hash = Hash32(try fixed(Hash32.byteCount)) else { throw .truncated }
        return hash
    }
}
