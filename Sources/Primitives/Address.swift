/// An account: the last 20 bytes of the Keccak-256 of an uncompressed public key (`ledger.md`, "Crypto").
///
/// A trivial value: no allocation, no reference count. Ordering is bytewise.
public struct Address: Hashable, Sendable {
    private var head: UInt64
    private var middle: UInt64
    private var tail: UInt32

    /// The number of bytes of an address.
    public static let byteCount = 20
    /// The number of characters of an address as text: `0x` and 40 digits.
    public static let textCount = 42

    /// Twenty zero bytes: the sender of what a genesis block holds.
    public static let zero = Address(head: 0, middle: 0, tail: 0)

    /// The address that `text` spells: a lower-case `0x` and 40 digits of either case, or `nil`.
    /// A checksum in mixed case is not checked; the reference's `IsValidAddress` does not either (`crypto.json`).
    public init?(_ text: ByteString) {
        guard text.count == Address.textCount, text.bytes[1] == UInt8(ascii: "x") else { return nil }
        self.init(ignoringCase: text)
    }

    /// The address of the holder of `publicKey`. Costs one Keccak-256, about 0.5 µs.
    public init(publicKey: PublicKey) {
        self.init(lastBytesOf: publicKey.withCoordinates { Keccak256.hash($0) })
    }

    /// The address that 20 bytes are, or `nil` for another count.
    public init?(_ bytes: [UInt8]) {
        guard bytes.count == Address.byteCount else { return nil }
        self = bytes.withUnsafeBytes { Address(loading: $0) }
    }

    private init(head: UInt64, middle: UInt64, tail: UInt32) {
        self.head = head
        self.middle = middle
        self.tail = tail
    }

    private init(lastBytesOf hash: Hash32) {
        self = hash.withUnsafeBytes { bytes in
            Address(loading: UnsafeRawBufferPointer(rebasing: bytes[(Hash32.byteCount - Address.byteCount)...]))
        }
    }

    /// Big-endian words, so that their order is the order of the bytes.
    private init(loading bytes: UnsafeRawBufferPointer) {
        head = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self))
        middle = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        tail = UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 16, as: UInt32.self))
    }

    private init?(ignoringCase text: ByteString) {
        guard text.count == Address.textCount, text.bytes[0] == UInt8(ascii: "0"),
            text.bytes[1] | 0x20 == UInt8(ascii: "x")
        else { return nil }
        var words: (head: UInt64, middle: UInt64, tail: UInt64) = (0, 0, 0)
        for index in 2..<Address.textCount {
            guard let digit = Hex.value(ofDigit: text.bytes[index]) else { return nil }
            if index < 18 {
                words.head = words.head << 4 | UInt64(digit)
            } else if index < 34 {
                words.middle = words.middle << 4 | UInt64(digit)
            } else {
                words.tail = words.tail << 4 | UInt64(digit)
            }
        }
        self.init(head: words.head, middle: words.middle, tail: UInt32(truncatingIfNeeded: words.tail))
    }

    /// The 20 bytes. Allocates.
    public var bytes: [UInt8] {
        withUnsafeBytes(of: (head.bigEndian, middle.bigEndian, tail.bigEndian)) { Array($0.prefix(Address.byteCount)) }
    }

    /// `0x` and 40 lower-case digits, as the ledger compares addresses and names balances.
    public var lowercased: ByteString { ByteString(Hex.encodePrefixed(bytes)) }

    /// `0x` and 40 digits whose case is the checksum of EIP-55. Costs one Keccak-256.
    public var checksummed: ByteString {
        var text = lowercased
        let hash = Keccak256.hash(Array(text.bytes.dropFirst(2))).bytes
        for index in 2..<text.count where text.bytes[index] >= UInt8(ascii: "a") {
            let nibble = hash[(index - 2) / 2] >> (index.isMultiple(of: 2) ? 4 : 0) & 15
            if nibble >= 8 { text.bytes[index] -= 0x20 }
        }
        return text
    }

    /// Whether `text` names this address as the reference compares senders: `strings.ToLower` on both sides, so
    /// that the case of the digits and of the `x` does not count. No character beyond ASCII lowers to a digit.
    public func matches(_ text: ByteString) -> Bool {
        Address(ignoringCase: text) == self
    }
}

extension Address: Comparable {
    public static func < (left: Address, right: Address) -> Bool {
        (left.head, left.middle, left.tail) < (right.head, right.middle, right.tail)
    }
}

extension Address: CustomStringConvertible {
    /// The checksummed text.
    public var description: String { checksummed.text }
}
