public import Ledger

/// Why a transaction is not admitted to the mempool.
public enum MempoolRejection: Error, Hashable, Sendable {
    /// The ledger's rules refuse it: its form, its signature, or what it asks on top of the chain as it is.
    case ledger(TransactionRejection)
    /// No block has room for it, even alone.
    case tooLargeForBlock(bytes: Int, max: Int)
    /// It is in the pool already.
    case alreadyPending
    /// Another transaction of the sender with this nonce waits. The first one stays: fees are fixed, so there is nothing
    /// by which a second one could be better.
    case noncePending(UInt64)
    /// The sender can pay it, but not together with what it has pending already.
    case cannotPayAll(balance: Amount, pending: Amount, needed: Amount)
    /// The pool is full, and the sender has its share: so many transactions pending that no other holds more than it would then.
    case senderLimit(Int)
    /// The pool is full, and no sender holds more than this one would with its first transaction.
    case full
}

extension MempoolRejection {
    /// Whether the transaction can never be admitted, whatever happens to chain and pool: whoever sent it should have
    /// known. The others may be sent again later.
    public var isPermanent: Bool {
        switch self {
        case .ledger(let rejection): rejection.isPermanent
        case .tooLargeForBlock: true
        case .alreadyPending, .noncePending, .cannotPayAll, .senderLimit, .full: false
        }
    }

    /// A name for metrics and APIs. Never changes.
    public var name: String {
        switch self {
        case .ledger(let rejection): rejection.name
        case .tooLargeForBlock: "too_large_for_block"
        case .alreadyPending: "already_pending"
        case .noncePending: "nonce_pending"
        case .cannotPayAll: "cannot_pay_all"
        case .senderLimit: "sender_limit"
        case .full: "mempool_full"
        }
    }
}

extension MempoolRejection: CustomStringConvertible {
    public var description: String {
        switch self {
        case .ledger(let rejection): rejection.description
        case .tooLargeForBlock(let bytes, let max):
            "transaction too large for a block: \(bytes) bytes (a block has room for \(max))"
        case .alreadyPending: "transaction is already waiting for a block"
        case .noncePending(let nonce): "another transaction of this sender with nonce \(nonce) is already waiting"
        case .cannotPayAll(let balance, let pending, let needed):
            "insufficient balance for all waiting transactions together: have \(balance), "
                + "need \(pending) for those that wait already and \(needed) with this one"
        case .senderLimit(let count):
            "the mempool is full, and this sender has its share of it with \(count) transactions waiting; try again after the next blocks"
        case .full: "the mempool is full; try again after the next blocks"
        }
    }
}

extension TransactionRejection {
    /// A name for metrics and APIs. Never changes.
    public var name: String {
        switch self {
        case .noSender: "no_sender"
        case .invalidSender: "invalid_sender"
        case .noData: "no_data"
        case .noOperations: "no_operations"
        case .nilOperation: "nil_operation"
        case .emptyKey: "empty_key"
        case .unknownType: "unknown_operation"
        case .missingValue: "missing_value"
        case .notABalanceKey: "not_a_balance_key"
        case .keyTooLarge: "key_too_large"
        case .valueTooLarge: "value_too_large"
        case .signature(.missing): "no_signature"
        case .signature(.wrongLength), .signature(.unrecoverable): "malformed_signature"
        case .signature(.wrongSigner): "wrong_signer"
        case .signature(.highS): "high_s_signature"
        case .noID: "no_id"
        case .wrongID: "wrong_id"
        case .idTooLong: "id_too_long"
        case .mintByNonAuthority: "mint_by_non_authority"
        case .protectedKey: "protected_key"
        case .tooLarge: "too_large"
        case .alreadyIncluded: "already_included"
        case .nonceUsed: "nonce_used"
        case .nonceTooLow: "nonce_too_low"
        case .cannotPayFee: "cannot_pay_fee"
        case .cannotPay: "cannot_pay"
        case .insufficientBalance: "insufficient_balance"
        case .balanceTooLarge: "balance_too_large"
        case .feeDoesNotFit: "fee_does_not_fit"
        case .blockIsFull: "block_full"
        }
    }
}
