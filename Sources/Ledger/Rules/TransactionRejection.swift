public import Primitives

/// Why a signature does not speak for an address.
public enum SignatureFault: Error, Hashable, Sendable {
    /// There is none, or it is empty.
    case missing
    /// It is not 65 bytes long.
    case wrongLength(Int)
    /// No key can be recovered from it.
    case unrecoverable(SignatureError)
    /// It is the signature of another address than the one that is named (in lower case, as written).
    case wrongSigner(claimed: ByteString, recovered: Address)
    /// Its s is in the upper half of the group order: the twin of a valid signature. Strict rules only.
    case highS
}

extension SignatureFault: CustomStringConvertible {
    public var description: String {
        switch self {
        case .missing: "there is no signature"
        case .wrongLength(let count): "signature must be 65 bytes, not \(count)"
        case .unrecoverable(let error): "failed to recover address: \(error)"
        case .wrongSigner(let claimed, let recovered): "expected \(claimed), got \(recovered.lowercased)"
        case .highS: "the signature is not in its low-s form"
        }
    }
}

/// Why a transaction is refused: by every node (`isPermanent`), or on top of the state as it is now.
///
/// The first group is the format check of the reference, in its order (`transactions.json`, `validate`); the signature
/// comes after it. The rest is checked by strict rules inside blocks and by admission under both rule sets.
public enum TransactionRejection: Error, Hashable, Sendable {
    // Format. `operation` counts from 0.
    case noSender
    case invalidSender(ByteString)
    case noData
    case noOperations
    /// A `null` in place of an operation: the Go node panics on it.
    case nilOperation(operation: Int)
    case emptyKey(operation: Int)
    case unknownType(operation: Int, type: ByteString)
    case missingValue(operation: Int, type: OperationType)
    case notABalanceKey(operation: Int, type: OperationType)
    case keyTooLarge(operation: Int, bytes: Int)
    case valueTooLarge(operation: Int, bytes: Int)

    // Signature.
    case signature(SignatureFault)
    /// The claimed id is nil or empty.
    case noID

    // Rules.
    case wrongID
    /// The claimed id is longer than the reference can keep (`odd/poison-bad`). The block's hash does not cover ids.
    case idTooLong(bytes: Int)
    case mintByNonAuthority(ByteString)
    case protectedKey(operation: Int, key: ByteString)
    /// More bytes of canonical JSON than `Limits.maxTransactionBytes`. Admission only.
    case tooLarge(bytes: Int)

    // On top of a state.
    case alreadyIncluded(Hash32)
    /// Admission under reference rules: any nonce goes that the sender has not used.
    case nonceUsed(UInt64)
    /// Strict rules: nonces strictly increase.
    case nonceTooLow(nonce: UInt64, last: UInt64)
    case cannotPayFee(balance: Amount, fee: Amount)
    case cannotPay(balance: Amount, needed: Amount)
    case insufficientBalance(operation: Int)
    case balanceTooLarge(operation: Int)

    // Block building.
    /// Its fee would take the producer's balance over its 32 bytes.
    case feeDoesNotFit
    /// It would take the block over its bytes or its number of transactions; it is as good in the next one.
    case blockIsFull
}

extension TransactionRejection {
    /// Whether no later state can make the transaction valid, so that its sender should have known. Of `nonceTooLow`,
    /// `nonceUsed` and `alreadyIncluded` this is true as long as the block that did it is not undone.
    public var isPermanent: Bool {
        switch self {
        case .cannotPayFee, .cannotPay, .insufficientBalance, .balanceTooLarge, .feeDoesNotFit, .blockIsFull, .alreadyIncluded,
            .nonceUsed, .nonceTooLow:
            false
        default: true
        }
    }
}

extension TransactionRejection: CustomStringConvertible {
    public var description: String {
        switch self {
        case .noSender: "transaction has no sender"
        case .invalidSender(let sender): "invalid sender address: \(sender.abbreviated)"
        case .noData: "transaction has no data"
        case .noOperations: "transaction has no operations"
        case .nilOperation(let index): "operation \(index) is null"
        case .emptyKey(let index): "operation \(index) has empty key"
        case .unknownType(let index, let type): "operation \(index) has invalid type: \(type.abbreviated)"
        case .missingValue(let index, .set): "operation \(index) is SET but has no value"
        case .missingValue(let index, let type): "operation \(index): \(type.name) must have a value (amount)"
        case .notABalanceKey(let index, let type):
            "operation \(index): \(type.name) key must be a balance key (balance:<address>)"
        case .keyTooLarge(let index, let bytes):
            "operation \(index) key too large: \(bytes) bytes (max \(Limits.maxKeyBytes))"
        case .valueTooLarge(let index, let bytes):
            "operation \(index) value too large: \(bytes) bytes (max \(Limits.maxValueBytes))"
        case .signature(let fault): "signature verification failed: \(fault)"
        case .noID: "signature verification failed: transaction has no ID"
        case .wrongID: "the id is not the hash of the transaction"
        case .idTooLong(let bytes): "the id is too long: \(bytes) bytes (max \(Limits.maxIDBytes))"
        case .mintByNonAuthority(let sender): "only authorities can mint tokens, \(sender) is not an authority"
        case .protectedKey(let index, let key):
            "operation \(index) writes to \(key.abbreviated), which only MINT and TRANSFER may change"
        case .tooLarge(let bytes): "transaction too large: \(bytes) bytes (max \(Limits.maxTransactionBytes))"
        case .alreadyIncluded(let id): "transaction \(id.prefixedHex) is already in a block"
        case .nonceUsed(let nonce): "nonce \(nonce) is already used by this sender"
        case .nonceTooLow(let nonce, let last): "nonce \(nonce) is not above \(last), the last one of this sender"
        case .cannotPayFee(let balance, let fee): "insufficient balance for gas: have \(balance), need \(fee)"
        case .cannotPay(let balance, let needed): "insufficient balance for transfer: have \(balance), need \(needed)"
        case .insufficientBalance(let index): "operation \(index): insufficient balance for transfer"
        case .balanceTooLarge(let index):
            "operation \(index) would make a balance longer than \(Limits.maxBalanceBytes) bytes"
        case .feeDoesNotFit: "the fee would make the producer's balance longer than \(Limits.maxBalanceBytes) bytes"
        case .blockIsFull: "the block is full"
        }
    }
}

extension ByteString {
    /// The text for a message, cut where a hostile one would fill a log.
    var abbreviated: String {
        let limit = 100
        return count <= limit ? text : ByteString(Array(bytes.prefix(limit))).text + "… (\(count) bytes)"
    }
}
