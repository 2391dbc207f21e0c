internal import CSecp256k1

/// Why a signature gives no key.
public enum SignatureError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The last byte is not 0…3. Ethereum's 27 and 28 are not accepted either (`crypto.json`).
    case badRecoveryID(UInt8)
    /// r or s is out of range, or no point belongs to them.
    case recoveryFailed

    public var description: String {
        switch self {
        case .badRecoveryID(let v): "the signature's recovery id is \(v); it must be 0 to 3"
        case .recoveryFailed: "no public key belongs to the signature"
        }
    }
}

/// A recoverable secp256k1 signature: r, s and the recovery id v, 65 bytes, kept inline.
///
/// Any 65 bytes are a `Signature`; whether they mean something shows in recovery.
public struct Signature: Hashable, Sendable {
    private var r: Hash32
    private var s: Hash32
    /// Which of up to four points r belongs to; 0 or 1 in what this project signs.
    public let recoveryID: UInt8

    /// The number of bytes: r 32, s 32, v 1.
    public static let byteCount = Int(PODORU_SIGNATURE_BYTES)

    /// The signature that 65 bytes are, or `nil` for another count.
    public init?(_ bytes: [UInt8]) {
        guard bytes.count == Signature.byteCount else { return nil }
        self = bytes.withUnsafeBytes { Signature(serialized: $0) }
    }

    init(serialized bytes: UnsafeRawBufferPointer) {
        precondition(bytes.count == Signature.byteCount)
        r = Hash32(UnsafeRawBufferPointer(rebasing: bytes[0..<32])) ?? .zero
        s = Hash32(UnsafeRawBufferPointer(rebasing: bytes[32..<64])) ?? .zero
        recoveryID = bytes[64]
    }

    /// The 65 bytes. Allocates.
    public var bytes: [UInt8] { r.bytes + s.bytes + [recoveryID] }

    /// Whether s is at most half the order of the curve. Of the two signatures that (r, s) and (r, n − s) are, the
    /// `strict` rules accept this one only, so that nobody can change a transaction's bytes on its way.
    public var isLowS: Bool { s <= Signature.halfOrder }

    /// (n − 1) / 2 of secp256k1 (SEC 2, section 2.4.1).
    private static let halfOrder = Hash32(
        bigEndian: 0x7fff_ffff_ffff_ffff, 0xffff_ffff_ffff_ffff, 0x5d57_6e73_57a4_501d, 0xdfe9_2f46_681b_20a0)

    /// The key that signed `hash`. Accepts a high s as the reference does. About 40 µs; thread-safe, no lock.
    public func recover(_ hash: Hash32) throws(SignatureError) -> PublicKey {
        guard recoveryID <= 3 else { throw .badRecoveryID(recoveryID) }
        let key: PublicKey? = withUnsafeTemporaryAllocation(byteCount: PublicKey.byteCount, alignment: 1) { room in
            withUnsafeBytes { signature in
                hash.withUnsafeBytes { hash in
                    let found = podoru_recover(
                        signature.bindMemory(to: UInt8.self).baseAddress, hash.bindMemory(to: UInt8.self).baseAddress,
                        room.bindMemory(to: UInt8.self).baseAddress)
                    return found != 0 ? PublicKey(serialized: UnsafeRawBufferPointer(room)) : nil
                }
            }
        }
        guard let key else { throw .recoveryFailed }
        return key
    }

    /// The address of the key that signed `hash`. The cost of `recover` and one Keccak-256.
    public func recoverAddress(_ hash: Hash32) throws(SignatureError) -> Address {
        Address(publicKey: try recover(hash))
    }

    /// Gives `body` the 65 bytes in order, on the stack.
    private func withUnsafeBytes<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R {
        withUnsafeTemporaryAllocation(byteCount: Signature.byteCount, alignment: 1) { room in
            r.withUnsafeBytes { UnsafeMutableRawBufferPointer(rebasing: room[0..<32]).copyMemory(from: $0) }
            s.withUnsafeBytes { UnsafeMutableRawBufferPointer(rebasing: room[32..<64]).copyMemory(from: $0) }
            room[64] = recoveryID
            return body(UnsafeRawBufferPointer(room))
        }
    }
}

extension Hash32 {
    /// Four words from the most significant on.
    init(bigEndian first: UInt64, _ second: UInt64, _ third: UInt64, _ fourth: UInt64) {
        self.init()
        words = (first.bigEndian, second.bigEndian, third.bigEndian, fourth.bigEndian)
    }
}
