/// Why stored bytes are no record: the store is damaged, or another version wrote it.
public enum RecordError: Error, Hashable, Sendable {
    case unknownVersion(UInt8)
    case truncated
    case trailingBytes(Int)
    /// A part of the record follows from its block, which is not there or not readable.
    case needsBlock
}

extension RecordError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unknownVersion(let version): "a stored record has version \(version), which this program does not know"
        case .truncated: "a stored record ends too early"
        case .needsBlock: "a stored record belongs to a block that cannot be read"
        case .trailingBytes(let count): "a stored record has \(count) bytes too many"
        }
    }
}

/// Writes records for a store: integers big-endian, byte strings behind their length.
struct RecordWriter {
    private(set) var bytes: [UInt8]

    init(version: UInt8, capacity: Int) {
        bytes = []
        bytes.reserveCapacity(capacity)
        bytes.append(version)
    }

    mutating func integer(_ value: UInt64) {
        withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func fixed(_ value: [UInt8]) {
        bytes.append(contentsOf: value)
    }

    mutating func counted(_ value: [UInt8]) {
        integer(UInt64(value.count))
        bytes.append(contentsOf: value)
    }

    mutating func flag(_ value: Bool) {
        bytes.append(value ? 1 : 0)
    }

    /// A small number in few bytes: seven bits each, the lowest first, the high bit says that another follows (LEB128).
    mutating func short(_ value: Int) {
        var rest = UInt64(max(0, value))
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }
}

/// Reads what `RecordWriter` wrote; every length is checked against what is left.
struct RecordReader {
    private let bytes: [UInt8]
    private var offset = 1

    init(_ bytes: [UInt8], version: UInt8) throws(RecordError) {
        try self.init(bytes, versions: version...version)
    }

    /// The version that the record has, one of `versions`.
    let version: UInt8

    init(_ bytes: [UInt8], versions: ClosedRange<UInt8>) throws(RecordError) {
        guard let found = bytes.first else { throw .truncated }
        guard versions.contains(found) else { throw .unknownVersion(found) }
        self.bytes = bytes
        version = found
    }

    mutating func fixed(_ count: Int) throws(RecordError) -> [UInt8] {
        guard count >= 0, bytes.count - offset >= count else { throw .truncated }
        defer { offset += count }
        return Array(bytes[offset..<offset + count])
    }

    mutating func integer() throws(RecordError) -> UInt64 {
        guard bytes.count - offset >= 8 else { throw .truncated }
        defer { offset += 8 }
        return bytes[offset..<offset + 8].reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// A length, or a number of elements of at least one byte each.
    mutating func count() throws(RecordError) -> Int {
        guard let count = Int(exactly: try integer()), count <= bytes.count - offset else { throw .truncated }
        return count
    }

    mutating func counted() throws(RecordError) -> [UInt8] {
        try fixed(try count())
    }

    mutating func flag() throws(RecordError) -> Bool {
        try fixed(1) == [1]
    }

    /// What `RecordWriter.short` wrote, as a length or a number of elements of at least one byte each.
    mutating func shortCount() throws(RecordError) -> Int {
        var value: UInt64 = 0
        // Ten times seven bits hold any number of 64.
        for shift in stride(from: UInt64(0), to: 70, by: 7) {
            guard offset < bytes.count else { throw .truncated }
            let byte = bytes[offset]
            offset += 1
            value |= UInt64(byte & 0x7f) << shift
            guard byte & 0x80 == 0 else { continue }
            guard let count = Int(exactly: value), count <= bytes.count - offset else { throw .truncated }
            return count
        }
        throw .truncated
    }

    func end() throws(RecordError) {
        if offset < bytes.count { throw .trailingBytes(bytes.count - offset) }
    }
}
