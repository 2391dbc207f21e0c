/// A 32-byte hash: a block hash, a transaction id, a merkle node, a state root.
///
/// Kept as four words in memory order, so that it is a trivial value: no allocation, no reference count.
/// Ordering is bytewise.
public struct Hash32: Hashable, Sendable {
    @usableFromInline var words: (UInt64, UInt64, UInt64, UInt64)

    /// The number of bytes of a hash.
    public static let byteCount = 32

    /// 32 zero bytes: the previous hash of a genesis block, the merkle root of no leaves.
    public static let zero = Hash32()

    /// 32 zero bytes.
    @inlinable
    public init() {
        words = (0, 0, 0, 0)
    }

    /// The hash that `bytes` hold, or `nil` unless they are exactly 32.
    @inlinable
    public init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count == Hash32.byteCount else { return nil }
        words = (0, 0, 0, 0)
        withUnsafeMutableBytes { $0.copyMemory(from: bytes) }
    }

    /// The hash that `bytes` hold, or `nil` unless they are exactly 32.
    @inlinable
    public init?(_ bytes: [UInt8]) {
        guard let hash = bytes.withUnsafeBytes({ Hash32($0) }) else { return nil }
        self = hash
    }

    /// Gives `body` the 32 bytes, valid during the call.
    @inlinable
    public func withUnsafeBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
        var copy = words
        // The typed-throws shape of the standard function is not rethrowable here, so the result is carried out.
        let result: Result<R, E> = Swift.withUnsafeBytes(of: &copy) { buffer in
            do throws(E) { return .success(try body(buffer)) } catch { return .failure(error) }
        }
        return try result.get()
    }

    /// Gives `body` the 32 bytes to write, valid during the call.
    @inlinable
    public mutating func withUnsafeMutableBytes<R>(_ body: (UnsafeMutableRawBufferPointer) -> R) -> R {
        Swift.withUnsafeMutableBytes(of: &words, body)
    }

    /// The 32 bytes as an array. Allocates.
    public var bytes: [UInt8] { withUnsafeBytes { Array($0) } }

    @inlinable
    public static func == (left: Hash32, right: Hash32) -> Bool {
        left.words.0 == right.words.0 && left.words.1 == right.words.1 && left.words.2 == right.words.2
            && left.words.3 == right.words.3
    }

    @inlinable
    public func hash(into hasher: inout Hasher) {
        // Hashes are spread already; one word keeps tables fast and the hasher's seed keeps them safe.
        hasher.combine(words.0)
        hasher.combine(words.1)
    }
}

extension Hash32: Comparable {
    @inlinable
    public static func < (left: Hash32, right: Hash32) -> Bool {
        if left.words.0 != right.words.0 { return left.words.0.byteSwappedIfNeeded < right.words.0.byteSwappedIfNeeded }
        if left.words.1 != right.words.1 { return left.words.1.byteSwappedIfNeeded < right.words.1.byteSwappedIfNeeded }
        if left.words.2 != right.words.2 { return left.words.2.byteSwappedIfNeeded < right.words.2.byteSwappedIfNeeded }
        return left.words.3.byteSwappedIfNeeded < right.words.3.byteSwappedIfNeeded
    }
}

extension UInt64 {
    /// The word as if its memory bytes were big-endian, which makes word order byte order.
    @usableFromInline var byteSwappedIfNeeded: UInt64 { UInt64(bigEndian: self) }
}
