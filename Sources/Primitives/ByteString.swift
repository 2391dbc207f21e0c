internal import CHash

/// A string as the ledger knows it: bytes, compared and sorted bytewise.
///
/// Swift's `String` compares by canonical equivalence, so two state keys that differ only in normal form would be
/// one key; and it cannot hold the invalid UTF-8 that the reference accepts in memory. Keys, addresses as written
/// and operation types are therefore kept as the bytes that they are (`ledger.md`, "Canonical JSON").
public struct ByteString: Hashable, Sendable {
    public var bytes: [UInt8]

    public init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// The UTF-8 bytes of `string`.
    public init(_ string: String) {
        bytes = Array(string.utf8)
    }

    public var count: Int { bytes.count }
    public var isEmpty: Bool { bytes.isEmpty }

    /// The text for a person: invalid UTF-8 is repaired, so this is not always the same bytes.
    public var text: String { String(decoding: bytes, as: UTF8.self) }
}

extension ByteString: Comparable {
    /// Bytewise, a prefix first, as Go's `<` on strings.
    public static func < (left: ByteString, right: ByteString) -> Bool {
        left.bytes.withUnsafeBytes { a in
            right.bytes.withUnsafeBytes { b in
                let common = min(a.count, b.count)
                if common > 0, let pa = a.baseAddress, let pb = b.baseAddress {
                    let order = chash_compare(pa, pb, common)
                    if order != 0 { return order < 0 }
                }
                return a.count < b.count
            }
        }
    }
}

extension ByteString: ExpressibleByStringLiteral {
    public init(stringLiteral value: StaticString) {
        bytes = value.withUTF8Buffer { Array($0) }
    }
}

extension ByteString: CustomStringConvertible {
    public var description: String { text }
}
