internal import CSecp256k1

/// A point of secp256k1, kept uncompressed and inline.
public struct PublicKey: Hashable, Sendable {
    private var x: Hash32
    private var y: Hash32

    /// The number of bytes of an uncompressed key: `0x04`, x, y.
    public static let byteCount = Int(PODORU_PUBLIC_KEY_BYTES)

    /// The key that `bytes` are: 65 with the prefix `0x04`, or the 64 of the coordinates; `nil` unless they are a
    /// point of the curve. About 5 µs.
    public init?(_ bytes: [UInt8]) {
        let full = bytes.count == PublicKey.byteCount - 1 ? [4] + bytes : bytes
        guard full.count == PublicKey.byteCount else { return nil }
        let isPoint = full.withUnsafeBufferPointer { podoru_is_public_key($0.baseAddress) != 0 }
        guard isPoint else { return nil }
        self = full.withUnsafeBytes { PublicKey(serialized: $0) }
    }

    /// The key that the library wrote: 65 bytes it vouches for.
    init(serialized bytes: UnsafeRawBufferPointer) {
        precondition(bytes.count == PublicKey.byteCount)
        x = Hash32(UnsafeRawBufferPointer(rebasing: bytes[1..<33])) ?? .zero
        y = Hash32(UnsafeRawBufferPointer(rebasing: bytes[33..<65])) ?? .zero
    }

    /// The 65 uncompressed bytes. Allocates.
    public var bytes: [UInt8] { [4] + x.bytes + y.bytes }

    /// The address of the key's holder. Costs one Keccak-256.
    public var address: Address { Address(publicKey: self) }

    /// Gives `body` the 64 bytes of the coordinates: what an address is the hash of.
    func withCoordinates<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R {
        withUnsafeBytes(of: (x, y)) { body($0) }
    }
}
