/// The mark that some editors put in front of a text (U+FEFF). JSON, key files and programs that read line by line take it for text.
public enum ByteOrderMark: String, Hashable, Sendable {
    case utf8 = "UTF-8"
    case utf16 = "UTF-16"

    /// The mark with which `bytes` begin, or `nil`.
    public init?(beginning bytes: some Collection<UInt8>) {
        if bytes.starts(with: [0xef, 0xbb, 0xbf]) {
            self = .utf8
        } else if bytes.starts(with: [0xff, 0xfe]) || bytes.starts(with: [0xfe, 0xff]) {
            self = .utf16
        } else {
            return nil
        }
    }
}

extension ByteOrderMark: CustomStringConvertible {
    /// What it is and what to do, behind "begins with": for any text that must not have it.
    public var description: String { "a byte order mark (\(rawValue)), which must not be there: save it as UTF-8 without BOM" }
}
