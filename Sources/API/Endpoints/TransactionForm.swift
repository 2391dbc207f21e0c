internal import Ledger
internal import NIOHTTP1
internal import Primitives

/// A transaction as clients send it: bare or in `{"transaction":…}`, its byte fields (`id`, `signature`, `value`) in any of three
/// spellings.
///
/// A string that begins with `0x` and goes on in pairs of hexadecimal digits is hexadecimal, any other base64. Base64 may begin with `0x`
/// as well (one in 4096 does), but an id or a signature does not go on like that by chance; a short value might.
enum TransactionForm {
    /// The transaction in `body`; the id is put in where the client left it out.
    ///
    /// - Throws: `APIError` 400 when there is none.
    static func transaction(of body: [UInt8]) throws(APIError) -> Transaction {
        guard var transaction = try read(body) else { throw APIError(.badRequest, "transaction is required") }
        if transaction.id?.isEmpty ?? true { transaction.id = transaction.hash.bytes }
        return transaction
    }

    /// The transaction in `body`, or `nil` when neither an envelope nor a bare one is there.
    private static func read(_ body: [UInt8]) throws(APIError) -> Transaction? {
        var isEnveloped = false
        var enveloped: Transaction?
        // One pass: what would be a bare transaction is read as one until there is an envelope, beside which nothing else counts.
        var bare = Transaction()
        var isBareThere = false
        var isBareBad = false
        try RequestBody.readObject(body) { (key, reader) throws(JSONError) in
            guard key.matches("transaction") else {
                if isEnveloped || isBareBad { return false }
                let before = reader
                do throws(JSONError) {
                    guard try bare.readFormField(key, &reader) else { return false }
                    isBareThere = true
                    return true
                } catch {
                    isBareBad = true
                    reader = before
                    return false
                }
            }
            isEnveloped = true
            if try reader.consumeNull() {
                enveloped = nil
            } else {
                var transaction = enveloped ?? Transaction()
                try transaction.readForm(&reader)
                enveloped = transaction
            }
            return true
        }
        if isEnveloped { return enveloped }
        if isBareBad { throw RequestBody.invalid }
        return isBareThere ? bare : nil
    }
}

extension Transaction {
    fileprivate mutating func readForm(_ reader: inout JSONReader) throws(JSONError) {
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if try !readFormField(key, &reader) { _ = try reader.skipValue() }
        }
    }

    /// Reads the value of one field; `false` when a transaction has no such field.
    fileprivate mutating func readFormField(_ key: JSONKey, _ reader: inout JSONReader) throws(JSONError) -> Bool {
        if key.matches("id") {
            id = try reader.readClientBytes()
        } else if key.matches("from") {
            from = try reader.readOptionalString() ?? from
        } else if key.matches("timestamp") {
            timestamp = try reader.readOptionalInt64() ?? timestamp
        } else if key.matches("data") {
            data = try reader.readTransactionData()
        } else if key.matches("signature") {
            signature = try reader.readClientBytes()
        } else if key.matches("nonce") {
            if try !reader.consumeNull() { nonce = try reader.readUInt64() }
        } else {
            return false
        }
        return true
    }
}

extension JSONReader {
    fileprivate mutating func readTransactionData() throws(JSONError) -> TransactionData? {
        if try consumeNull() { return nil }
        var data = TransactionData(operations: nil)
        try beginObject()
        while let key = try nextKey() {
            guard key.matches("operations") else {
                _ = try skipValue()
                continue
            }
            data.operations = try readOperations()
        }
        return data
    }

    /// A `null` in place of an operation stays one, for the format check to name it.
    private mutating func readOperations() throws(JSONError) -> [Operation?]? {
        if try consumeNull() { return nil }
        var operations: [Operation?] = []
        try beginArray()
        while try nextElement() { operations.append(try consumeNull() ? nil : try readOperation()) }
        return operations
    }

    private mutating func readOperation() throws(JSONError) -> Operation {
        var operation = Operation(type: .other(ByteString([])), key: ByteString([]))
        try beginObject()
        while let key = try nextKey() {
            if key.matches("type") {
                if let name = try readOptionalString() { operation.type = OperationType(name) }
            } else if key.matches("key") {
                operation.key = try readOptionalString() ?? operation.key
            } else if key.matches("value") {
                operation.value = try readClientBytes() ?? []
            } else {
                _ = try skipValue()
            }
        }
        return operation
    }

    /// Bytes as hexadecimal behind `0x`, base64 in Go's reading, an array of numbers 0…255, or `null`.
    fileprivate mutating func readClientBytes() throws(JSONError) -> [UInt8]? {
        guard try peek() == .string else { return try readGoBytes() }
        var ahead = self
        let text = try ahead.readString()
        guard text.bytes.starts(with: [UInt8(ascii: "0"), UInt8(ascii: "x")]) else { return try readGoBytes() }
        guard let bytes = Hex.decodePrefixed(text.bytes) else { return try readGoBytes() }
        self = ahead
        return bytes
    }
}
