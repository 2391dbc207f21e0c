public import Primitives

// The rules of `Transaction+Codec.swift` hold here too.

extension BlockHeader {
    struct Remains {
        var previousHash: [UInt8] = []
        var merkleRoot: [UInt8] = []
        var stateRoot: [UInt8] = []
    }

    mutating func decode(_ reader: inout JSONReader, _ remains: inout Remains) throws(JSONError) {
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if key.matches("version") {
                if try !reader.consumeNull() { version = try reader.readUInt32() }
            } else if key.matches("height") {
                if try !reader.consumeNull() { height = try reader.readUInt64() }
            } else if key.matches("previous_hash") {
                previousHash = try reader.readGoBytes(over: previousHash, whole: &remains.previousHash)
            } else if key.matches("timestamp") {
                if try !reader.consumeNull() { timestamp = try reader.readInt64() }
            } else if key.matches("merkle_root") {
                merkleRoot = try reader.readGoBytes(over: merkleRoot, whole: &remains.merkleRoot)
            } else if key.matches("state_root") {
                stateRoot = try reader.readGoBytes(over: stateRoot, whole: &remains.stateRoot)
            } else if key.matches("producer_addr") {
                if try !reader.consumeNull() { producer = try reader.readString() }
            } else if key.matches("nonce") {
                if try !reader.consumeNull() { nonce = try reader.readUInt64() }
            } else {
                _ = try reader.skipValue()
            }
        }
    }

    /// Appends the header's JSON.
    public func encode(into writer: inout JSONWriter) {
        writer.raw("{\"version\":")
        writer.integer(version)
        writer.raw(",\"height\":")
        writer.integer(height)
        writer.raw(",\"previous_hash\":")
        writer.base64(previousHash)
        writer.raw(",\"timestamp\":")
        writer.integer(timestamp)
        writer.raw(",\"merkle_root\":")
        writer.base64(merkleRoot)
        writer.raw(",\"state_root\":")
        writer.base64(stateRoot)
        writer.raw(",\"producer_addr\":")
        writer.string(producer)
        writer.raw(",\"nonce\":")
        writer.integer(nonce)
        writer.raw("}")
    }

    /// The header's canonical JSON.
    public var json: [UInt8] {
        var writer = JSONWriter(capacity: 400)
        encode(into: &writer)
        return writer.bytes
    }

    /// SHA-256 of the header's canonical JSON: the block's hash. Encodes the header anew.
    public var hash: Hash32 { SHA256.hash(json) }
}

extension Block {
    /// Reads one block's JSON.
    /// - Throws: `DecodingError` when it is not JSON of a block's shape.
    public init(decoding bytes: UnsafeRawBufferPointer) throws(DecodingError) {
        self = try decodeDocument(bytes) { (reader) throws(JSONError) in
            var block = Block()
            if try !reader.consumeNull() { try block.decode(&reader) }
            return block
        }
    }

    /// Reads one block's JSON.
    /// - Throws: `DecodingError` when it is not JSON of a block's shape.
    public init(decoding bytes: [UInt8]) throws(DecodingError) {
        self = try bytes.withBytes { (buffer) throws(DecodingError) in try Block(decoding: buffer) }
    }

