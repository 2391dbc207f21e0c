#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

extension JSONReader {
    /// The bytes of a base64 string, to the letter of RFC 4648, without a string between. About 2 GB/s.
    public mutating func readBase64Strict() throws(JSONError) -> [UInt8] {
        try readBase64(direct: Base64.decodeStrict, unescaped: Base64.decodeStrict)
    }

    /// A field of Go's type `[]byte`: null is `nil`, a string is base64 in Go's reading, and an array of numbers
    /// 0…255 (the TypeScript SDK writes `id` and `signature` so) is those bytes, a null among them 0.
    public mutating func readGoBytes() throws(JSONError) -> [UInt8]? {
        switch try peek() {
        case .null:
            _ = try consumeNull()
            return nil
        case .array: return try readByteArray()
        default: return try readBase64(direct: Base64.decodeGoWithoutLineEnds, unescaped: Base64.decodeGo)
        }
    }

    private mutating func readByteArray() throws(JSONError) -> [UInt8] {
        var result: [UInt8] = []
        try beginArray()
        while try nextElement() {
            result.append(try consumeNull() ? 0 : try readUInt8())
        }
        return result
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
        guard let base = rest.baseAddress, let quote = memchr(base, Int32(UInt8(ascii: "\"")), rest.count) else {
            return nil
        }
        return UnsafeRawBufferPointer(start: base, count: UnsafeRawPointer(quote) - base)
    }
}
