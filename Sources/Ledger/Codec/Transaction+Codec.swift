public import Primitives

// Go's `encoding/json` over the reference's structs, in both directions (`ledger.md`, "Canonical JSON").
//
// Decoding fills a value that may hold something already, as Go's does: a key that comes twice is read twice into the
// same place, so the last one wins field by field; `null` empties what is a pointer or a slice in Go and leaves strings
// and numbers as they are; unknown keys are skipped. What lies behind the ends of slices is in `JSONReader+Slice.swift`.

extension OperationType {
    /// The type that a JSON string names, without a copy of the usual ones.
    init(_ text: JSONKey) {
        if text.equals("SET") {
            self = .set
        } else if text.equals("TRANSFER") {
            self = .transfer
        } else if text.equals("DELETE") {
            self = .delete
        } else if text.equals("MINT") {
            self = .mint
        } else {
            self = .other(text.bytes)
        }
    }
}

extension Operation {
    struct Remains: GoRemains {
        var value: [UInt8] = []
        var isEmpty: Bool { value.isEmpty }
    }

    /// Reads an object into the operation.
    mutating func decode(_ reader: inout JSONReader, _ remains: inout Remains) throws(JSONError) {
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if key.matches("type") {
                if try !reader.consumeNull() { type = OperationType(try reader.readStringView()) }
            } else if key.matches("key") {
                if try !reader.consumeNull() { self.key = try reader.readString() }
            } else if key.matches("value") {
                value = try reader.readGoBytes(over: value, whole: &remains.value) ?? []
            } else {
                _ = try reader.skipValue()
            }
        }
    }

    /// Appends the operation's JSON; an empty value is left out.
    public func encode(into writer: inout JSONWriter) {
        switch type {
        case .set: writer.raw("{\"type\":\"SET\",\"key\":")
        case .delete: writer.raw("{\"type\":\"DELETE\",\"key\":")
        case .mint: writer.raw("{\"type\":\"MINT\",\"key\":")
        case .transfer: writer.raw("{\"type\":\"TRANSFER\",\"key\":")
        case .other(let text):
            writer.raw("{\"type\":")
            writer.string(text)
            writer.raw(",\"key\":")
        }
        writer.string(key)
        if !value.isEmpty {
            writer.raw(",\"value\":")
            writer.base64(value)
        }
        writer.raw("}")
    }
}

extension TransactionData {
    typealias Remains = SliceRemains<Operation, Operation.Remains>

    mutating func decode(_ reader: inout JSONReader, _ remains: inout Remains) throws(JSONError) {
        try reader.beginObject()
        while let key = try reader.nextKey() {
            guard key.matches("operations") else {
                _ = try reader.skipValue()
                continue
            }
            let old = operations ?? []
            operations = nil
            operations = try reader.readSlice(over: old, &remains) { (reader, operation, remains) throws(JSONError) in
                var value = operation ?? Operation(type: .other(ByteString([])), key: ByteString([]))
                operation = nil
                try value.decode(&reader, &remains)
                operation = value
            }
        }
    }

    /// Appends the data's JSON.
    public func encode(into writer: inout JSONWriter) {
        guard let operations else { return writer.raw("{\"operations\":null}") }
        writer.raw("{\"operations\":[")
        for index in operations.indices {
            if index > 0 { writer.raw(",") }
            if let operation = operations[index] {
                operation.encode(into: &writer)
            } else {
                writer.raw("null")
            }
        }
        writer.raw("]}")
    }
}

extension Transaction {
    struct Remains: GoRemains {
        var id: [UInt8] = []
        var data = TransactionData.Remains()
        var signature: [UInt8] = []
        var isEmpty: Bool { id.isEmpty && data.isEmpty && signature.isEmpty }
    }

    /// Reads one transaction's JSON.
    /// - Throws: `DecodingError` when it is not JSON of a transaction's shape.
    public init(decoding bytes: UnsafeRawBufferPointer) throws(DecodingError) {
        self = try decodeDocument(bytes) { (reader) throws(JSONError) in
            var transaction = Transaction()
            var remains = Remains()
            if try !reader.consumeNull() { try transaction.decode(&reader, &remains) }
            return transaction
        }
    }