    mutating func decode(_ reader: inout JSONReader) throws(JSONError) {
        var headerRemains = BlockHeader.Remains()
        var transactionRemains = SliceRemains<Transaction, Transaction.Remains>()
        var signatureRemains: [UInt8] = []
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if key.matches("header") {
                if try reader.consumeNull() {
                    header = nil
                    headerRemains = BlockHeader.Remains()
                } else {
                    var value = header ?? BlockHeader()
                    try value.decode(&reader, &headerRemains)
                    header = value
                }
            } else if key.matches("transactions") {
                let old = transactions ?? []
                transactions = nil
                transactions = try reader.readSlice(over: old, &transactionRemains) { (reader, transaction, remains) throws(JSONError) in
                    var value = transaction ?? Transaction()
                    transaction = nil
                    try value.decode(&reader, &remains)
                    transaction = value
                }
            } else if key.matches("signature") {
                signature = try reader.readGoBytes(over: signature, whole: &signatureRemains)
            } else {
                _ = try reader.skipValue()
            }
        }
    }

    /// Appends the canonical JSON, whose length is the block's size.
    public func encode(into writer: inout JSONWriter) {
        encode(into: &writer) { _, _, _ in }
    }

    /// Appends the canonical JSON and tells `transaction` of each one where its JSON and its hashed part stand.
    func encode(
        into writer: inout JSONWriter, transaction visit: (inout JSONWriter, _ json: Range<Int>, _ hashed: Range<Int>) -> Void
    ) {
        Block.encode(header: header, signature: signature, into: &writer) { writer in
            guard let transactions else { return writer.raw("null") }
            writer.raw("[")
            for index in transactions.indices {
                if index > 0 { writer.raw(",") }
                let start = writer.bytes.count
                var hashed = start..<start
                if let transaction = transactions[index] {
                    hashed = transaction.encodeWithSpan(into: &writer)
                } else {
                    writer.raw("null")
                }
                visit(&writer, start..<writer.bytes.count, hashed)
            }
            writer.raw("]")
        }
    }

    /// Appends the canonical JSON of a block whose transactions `body` appends.
    static func encode(
        header: BlockHeader?, signature: [UInt8]?, into writer: inout JSONWriter, transactions body: (inout JSONWriter) -> Void
    ) {
        writer.raw("{\"header\":")
        if let header {
            header.encode(into: &writer)
        } else {
            writer.raw("null")
        }
        writer.raw(",\"transactions\":")
        body(&writer)
        writer.raw(",\"signature\":")
        writer.base64(signature)
        writer.raw("}")
    }

    /// The canonical JSON.
    public var json: [UInt8] {
        var writer = JSONWriter(capacity: estimatedBytes)
        encode(into: &writer)
        return writer.bytes
    }

    /// About the length of the JSON, to reserve room.
    var estimatedBytes: Int {
        (transactions ?? []).reduce(600) { $0 + 1 + ($1?.estimatedBytes ?? 4) }
    }
}

/// The header of a block's JSON, read without the rest: what a node looks at before it spends anything on a block.
public enum HeaderPeek {
    /// Reads the first header that stands in `json` and hashes it. Skips what stands before it, reads nothing behind it: about
    /// 2 µs for a block that a node made. JSON with two headers means, to a full decoding, the fields of both, so the
    /// hash that counts is `PreparedBlock`'s.
    /// - Throws: `DecodingError` when there is no JSON object with a header in front.
    public static func read(_ json: UnsafeRawBufferPointer) throws(DecodingError) -> (header: BlockHeader, hash: Hash32) {
        guard json.count <= Limits.maxInputBytes else {
            throw .tooLong(bytes: json.count, limit: Limits.maxInputBytes)
        }
        return try readTrusted(json)
    }

    /// The same for a block of whatever length: a genesis block may be longer than any that follows. What stands before the header is
    /// skipped, so this is not for what a stranger sends.
    public static func readTrusted(_ json: UnsafeRawBufferPointer) throws(DecodingError) -> (header: BlockHeader, hash: Hash32) {
        let header: BlockHeader?
        do throws(JSONError) { header = try firstHeader(json) } catch { throw .json(error) }
        guard let header else { throw .noHeader }
        return (header, header.hash)
    }

    private static func firstHeader(_ json: UnsafeRawBufferPointer) throws(JSONError) -> BlockHeader? {
        var reader = JSONReader(json, maxDepth: Limits.maxJSONDepth)
        try reader.beginObject()
        while let key = try reader.nextKey() {
            guard key.matches("header") else {
                _ = try reader.skipValue()
                continue
            }
            var header = BlockHeader()
            var remains = BlockHeader.Remains()
            try header.decode(&reader, &remains)
            return header
        }
        return nil
    }

    /// As the other, for an array.
    public static func readTrusted(_ json: [UInt8]) throws(DecodingError) -> (header: BlockHeader, hash: Hash32) {
        try json.withBytes { (buffer) throws(DecodingError) in try HeaderPeek.readTrusted(buffer) }
    }

    /// Reads the first header that stands in `json` and hashes it.
    /// - Throws: `DecodingError` when there is no JSON object with a header in front.
    public static func read(_ json: [UInt8]) throws(DecodingError) -> (header: BlockHeader, hash: Hash32) {
        try json.withBytes { (buffer) throws(DecodingError) in try HeaderPeek.read(buffer) }
    }
}
