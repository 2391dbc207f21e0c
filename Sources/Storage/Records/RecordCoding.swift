/// Writes a short stored value: integers big-endian. Heads and undo records have a form of the ledger's own.
struct RecordWriter {
    var bytes: [UInt8] = []

    mutating func integer<T: FixedWidthInteger>(_ value: T) {
        withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
    }
}

/// A record does not hold what its kind must.
struct MalformedRecord: Error {}

/// Reads what `RecordWriter` wrote, and believes no count before it has seen the bytes.
struct RecordReader {
    private let bytes: UnsafeRawBufferPointer
    private var offset = 0

    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    mutating func take(_ count: Int) throws(MalformedRecord) -> UnsafeRawBufferPointer {
        guard count <= bytes.count - offset else { throw MalformedRecord() }
        defer { offset += count }
        return UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count])
    }

    mutating func integer<T: FixedWidthInteger>(_ type: T.Type) throws(MalformedRecord) -> T {
        T(bigEndian: try take(MemoryLayout<T>.size).loadUnaligned(as: T.self))
    }

    func end() throws(MalformedRecord) {
        guard offset == bytes.count else { throw MalformedRecord() }
    }
}
