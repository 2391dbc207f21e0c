internal import Primitives

/// State keys, up to 1024 bytes, as LMDB keys of at most 511, so that walking the database gives them in bytewise order.
///
///     up to 478 bytes:  tag ‖ key                                        value: the value
///     longer:           tag ‖ first 478 bytes ‖ SHA-256 of the key       value: count of the rest (2) ‖ the rest ‖ the value
///
/// The tag makes room for the empty key, which LMDB does not take. A stored long key compares with every stored short key
/// as the key itself would, because that is decided within the first 478 bytes. Only long keys that share those stand
/// among themselves in the order of their hashes: they are neighbours, and whoever walks sorts such a group by itself.
enum StateKey {
    static let tag: UInt8 = 1
    /// 511 bytes of LMDB without the tag and the hash.
    static let splitBytes = PageFormat.maxKeyBytes - 1 - Hash32.byteCount
    private static let restCountBytes = 2
    /// A rest is at most 65535 bytes, far above the ledger's 1024 for a whole key.
    static let maxBytes = splitBytes + Int(UInt16.max)

    static func isLong(_ key: ByteString) -> Bool { key.count > splitBytes }

    /// Whether a stored key is that of a long state key: no short one reaches 511 bytes.
    static func isLong(stored: UnsafeRawBufferPointer) -> Bool { stored.count == PageFormat.maxKeyBytes }

    /// Gives `body` the LMDB key of `key`, valid during the call. Built on the stack: this runs for each write of a block.
    static func withStored<R>(_ key: ByteString, _ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        try withUnsafeTemporaryAllocation(byteCount: PageFormat.maxKeyBytes, alignment: 1) { buffer in
            buffer[0] = tag
            let head = min(key.count, splitBytes)
            key.bytes.withUnsafeBytes { bytes in
                UnsafeMutableRawBufferPointer(rebasing: buffer[1...]).copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<head]))
            }
            guard isLong(key) else { return try body(UnsafeRawBufferPointer(rebasing: buffer[..<(1 + head)])) }
            SHA256.hash(key.bytes).withUnsafeBytes { hash in
                UnsafeMutableRawBufferPointer(rebasing: buffer[(1 + head)...]).copyMemory(from: hash)
            }
            return try body(UnsafeRawBufferPointer(buffer))
        }
    }

    /// The LMDB key of `key`. Allocates.
    static func stored(_ key: ByteString) -> [UInt8] { withStored(key) { Array($0) } }

    /// Where keys that begin with `prefix` begin in the database, or before that.
    static func lowerBound(_ prefix: ByteString) -> [UInt8] {
        [tag] + prefix.bytes.prefix(splitBytes)
    }

    /// Bytes that stand before the value of `key`.
    static func overhead(_ key: ByteString) -> Int {
        isLong(key) ? restCountBytes + key.count - splitBytes : 0
    }

    /// Writes what stands before the value of a long `key`.
    static func writeOverhead(_ key: ByteString, to target: UnsafeMutableRawBufferPointer) {
        guard isLong(key) else { return }
        let rest = key.count - splitBytes
        target.storeBytes(of: UInt16(rest).bigEndian, toByteOffset: 0, as: UInt16.self)
        for index in 0..<rest { target[restCountBytes + index] = key.bytes[splitBytes + index] }
    }

    /// Splits an entry of the database into the state key and its value, or `nil` when it is not one.
    static func split(
        _ stored: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer
    ) -> (key: ByteString, value: UnsafeRawBufferPointer)? {
        guard stored.first == tag else { return nil }
        guard isLong(stored: stored) else {
            return (ByteString(Array(stored[1...])), value)
        }
        guard let start = valueStart(value) else { return nil }
        let key = Array(stored[1...splitBytes]) + value[restCountBytes..<start]
        return (ByteString(key), UnsafeRawBufferPointer(rebasing: value[start...]))
    }

    /// Where the value proper begins in the stored value of a long key.
    static func valueStart(_ value: UnsafeRawBufferPointer) -> Int? {
        guard value.count >= restCountBytes else { return nil }
        let start = restCountBytes + Int(UInt16(bigEndian: value.loadUnaligned(as: UInt16.self)))
        return start <= value.count ? start : nil
    }
}
