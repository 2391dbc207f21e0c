public import Primitives

/// A transaction with everything that can be known of it without a chain: hash, size, the verdict of the format
/// check, whose signature it carries.
///
/// Making one is the expensive part of validation (one signature recovery, about 45 µs) and needs no state, so callers
/// do it on as many threads as they like.
public struct PreparedTransaction: Sendable {
    /// What never changes, behind one reference: the value is copied about, and its many arrays would be counted each time.
    private final class Content: Sendable {
        let transaction: Transaction
        let hash: Hash32
        let size: Int
        let sender: Address?
        let formatFault: TransactionRejection?

        init(_ transaction: Transaction, hash: Hash32, size: Int) {
            self.transaction = transaction
            self.hash = hash
            self.size = size
            sender = Address(transaction.from)
            formatFault = transaction.formatFault(sender: sender)
        }
    }

    private let content: Content
    /// Whose signature it is.
    public internal(set) var signer: Signer

    public var transaction: Transaction { content.transaction }
    /// SHA-256 of the canonical bytes.
    public var hash: Hash32 { content.hash }
    /// The number of bytes of the transaction's canonical JSON, which fees and limits count.
    public var size: Int { content.size }
    /// The transaction's nonce, without a copy of the transaction.
    public var nonce: UInt64 { content.transaction.nonce }
    /// The address in `from`; nil when that is none.
    public var sender: Address? { content.sender }
    /// What the format check found (`TransactionRejection`, first group); nil when all is well.
    public var formatFault: TransactionRejection? { content.formatFault }

    /// What is known of a signature.
    public enum Signer: Hashable, Sendable {
        /// Not recovered yet. Costly, so callers choose when and where.
        case unknown
        /// It recovers to this address.
        case address(Address)
        case fault(SignatureFault)
    }

    init(_ transaction: Transaction, hash: Hash32, size: Int) {
        content = Content(transaction, hash: hash, size: size)
        signer = .unknown
    }

    /// Computes hash, size and format; the signature is left `unknown`.
    public init(unverified transaction: Transaction) {
        self = PreparedTransaction.encode(transaction).prepared
    }

    /// Computes hash, size and format, and gives the canonical JSON beside: one encoding for all of them.
    public static func encode(_ transaction: Transaction) -> (prepared: PreparedTransaction, json: [UInt8]) {
        let (json, hash) = transaction.jsonAndHash
        return (PreparedTransaction(transaction, hash: hash, size: json.count), json)
    }

    /// Computes everything.
    public init(_ transaction: Transaction) {
        self.init(unverified: transaction)
        verify()
    }

    /// Decodes and computes everything.
    /// - Throws: `DecodingError` when `json` is no transaction.
    public init(decoding json: [UInt8]) throws(DecodingError) {
        self.init(try Transaction(decoding: json))
    }

    /// Who knows a signature already: the mempool, which has verified most of a new block's transactions before.
    public typealias KnownSender = (_ hash: Hash32, _ signature: [UInt8]) -> Address?

    /// Recovers the signer unless that is done, or the format is at fault and nobody will ask.
    public mutating func verify(knownSender: KnownSender = { _, _ in nil }) {
        guard signer == .unknown, formatFault == nil else { return }
        signer = Signer(of: transaction.signature, over: hash, knownSender: knownSender)
    }

    /// What the reference's `Validate` says, in its order: format, signature present, id present, signature by the
    /// sender. nil when valid. Recovers the signer when that is still `unknown`.
    public var fault: TransactionRejection? {
        if let formatFault { return formatFault }
        if signer == .unknown {
            var copy = self
            copy.verify()
            return copy.fault
        }
        if signer == .fault(.missing) { return .signature(.missing) }
        if transaction.id?.isEmpty ?? true { return .noID }
        return signer.fault(claimed: transaction.from, address: sender).map { .signature($0) }
    }

    /// The id as the indexes keep it, when it is not the hash and has 32 bytes.
    public var claimedID: Hash32? {
        guard let id = transaction.id, let claimed = Hash32(id), claimed != hash else { return nil }
        return claimed
    }

    /// What the reference's store finds wrong with the claimed id when all else is right; nil when nothing.
    public var idFault: TransactionRejection? {
        let count = transaction.id?.count ?? 0
        return count > Limits.maxIDBytes ? .idTooLong(bytes: count) : nil
    }

    /// Whether the id is the hash.
    public var hasTrueID: Bool { transaction.id.flatMap { Hash32($0) } == hash }
}

extension PreparedTransaction.Signer {
    /// Recovers the signer of `hash`.
    init(of signature: [UInt8]?, over hash: Hash32, knownSender: PreparedTransaction.KnownSender = { _, _ in nil }) {
        guard let bytes = signature, !bytes.isEmpty else {
            self = .fault(.missing)
            return
        }
        guard let signature = Signature(bytes) else {
            self = .fault(.wrongLength(bytes.count))
            return
        }
        if let known = knownSender(hash, bytes) {
            self = .address(known)
            return
        }
        do throws(SignatureError) {
            self = .address(try signature.recoverAddress(hash))
        } catch {
            self = .fault(.unrecoverable(error))
        }
    }

    /// nil when the signer is who the text `claimed` names (`address`, when that is one).
    func fault(claimed: ByteString, address: Address?) -> SignatureFault? {
        switch self {
        case .unknown: .missing
        case .fault(let fault): fault
        case .address(let recovered) where recovered == address || recovered.isNamed(claimed): nil
        case .address(let recovered): .wrongSigner(claimed: claimed, recovered: recovered)
        }
    }
}

extension Address {
    /// Whether the reference takes `text` for this address when it compares a signer with a name: white space around it, case
    /// and a missing `0x` do not count. A sender is an address before it comes to that; an authority may be any text.
    func isNamed(_ text: ByteString) -> Bool {
        if matches(text) { return true }
        let name = text.trimmedAsGo
        return matches(name) || matches(ByteString([UInt8(ascii: "0"), UInt8(ascii: "x")] + name.bytes))
    }
}

extension Transaction {
    /// The reference's `Validate` up to the signature, in its order.
    func formatFault(sender: Address?) -> TransactionRejection? {
        if from.isEmpty { return .noSender }
        if sender == nil { return .invalidSender(from) }
        guard let data else { return .noData }
        guard let operations = data.operations, !operations.isEmpty else { return .noOperations }
        for (index, operation) in operations.enumerated() {
            guard let operation else { return .nilOperation(operation: index) }
            if let fault = operation.formatFault(index) { return fault }
        }
        return nil
    }
}

extension Operation {
    fileprivate func formatFault(_ index: Int) -> TransactionRejection? {
        if key.isEmpty { return .emptyKey(operation: index) }
        switch type {
        case .other(let name): return .unknownType(operation: index, type: name)
        case .delete: break
        case .mint, .transfer:
            if !StateKeys.isBalance(key) { return .notABalanceKey(operation: index, type: type) }
            fallthrough
        case .set:
            if value.isEmpty { return .missingValue(operation: index, type: type) }
        }
        if key.count > Limits.maxKeyBytes { return .keyTooLarge(operation: index, bytes: key.count) }
        if value.count > Limits.maxValueBytes { return .valueTooLarge(operation: index, bytes: value.count) }
        return nil
    }
}
