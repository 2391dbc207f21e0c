public import Primitives

/// Why a block cannot be the next one, in the order in which the reference checks (`invalid.json`, the "two faults").
public enum BlockRejection: Error, Hashable, Sendable {
    // Shape.
    case noHeader
    /// A block of height 0 on a running chain. The Go node resets its head to it; here it is an error.
    case genesisAgain
    case tooLarge(bytes: Int)
    case tooManyTransactions(Int)

    // Its place.
    case wrongHeight(expected: UInt64, found: UInt64)
    case wrongPreviousHash
    case tooFarInFuture(timestamp: Int64, now: Int64)
    case notAfterParent(timestamp: Int64, parent: Int64)

    // Its producer.
    case notAnAuthority(ByteString)
    /// Strict rules: this authority may not sign this height before `earliest`.
    case tooEarly(producer: ByteString, timestamp: Int64, earliest: Int64)
    case signature(SignatureFault)

    // Its content.
    /// A `null` in place of a transaction: the Go node panics on it.
    case nilTransaction(index: Int)
    case transaction(index: Int, TransactionRejection)
    case wrongMerkleRoot
    /// Strict rules: the fees would take the producer's balance over its 32 bytes.
    case producerBalanceTooLarge
    case wrongStateRoot
}

extension BlockRejection {
    /// What a refusal says about other blocks with the same hash.
    public enum Fault: Hashable, Sendable {
        /// The block does not follow this chain's head, or not yet: nobody's fault as such.
        case notNext
        /// The header breaks a rule, so every block with this hash does.
        case header
        /// Something beside the header is wrong. Another block with this hash may be good: the hash does not cover the
        /// signatures and ids, and a merkle tree that pairs an odd node with itself does not tell its last leaf from
        /// the same leaf twice.
        case body
    }

    public var fault: Fault {
        switch self {
        case .genesisAgain, .wrongHeight, .wrongPreviousHash, .tooFarInFuture: .notNext
        case .noHeader, .notAfterParent, .notAnAuthority, .tooEarly: .header
        default: .body
        }
    }
}

extension BlockRejection: CustomStringConvertible {
    public var description: String {
        switch self {
        case .noHeader: "block header is missing"
        case .genesisAgain: "a block of height 0 cannot follow genesis"
        case .tooLarge(let bytes): "block too large: \(bytes) bytes (max \(Limits.maxBlockBytes))"
        case .tooManyTransactions(let count):
            "too many transactions: \(count) (max \(Limits.maxBlockTransactions))"
        case .wrongHeight(let expected, let found): "invalid block height: expected \(expected), got \(found)"
        case .wrongPreviousHash: "invalid previous hash"
        case .tooFarInFuture(let timestamp, let now):
            "block timestamp too far in future: \(timestamp), and it is \(now) (max \(Limits.maxFutureSeconds) s ahead)"
        case .notAfterParent(let timestamp, let parent):
            "block timestamp must be greater than previous block: \(timestamp) after \(parent)"
        case .notAnAuthority(let producer): "block producer \(producer.abbreviated) is not an authority"
        case .tooEarly(let producer, let timestamp, let earliest):
            "block producer \(producer) may sign this height from \(earliest) on, not at \(timestamp)"
        case .signature(let fault): "block signature verification failed: \(fault)"
        case .nilTransaction(let index): "invalid transaction at index \(index): it is null"
        case .transaction(let index, let rejection): "invalid transaction at index \(index): \(rejection)"
        case .wrongMerkleRoot: "invalid merkle root"
        case .producerBalanceTooLarge:
            "the fees would make the producer's balance longer than \(Limits.maxBalanceBytes) bytes"
        case .wrongStateRoot: "invalid state root"
        }
    }
}

/// Why an operation on a chain failed: the block's fault, or the store's.
public enum ChainError: Error {
    /// The block is refused; nothing was written and nothing changed.
    case rejected(BlockRejection)
    /// The store failed or the caller broke the engine's rules. Whoever has a write open must abort it.
    case store(any Error)
}

extension ChainError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .rejected(let rejection): rejection.description
        case .store(let error): "the chain store failed: \(error)"
        }
    }
}
