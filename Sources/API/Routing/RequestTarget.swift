internal import NIOHTTP1
internal import Primitives

/// The target of a request: `/api/v1/state/a%2Fb?x=1`.
struct RequestTarget: Sendable {
    /// Split at the slashes of the raw text, then percent-decoded each: `%2F` stays inside its segment.
    var segments: [ByteString]
    /// The raw text after `?`, or empty.
    var query: String

    /// - Throws: a 400 when a percent sign is not followed by two hexadecimal digits, or the target is no path.
    init(_ text: String) throws(APIError) {
        var rest = text[...].utf8
        if rest.first != UInt8(ascii: "/") { rest = try RequestTarget.pathOfAbsolute(rest) }
        if let fragment = rest.firstIndex(of: UInt8(ascii: "#")) { rest = rest[..<fragment] }
        if let mark = rest.firstIndex(of: UInt8(ascii: "?")) {
            query = String(Substring(rest[rest.index(after: mark)...]))
            rest = rest[..<mark]
        } else {
            query = ""
        }
        segments = []
        segments.reserveCapacity(6)
        for segment in rest.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            segments.append(ByteString(try RequestTarget.decode(segment)))
        }
    }

    /// `http://host/path` is what a client sends to a proxy; servers must take it too (RFC 9112, 3.2.2).
    private static func pathOfAbsolute(_ text: Substring.UTF8View) throws(APIError) -> Substring.UTF8View {
        for scheme in ["http://", "https://"]
        where text.prefix(scheme.utf8.count).elementsEqual(scheme.utf8, by: { $0 == $1 || $0 | 0x20 == $1 }) {
            let rest = text.dropFirst(scheme.utf8.count)
            guard let first = rest.first, first != UInt8(ascii: "/"), first != UInt8(ascii: "?") else { break }
            guard let slash = rest.firstIndex(of: UInt8(ascii: "/")) else { return "/"[...].utf8 }
            return rest[slash...]
        }
        throw APIError(.badRequest, "the request target must be a path that begins with /")
    }

    private static func decode(_ text: Substring.UTF8View) throws(APIError) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count)
        var index = text.startIndex
        while index != text.endIndex {
            let byte = text[index]
            text.formIndex(after: &index)
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            let digits = text[index...].prefix(2)
            guard digits.count == 2, let high = digits.first.flatMap(digit), let low = digits.dropFirst().first.flatMap(digit) else {
                throw APIError(.badRequest, "a % in the path must be followed by two hexadecimal digits; write %25 for the sign itself")
            }
            bytes.append(high << 4 | low)
            text.formIndex(&index, offsetBy: 2)
        }
        return bytes
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
