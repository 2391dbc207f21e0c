/// The kinds of JSON values.
public enum JSONKind: String, Hashable, Sendable {
    case object, array, string, number, bool, null
}

/// What is wrong with a JSON text. Offsets count bytes from the start of the text.
public enum JSONError: Error, Hashable, Sendable {
    /// The text breaks the grammar of RFC 8259 at `offset`.
    case syntax(JSONSyntaxFault, offset: Int)
    /// A well-formed value of another kind than the one asked for.
    case wrongKind(expected: JSONKind, found: JSONKind, offset: Int)
    /// A well-formed number that is not of the integer type asked for: a fraction, an exponent, a sign, too large.
    case notAnInteger(type: JSONInteger, offset: Int)
    /// More arrays and objects within each other than the reader was told to allow.
    case tooDeep(limit: Int, offset: Int)
    /// A string that should hold base64 and does not.
    case badBase64(Base64Error, offset: Int)

    /// Where in the text, in bytes.
    public var offset: Int {
        switch self {
        case .syntax(_, let offset), .wrongKind(_, _, let offset), .notAnInteger(_, let offset), .tooDeep(_, let offset),
            .badBase64(_, let offset):
            offset
        }
    }
}

/// The ways to break JSON's grammar.
public enum JSONSyntaxFault: String, Hashable, Sendable {
    case endOfInput = "the text ends inside a value"
    case unexpectedByte = "an unexpected character"
    case controlCharacter = "a control character inside a string"
    case badEscape = "an unknown escape inside a string"
    case badNumber = "a malformed number"
    case trailingBytes = "more text after the value"
}

/// The integer types that a number is read as.
public enum JSONInteger: String, Hashable, Sendable {
    case uint8, uint32, uint64, int64
}

extension JSONError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .syntax(let fault, let offset): "\(fault.rawValue) at byte \(offset)"
        case .wrongKind(let expected, let found, let offset):
            "expected \(expected.rawValue), found \(found.rawValue) at byte \(offset)"
        case .notAnInteger(let type, let offset): "the number at byte \(offset) is not a \(type.rawValue)"
        case .tooDeep(let limit, let offset): "nested deeper than \(limit) at byte \(offset)"
        case .badBase64(let error, let offset): "\(error.description), in the string at byte \(offset)"
        }
    }
}
