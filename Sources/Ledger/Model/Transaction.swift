public import Primitives

/// The body of a transaction. Go's struct behind a pointer, with a slice of pointers: each level can be nil, and nil
/// prints, and so hashes, differently from empty.
public struct TransactionData: Hashable, Sendable {
    /// nil prints `null`; a nil entry prints `null` too and is refused by the format check.
    public var operations: [Operation?]?

    public init(operations: [Operation?]?) {
        self.operations = operations
    }
}

/// A transaction as the reference's Go struct holds it: any of it may be missing or wrong. `PreparedTransaction` says
/// whether it is sound.
public struct Transaction: Hashable, Sendable {
    /// The claimed id; under strict rules it must be the hash.
    public var id: [UInt8]?
    /// The sender's address as written: it hashes with the case that it has.
    public var from: ByteString
    /// Seconds since 1970, as the sender says. Nothing checks it.
    public var timestamp: Int64
    public var data: TransactionData?
    /// 65 bytes r‖s‖v over the hash.
    public var signature: [UInt8]?
    /// Orders and tells apart the sender's transactions. Any number; SDKs use milliseconds since 1970.
    public var nonce: UInt64

    public init(
        id: [UInt8]? = nil, from: ByteString = ByteString([]), timestamp: Int64 = 0, data: TransactionData? = nil,
        signature: [UInt8]? = nil, nonce: UInt64 = 0
    ) {
        self.id = id
        self.from = from
        self.timestamp = timestamp
        self.data = data
        self.signature = signature
        self.nonce = nonce
    }

    /// A transaction of `operations` by `key`'s address, with its hash as id, signed.
    public init(operations: [Operation], timestamp: Int64, nonce: UInt64, key: PrivateKey) {
        self.init(
            from: key.address.checksummed, timestamp: timestamp, data: TransactionData(operations: operations),
            nonce: nonce)
        sign(with: key)
    }

    /// Sets the id to the hash and the signature to `key`'s over it. `from` must be the key's address already.
    public mutating func sign(with key: PrivateKey) {
        let hash = hash
        id = hash.bytes
        signature = key.sign(hash).bytes
    }
}