    /// Reads one transaction's JSON.
    /// - Throws: `DecodingError` when it is not JSON of a transaction's shape.
    public init(decoding bytes: [UInt8]) throws(DecodingError) {
        self = try bytes.withBytes { (buffer) throws(DecodingError) in try Transaction(decoding: buffer) }
    }

    mutating func decode(_ reader: inout JSONReader, _ remains: inout Remains) throws(JSONError) {
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if key.matches("id") {
                id = try reader.readGoBytes(over: id, whole: &remains.id)
            } else if key.matches("from") {
                if try !reader.consumeNull() { from = try reader.readString() }
            } else if key.matches("timestamp") {
                if try !reader.consumeNull() { timestamp = try reader.readInt64() }
            } else if key.matches("data") {
                if try reader.consumeNull() {
                    data = nil
                    remains.data = TransactionData.Remains()
                } else {
                    var value = data ?? TransactionData(operations: nil)
                    data = nil
                    try value.decode(&reader, &remains.data)
                    data = value
                }
            } else if key.matches("signature") {
                signature = try reader.readGoBytes(over: signature, whole: &remains.signature)
            } else if key.matches("nonce") {
                if try !reader.consumeNull() { nonce = try reader.readUInt64() }
            } else {
                _ = try reader.skipValue()
            }
        }
    }

    /// Appends the canonical JSON, whose length is the transaction's size.
    public func encode(into writer: inout JSONWriter) {
        _ = encodeWithSpan(into: &writer)
    }

    /// Appends the canonical JSON and says where in it the part stands that is hashed: from `"from"` to the end of
    /// `data`. The hash is over `{`, that part and the nonce.
    func encodeWithSpan(into writer: inout JSONWriter) -> Range<Int> {
        writer.raw("{\"id\":")
        writer.base64(id)
        writer.raw(",")
        let start = writer.bytes.count
        encodeHashedFields(into: &writer)
        let end = writer.bytes.count
        writer.raw(",\"signature\":")
        writer.base64(signature)
        encodeNonce(into: &writer)
        return start..<end
    }

    private func encodeHashedFields(into writer: inout JSONWriter) {
        writer.raw("\"from\":")
        writer.string(from)
        writer.raw(",\"timestamp\":")
        writer.integer(timestamp)
        writer.raw(",\"data\":")
        if let data {
            data.encode(into: &writer)
        } else {
            writer.raw("null")
        }
    }

    func encodeNonce(into writer: inout JSONWriter) {
        writer.raw(",\"nonce\":")
        writer.integer(nonce)
        writer.raw("}")
    }

    /// The bytes that are hashed: the JSON of `from`, `timestamp`, `data` and `nonce` only.
    public var canonicalBytes: [UInt8] {
        var writer = JSONWriter(capacity: estimatedBytes)
        encodeCanonical(into: &writer)
        return writer.bytes
    }

    func encodeCanonical(into writer: inout JSONWriter) {
        writer.raw("{")
        encodeHashedFields(into: &writer)
        encodeNonce(into: &writer)
    }

    /// SHA-256 of the canonical bytes: what is signed, and what the id should be. Encodes the transaction anew.
    public var hash: Hash32 { SHA256.hash(canonicalBytes) }

    /// The canonical JSON.
    public var json: [UInt8] {
        var writer = JSONWriter(capacity: estimatedBytes)
        encode(into: &writer)
        return writer.bytes
    }

    /// The canonical JSON and the hash, of one encoding: what is hashed is a part of the JSON between other words.
    var jsonAndHash: (json: [UInt8], hash: Hash32) {
        var writer = JSONWriter(capacity: estimatedBytes)
        let span = encodeWithSpan(into: &writer)
        return (writer.bytes, hash(ofSpan: span, in: writer.bytes))
    }

    /// The hash, from where `encodeWithSpan` has put the hashed part.
    func hash(ofSpan span: Range<Int>, in json: [UInt8]) -> Hash32 {
        var writer = JSONWriter(capacity: span.count + 40)
        writer.raw("{")
        writer.bytes.append(contentsOf: json[span])
        encodeNonce(into: &writer)
        return SHA256.hash(writer.bytes)
    }

    /// About the length of the JSON, to reserve room: exact but for escapes and the length of numbers.
    var estimatedBytes: Int {
        var count = 320
        for case let operation? in data?.operations ?? [] {
            count += 48 + operation.key.count + Base64.encodedCount(operation.value.count)
        }
        return count
    }
}
