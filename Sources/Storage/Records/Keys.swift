internal import Primitives

/// Gives `body` the key of a height: 8 bytes big-endian, so that key order is height order.
func withHeightKey<R>(_ height: UInt64, _ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
    try withUnsafeBytes(of: height.bigEndian, body)
}

/// Keys of the nonce index: sender ‖ nonce big-endian, so that a sender's nonces are neighbours in rising order.
enum NonceKey {
    static let byteCount = Address.byteCount + MemoryLayout<UInt64>.size

    /// Gives `body` the key, valid during the call.
    static func with<R>(_ sender: Address, _ nonce: UInt64, _ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        try withUnsafeTemporaryAllocation(byteCount: byteCount, alignment: 8) { buffer in
            buffer.copyBytes(from: sender.bytes)
            withUnsafeBytes(of: nonce.bigEndian) {
                UnsafeMutableRawBufferPointer(rebasing: buffer[Address.byteCount...]).copyMemory(from: $0)
            }
            return try body(UnsafeRawBufferPointer(buffer))
        }
    }
}

/// Names in the metadata database. The store's own and the caller's cannot meet.
enum MetadataKey {
    static let format = Array("store:format".utf8)
    static let head = Array("store:tip".utf8)
    /// Names of callers are at most this long, so that they fit a key of LMDB.
    static let maxNameBytes = 256

    static func caller(_ name: String) -> [UInt8] {
        Array("caller:".utf8) + Array(name.utf8)
    }
}
