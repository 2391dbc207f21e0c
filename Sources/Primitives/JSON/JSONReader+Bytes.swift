internal import CHash

extension JSONReader {
    /// The bytes of a base64 string, to the letter of RFC 4648, without a string between. About 2 GB/s.
    public mutating func readBase64Strict() throws(JSONError) -> [UInt8] {
        try readBase64(direct: Base64.decodeStrict, unescaped: Base64.decodeStrict)
    }

    /// A field of Go's type `[]byte`: null is `nil`, a string is base64 in Go's reading, and an array of numbers
    /// 0…255 (the TypeScript SDK writes `id` and `signature` so) is those bytes, a null among them 0.
    public mutating func readGoBytes() throws(JSONError) -> [UInt8]? {
        var whole: [UInt8] = []
        return try readGoBytes(over: nil, whole: &whole)
    }

    /// The same where the field may have had a value before: Go decodes into the old one, so that a null among the numbers keeps the
    /// byte that is there, and an array that got shorter still has its old bytes behind its end when it grows again.
    ///
    /// - Parameters:
    ///   - old: the field's value until now.
    ///   - whole: `old` with the bytes behind its end; empty where there are none. Brought up to date.
    /// - Complexity: linear in the text, whatever is behind the end.
    public mutating func readGoBytes(over old: [UInt8]?, whole: inout [UInt8]) throws(JSONError) -> [UInt8]? {
        switch try peek() {
        case .null:
            _ = try consumeNull()
            whole = []
            return nil
        case .array: return try readByteArray(over: old ?? [], whole: &whole)
        default:
            whole = []
            return try readBase64(direct: Base64.decodeGoWithoutLineEnds, unescaped: Base64.decodeGo)
        }
    }

    private mutating func readByteArray(over old: [UInt8], whole: inout [UInt8]) throws(JSONError) -> [UInt8] {
        var bytes = whole.isEmpty ? old : whole
        whole = []
        var count = 0
        try beginArray()
        while try nextElement() {
            if count == bytes.count { bytes.append(0) }
            if try !consumeNull() { bytes[count] = try readUInt8() }
            count += 1
        }
        if count == bytes.count { return bytes }
        // An empty array is a new slice, which has nothing behind it.
        guard count > 0 else { return [] }
        whole = bytes
        return Array(bytes[..<count])
    }

    private typealias Decoder = (UnsafeRawBufferPointer) throws(Base64Error) -> [UInt8]

    /// `direct` decodes the text as it stands and must refuse whatever a JSON string may not hold; what it refuses
    /// is scanned as any string, and `unescaped` decodes that.
    private mutating func readBase64(direct: Decoder, unescaped: Decoder) throws(JSONError) -> [UInt8] {
        try expect(.string)
        let start = offset
        // What decodes as base64 holds no escape, control character or invalid UTF-8, so up to the first quote the
        // string needs no scan of its own.
        if let text = textToNextQuote(), let result = try? direct(text) {
            offset = start + text.count + 2
            return result
        }
        let text = JSONKey(try scanString(), in: bytes).copy()
        let result: Result<[UInt8], Base64Error> = text.withUnsafeBytes { text in
            do throws(Base64Error) { return .success(try unescaped(text)) } catch { return .failure(error) }
        }
        switch result {
        case .success(let value): return value
        case .failure(let error): throw .badBase64(error, offset: start)
        }
    }

    /// The bytes between the quote at `offset` and the next one.
    private func textToNextQuote() -> UnsafeRawBufferPointer? {
        let rest = UnsafeRawBufferPointer(rebasing: bytes[(offset + 1)...])
        guard let base = rest.baseAddress, let quote = chash_find(base, UInt8(ascii: "\""), rest.count) else {
            return nil
        }
        return UnsafeRawBufferPointer(start: base, count: UnsafeRawPointer(quote) - base)
    }
}
