internal import ChainService
internal import NIOHTTP1
internal import Node
internal import Primitives
internal import Storage

/// `state/{key}`, `state/batch`, `state/query/prefix`.
enum StateEndpoints {
    /// Keys of one batch, as on the Go node.
    static let maxBatchKeys = 100
    /// Results of a prefix query that names no limit, as on the Go node.
    static let defaultLimit = 100
    /// The most results of a prefix query (`api.md`).
    static let maxLimit = 1000
    /// Bytes of values in one answer, 4 MiB: four of the largest values. All requests share a thread, which copies and encodes
    /// that much in about 5 ms.
    static let maxValueBytes = 4 * 1024 * 1024

    static func routes(_ context: APIContext) -> [Route] {
        let chain = context.node.chain
        return [
            Route(.GET, "/api/v1/state/{key}") { request in try value(chain, of: request.parameters[0]) },
            // A key may be called so.
            Route(.GET, "/api/v1/state/batch") { _ in try value(chain, of: "batch") },
            Route(.POST, "/api/v1/state/batch") { request in try batch(chain, request.body) },
            Route(.POST, "/api/v1/state/query/prefix") { request in try prefix(chain, request.body) },
        ]
    }

    // MARK: One key

    private static func value(_ chain: ChainReader, of key: ByteString) throws -> APIResponse {
        guard let value = try chain.read({ snapshot in try snapshot.stateValue(key) }) else {
            throw APIError(.notFound, "key not found")
        }
        return APIResponse.object(capacity: 128 + key.count + 3 * value.count) { json in
            json.member("key", key)
            json.member("value") { $0.goBytes(value) }
            if isText(value) {
                json.member("decoded", ByteString(value))
            }
        }
    }

    private static func isText(_ value: [UInt8]) -> Bool {
        String(validating: value, as: UTF8.self) != nil
    }

    // MARK: Several keys

    private static func batch(_ chain: ChainReader, _ body: [UInt8]) throws -> APIResponse {
        let keys = try batchKeys(body)
        var values: [(key: ByteString, value: [UInt8]?)] = []
        var size = 0
        try chain.read { snapshot in
            for key in keys {
                let value = try snapshot.stateValue(key)
                size += key.count + (value?.count ?? 0)
                guard size <= maxValueBytes else {
                    throw APIError(.badRequest, "the values are more than \(maxValueBytes) bytes together: ask for fewer keys at once")
                }
                values.append((key, value))
            }
        }
        return APIResponse.object(capacity: 64 + 2 * size) { json in
            for entry in values {
                json.name(escaping: entry.key)
                json.goBytes(entry.value ?? [])
            }
        }
    }

    /// The keys that are asked for, each once, sorted as Go prints a map.
    private static func batchKeys(_ body: [UInt8]) throws -> [ByteString] {
        var keys: [ByteString] = []
        try RequestBody.readObject(body) { (key, reader) throws(JSONError) in
            guard key.matches("keys") else { return false }
            keys = []
            if try reader.consumeNull() { return true }
            try reader.beginArray()
            while try reader.nextElement() { keys.append(try reader.readOptionalString() ?? ByteString([])) }
            return true
        }
        guard !keys.isEmpty else { throw APIError(.badRequest, "keys array is required") }
        guard keys.count <= maxBatchKeys else {
            throw APIError(.badRequest, "maximum \(maxBatchKeys) keys per batch request")
        }
        return Set(keys).sorted()
    }

    // MARK: A prefix

    private struct PrefixQuery {
        var prefix = ByteString([])
        var limit = 0
        var after: ByteString?

        init(_ body: [UInt8]) throws(APIError) {
            var asked: Int64 = 0
            var read = (prefix: ByteString([]), after: ByteString?.none)
            try RequestBody.readObject(body) { (key, reader) throws(JSONError) in
                if key.matches("prefix") {
                    read.prefix = try reader.readOptionalString() ?? read.prefix
                } else if key.matches("limit") {
                    asked = try reader.readOptionalInt64() ?? asked
                } else if key.matches("after") {
                    read.after = try reader.readOptionalString() ?? read.after
                } else {
                    return false
                }
                return true
            }
            if read.prefix.isEmpty { throw APIError(.badRequest, "prefix is required") }
            prefix = read.prefix
            after = read.after
            limit = PrefixQuery.limit(asked)
        }

        /// As there: none or too many give the default, and a negative one all, which here is the maximum.
        private static func limit(_ asked: Int64) -> Int {
            if asked < 0 { return maxLimit }
            return asked == 0 || asked > maxLimit ? defaultLimit : Int(asked)
        }
    }

    private static func prefix(_ chain: ChainReader, _ body: [UInt8]) throws -> APIResponse {
        let query = try PrefixQuery(body)
        var results = JSONWriter(capacity: 4096)
        var count = 0
        var size = 0
        var last: ByteString?
        var isCut = false
        try chain.read { snapshot in
            // One more than asked for, to know whether there is more.
            try snapshot.forEachState(prefix: query.prefix, after: query.after, limit: query.limit + 1) { key, value in
                size += key.count + value.count
                isCut = count == query.limit || count > 0 && size > maxValueBytes
                if isCut { return false }
                results.name(escaping: key)
                results.base64(value)
                count += 1
                last = key
                return true
            }
        }
        return APIResponse.object(capacity: results.bytes.count + 256) { json in
            json.member("count", count)
            if isCut, let last {
                json.member("next", last)
            }
            json.member("prefix", query.prefix)
            json.member("results") { $0.object { $0.raw(results.bytes) } }
        }
    }
}

extension JSONWriter {
    /// A value as the Go node prints it beside its key: an empty one is nil there.
    fileprivate mutating func goBytes(_ value: [UInt8]) {
        base64(value.isEmpty ? nil : value)
    }
}
