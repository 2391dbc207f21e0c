internal import NIOHTTP1
internal import Primitives

/// A request's JSON body, read as the published Go node's `json.Decoder` reads one: keys in any case, unknown keys skipped,
/// `null` leaves a field as it was. Other than there, nothing may follow the first value (`api-go.json`, "batch trailing data"): what
/// a client sent behind it would be lost without a word.
enum RequestBody {
    /// Arrays and objects within each other. A transaction needs five.
    static let maxDepth = 32

    /// Reads one object, `field` each of its members; `null` reads as an object without any.
    ///
    /// - Parameter field: reads or skips the value; `false` when it does not know the key, whose value is skipped then.
    /// - Throws: `APIError` 400 when the body is not JSON or a value has a wrong type.
    static func readObject(
        _ body: [UInt8], _ field: (JSONKey, inout JSONReader) throws(JSONError) -> Bool
    ) throws(APIError) {
        try read(body) { (reader) throws(JSONError) in
            if try reader.consumeNull() { return }
            try reader.beginObject()
            while let key = try reader.nextKey() {
                if try !field(key, &reader) { _ = try reader.skipValue() }
            }
        }
    }

    /// Reads the body's value with `read`.
    ///
    /// - Throws: `APIError` 400 for whatever `read` throws.
    static func read(_ body: [UInt8], _ read: (inout JSONReader) throws(JSONError) -> Void) throws(APIError) {
        let isRead = body.withUnsafeBytes { bytes in
            var reader = JSONReader(bytes, maxDepth: maxDepth)
            do throws(JSONError) {
                try read(&reader)
                try reader.end()
                return true
            } catch {
                return false
            }
        }
        if !isRead { throw invalid }
    }

    /// The Go node's words, whatever is wrong: clients compare them.
    static let invalid = APIError(.badRequest, "invalid request body")
}

extension JSONReader {
    /// A string, or nothing for `null`.
    mutating func readOptionalString() throws(JSONError) -> ByteString? {
        try consumeNull() ? nil : try readString()
    }

    /// An integer of 64 bits with a sign, or nothing for `null`.
    mutating func readOptionalInt64() throws(JSONError) -> Int64? {
        try consumeNull() ? nil : try readInt64()
    }
}
