internal import CSecp256k1

/// Why bytes or text are no private key. Never holds any part of them.
public enum KeyError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Not 32 bytes, or not 64 hexadecimal characters.
    case wrongLength(bytes: Int)
    /// A character that is no hexadecimal digit.
    case notHexadecimal
    /// Zero, or not below the order of the curve.
    case outOfRange

    public var description: String {
        switch self {
        case .wrongLength(let count): "a private key has 32 bytes (64 hexadecimal characters), not \(count) bytes"
        case .notHexadecimal: "a private key is written in hexadecimal digits only"
        case .outOfRange: "the private key is zero or not below the order of secp256k1"
        }
    }
}

/// A secp256k1 private key with the public key and the address that belong to it.
///
/// Its description shows the address only, so that no log and no crash report can hold the secret.
public struct PrivateKey: Sendable {
    private let scalar: Hash32
    /// The key that others verify with.
    public let publicKey: PublicKey
    /// The account of the key's holder.
    public let address: Address

    /// The key that 32 big-endian bytes are. About 25 µs: the public key is derived at once.
    public init(bytes: [UInt8]) throws(KeyError) {
        guard let scalar = Hash32(bytes) else { throw .wrongLength(bytes: bytes.count) }
        try self.init(scalar: scalar)
    }

    /// The key that 64 hexadecimal characters spell; white space around them (a key file's last line end) is skipped.
    public init(hex text: [UInt8]) throws(KeyError) {
        let isSpace = { (character: UInt8) in character == 0x20 || (0x09...0x0d).contains(character) }
        let start = text.firstIndex { !isSpace($0) } ?? text.endIndex
        let end = text.lastIndex { !isSpace($0) }.map { $0 + 1 } ?? start
        let digits = text[start..<end]
        guard digits.allSatisfy({ Hex.value(ofDigit: $0) != nil }) else { throw .notHexadecimal }
        guard let bytes = Hex.decode(digits) else { throw .wrongLength(bytes: digits.count / 2) }
        try self.init(bytes: bytes)
    }

    private init(scalar: Hash32) throws(KeyError) {
        let derived: PublicKey? = withUnsafeTemporaryAllocation(byteCount: PublicKey.byteCount, alignment: 1) { room in
            scalar.withUnsafeBytes { scalar in
                let made = podoru_public_key(
                    SigningContext.shared.pointer, scalar.bindMemory(to: UInt8.self).baseAddress,
                    room.bindMemory(to: UInt8.self).baseAddress)
                return made != 0 ? PublicKey(serialized: UnsafeRawBufferPointer(room)) : nil
            }
        }
        guard let derived else { throw .outOfRange }
        self.scalar = scalar
        publicKey = derived
        address = Address(publicKey: derived)
    }

    /// A new key from `generator`, which must be the system's for any key that guards something.
    public static func generate(using generator: inout some RandomNumberGenerator) -> PrivateKey {
        while true {
            let candidate = Hash32(
                bigEndian: generator.next(), generator.next(), generator.next(), generator.next())
            // All but one in 2^127 draws are keys.
            if let key = try? PrivateKey(scalar: candidate) { return key }
        }
    }

    /// The 32 bytes, for the key file. Allocates; keep them out of logs.
    public var secretBytes: [UInt8] { scalar.bytes }

    /// Signs `hash` with the nonce of RFC 6979 and a low s, so one key and hash always give one signature (the
    /// reference's, `crypto.json`). About 27 µs; thread-safe.
    public func sign(_ hash: Hash32) -> Signature {
        withUnsafeTemporaryAllocation(byteCount: Signature.byteCount, alignment: 1) { room in
            let made = scalar.withUnsafeBytes { scalar in
                hash.withUnsafeBytes { hash in
                    podoru_sign(
                        SigningContext.shared.pointer, scalar.bindMemory(to: UInt8.self).baseAddress,
                        hash.bindMemory(to: UInt8.self).baseAddress, room.bindMemory(to: UInt8.self).baseAddress)
                }
            }
            // The library refuses a key out of range only, and `init` let none through.
            precondition(made != 0, "secp256k1 refused a key that it had accepted")
            return Signature(serialized: UnsafeRawBufferPointer(room))
        }
    }
}

extension PrivateKey: CustomStringConvertible, CustomReflectable {
    public var description: String { "PrivateKey(of \(address))" }
    public var customMirror: Mirror { Mirror(self, children: ["address": address]) }
}

/// The library's context for signing, made at its first use and never changed or freed.
///
/// Unchecked because the pointer is opaque to Swift; the library reads a context that nobody randomizes or destroys
/// from any number of threads (`secp256k1.h`, "thread-safe").
private struct SigningContext: @unchecked Sendable {
    let pointer: OpaquePointer?

    static let shared = SigningContext(pointer: secp256k1_context_create(UInt32(SECP256K1_CONTEXT_NONE)))
}
