public import Primitives

/// Why bytes are no block, transaction or genesis at all: they are not JSON, or a field has a wrong JSON type.
public enum DecodingError: Error, Hashable, Sendable {
    /// Longer than anything of its kind can be; not looked at.
    case tooLong(bytes: Int, limit: Int)
    case json(JSONError)
    /// A mark in front of the text, which JSON does not have (RFC 8259, 8.1) and the published node refuses too.
    case byteOrderMark(ByteOrderMark)
    /// A block's JSON without a header, to whom only the header matters.
    case noHeader
}

extension DecodingError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .tooLong(let bytes, let limit): "\(bytes) bytes of JSON are more than the \(limit) that are read"
        case .json(let error): "\(error)"
        case .byteOrderMark(let mark): "it begins with \(mark)"
        case .noHeader: "the block has no header"
        }
    }
}

/// Reads one JSON document with `body`, which leaves the reader behind the value; what follows it is an error.
func decodeDocument<R>(
    _ bytes: UnsafeRawBufferPointer, limit: Int = Limits.maxInputBytes,
    _ body: (inout JSONReader) throws(JSONError) -> R
) throws(DecodingError) -> R {
    guard bytes.count <= limit else { throw .tooLong(bytes: bytes.count, limit: limit) }
    do throws(JSONError) {
        var reader = JSONReader(bytes, maxDepth: Limits.maxJSONDepth)
        let value = try body(&reader)
        try reader.end()
        return value
    } catch {
        if error.offset == 0, let mark = ByteOrderMark(beginning: bytes) { throw .byteOrderMark(mark) }
        throw .json(error)
    }
}
