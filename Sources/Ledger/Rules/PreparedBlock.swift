public import Primitives

/// A block with everything that can be known of it without a chain: canonical JSON, hash, merkle root, and each
/// transaction prepared.
///
/// This is the expensive stage (a signature recovery a transaction) and touches no state: callers prepare many blocks on
/// many threads and hand them to `ChainEngine.apply` in order. One block can be spread over threads as well: decode it,
/// let each thread `verify` copies of some transactions, put those back with `install`.
public struct PreparedBlock: Sendable {
    public let block: Block
    /// The canonical JSON, which is what is stored; its length is the block's size.
    public let json: [UInt8]
    /// SHA-256 of the header's JSON; zero when there is no header.
    public let hash: Hash32
    /// The merkle root of the transactions' hashes, to be compared with the header's.
    public let merkleRoot: Hash32
    /// The transactions in order; a nil entry stands for a `null`.
    public private(set) var transactions: [PreparedTransaction?]
    /// Whose signature the block carries.
    public private(set) var signer: PreparedTransaction.Signer

    /// Decodes a block and computes all but the signatures: about 60 µs for 30 small transactions.
    /// - Throws: `DecodingError` when `json` is no block.
    public init(unverified json: [UInt8]) throws(DecodingError) {
        // What arrives is canonical as a rule, so its length is the room that is needed.
        self.init(try Block(decoding: json), capacity: json.count + 64)
    }

    /// Computes all but the signatures of `block`.
    public init(unverified block: Block) {
        self.init(block, capacity: block.estimatedBytes)
    }

    private init(_ block: Block, capacity: Int) {
        var writer = JSONWriter(capacity: capacity)
        var scratch: [UInt8] = []
        var prepared: [PreparedTransaction?] = []
        prepared.reserveCapacity(block.transactions?.count ?? 0)
        let transactions = block.transactions ?? []
        block.encode(into: &writer) { writer, json, hashed in
            guard let transaction = transactions[prepared.count] else {
                prepared.append(nil)
                return
            }
            scratch.removeAll(keepingCapacity: true)
            scratch.append(UInt8(ascii: "{"))
            writer.bytes.withUnsafeBytes { scratch.append(contentsOf: $0[hashed]) }
            var tail = JSONWriter(capacity: 32)
            transaction.encodeNonce(into: &tail)
            scratch.append(contentsOf: tail.bytes)
            prepared.append(PreparedTransaction(transaction, hash: SHA256.hash(scratch), size: json.count))
        }
        self.block = block
        json = writer.bytes
        hash = block.header?.hash ?? .zero
        merkleRoot = Merkle.root(prepared.map { $0?.hash ?? .zero })
        self.transactions = prepared
        signer = .unknown
    }

    /// Decodes a block and computes everything.
    ///
    /// The block's own signature comes first. When it is not by `block.header.producer`, when `isAuthority` does not know
    /// that name, or when the block is over a limit, the block is refused whatever its transactions are, and their
    /// signatures are left alone: a stranger cannot make a node recover a thousand signatures.
    /// - Throws: `DecodingError` when `json` is no block.
    public static func prepare(
        _ json: [UInt8], isAuthority: (ByteString) -> Bool = { _ in true },
        knownSender: PreparedTransaction.KnownSender = { _, _ in nil }
    ) throws(DecodingError) -> PreparedBlock {
        var block = try PreparedBlock(unverified: json)
        block.verify(isAuthority: isAuthority, knownSender: knownSender)
        return block
    }

    /// Recovers the signers that are not known yet, as `prepare` does.
    public mutating func verify(
        isAuthority: (ByteString) -> Bool = { _ in true }, knownSender: PreparedTransaction.KnownSender = { _, _ in nil }
    ) {
        verifyProducer()
        guard hasSoundShape, isAuthority(producer), signatureFault == nil else { return }
        for index in transactions.indices { transactions[index]?.verify(knownSender: knownSender) }
    }

    /// Recovers the block's own signer, one recovery.
    public mutating func verifyProducer() {
        guard signer == .unknown, hasSoundShape else { return }
        signer = PreparedTransaction.Signer(of: block.signature, over: hash)
    }

    /// Puts back a transaction that was verified elsewhere.
    public mutating func install(_ transaction: PreparedTransaction, at index: Int) {
        guard transactions.indices.contains(index), let old = transactions[index], old.hash == transaction.hash,
            old.transaction.signature == transaction.transaction.signature
        else { return }
        transactions[index]?.signer = transaction.signer
    }

    /// The producer's name in the header; empty without a header.
    public var producer: ByteString { block.header?.producer ?? ByteString([]) }

    /// nil when the block's signature is by its producer. Recovers the signer when that is still unknown.
    public var signatureFault: SignatureFault? {
        let known = signer == .unknown ? PreparedTransaction.Signer(of: block.signature, over: hash) : signer
        return known.fault(claimed: producer, address: nil)
    }

    /// Whether the block has a header and is within the limits of size and number.
    private var hasSoundShape: Bool {
        block.header != nil && json.count <= Limits.maxBlockBytes
            && transactions.count <= Limits.maxBlockTransactions
    }
}
