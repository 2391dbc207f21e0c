public import Primitives

/// Keeps an authority from ever signing two blocks of one height, also over a restart (`ledger.md`, "Proof of
/// authority").
///
/// The order that makes it safe:
/// 1. build the block and hash its header;
/// 2. `verdict(height:hash:)`; stop on `.refuse`;
/// 3. `record(height:hash:)` and store the bytes that it returns, durably, under `metadataKey(for:)`;
/// 4. only then sign, and let the block leave. (One commit may hold 3 and the block itself, when nothing of the
///    block leaves before that commit is on disk.)
///
/// Remembering the last height alone is enough and the safe side: a height below it is refused even if this key never
/// signed it, which can only happen after a reorganisation to a shorter, heavier chain.
public struct DoubleSignGuard: Hashable, Sendable {
    /// The block that was signed last.
    public struct SignedBlock: Hashable, Sendable {
        public var height: UInt64
        public var hash: Hash32

        public init(height: UInt64, hash: Hash32) {
            self.height = height
            self.hash = hash
        }
    }

    public enum Verdict: Hashable, Sendable {
        /// A height above all that were signed.
        case sign
        /// The very block that was signed last: signing it again gives the same bytes (RFC 6979), which a restart
        /// between signing and sending needs.
        case signAgain
        /// Another block of a height that was signed, or a lower height.
        case refuse(SignedBlock)
    }

    /// What was signed last; `nil` when nothing was.
    public private(set) var last: SignedBlock?

    public init(last: SignedBlock? = nil) {
        self.last = last
    }

    /// The guard as `record` stored it. `nil` metadata is a key that has signed nothing yet.
    ///
    /// - Throws: when the bytes are not what `record` wrote: then nothing may be signed, because what was signed is not known.
    public init(metadata: [UInt8]?) throws(DoubleSignGuardError) {
        guard let metadata else { return }
        guard metadata.count == Self.metadataByteCount, metadata.first == Self.formatVersion else {
            throw .unreadable(byteCount: metadata.count)
        }
        let height = metadata[1...8].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        last = Hash32(Array(metadata[9...])).map { SignedBlock(height: height, hash: $0) }
    }

    /// The metadata key for an authority: each key of a node has its own record.
    public static func metadataKey(for address: Address) -> String {
        "consensus:last_signed:\(address.lowercased)"
    }

    /// Whether the block of `hash` at `height` may be signed. O(1).
    public func verdict(height: UInt64, hash: Hash32) -> Verdict {
        guard let last else { return .sign }
        if height > last.height { return .sign }
        return last == SignedBlock(height: height, hash: hash) ? .signAgain : .refuse(last)
    }

    /// Takes note of the block that will be signed, and returns the bytes to store before the signature is made.
    /// A block that the verdict refuses changes nothing.
    public mutating func record(height: UInt64, hash: Hash32) -> [UInt8] {
        if case .refuse(let signed) = verdict(height: height, hash: hash) { return Self.metadata(signed) }
        let signed = SignedBlock(height: height, hash: hash)
        last = signed
        return Self.metadata(signed)
    }

    /// One byte of format version, the height as 8 bytes big-endian, the 32 bytes of the hash.
    private static func metadata(_ signed: SignedBlock) -> [UInt8] {
        [formatVersion] + withUnsafeBytes(of: signed.height.bigEndian, Array.init) + signed.hash.bytes
    }

    private static let formatVersion: UInt8 = 1
    private static let metadataByteCount = 1 + 8 + Hash32.byteCount
}

/// Why the record of what was signed cannot be used.
public enum DoubleSignGuardError: Error, Hashable, CustomStringConvertible {
    case unreadable(byteCount: Int)

    public var description: String {
        switch self {
        case .unreadable(let byteCount):
            "the record of the block this authority signed last cannot be read (\(byteCount) bytes); "
                + "producing stops so that no height is signed twice: restore the data directory from a backup, "
                + "or sync a new one and start producing above every height this key has signed"
        }
    }
}
