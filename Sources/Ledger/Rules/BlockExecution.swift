internal import Primitives

/// Why a transaction was not executed: its own fault, or the store's.
public enum TransactionError: Error {
    case rejected(TransactionRejection)
    case store(any Error)
}

extension TransactionError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .rejected(let rejection): rejection.description
        case .store(let error): "the chain store failed: \(error)"
        }
    }
}

/// Executes transactions one after the other on top of a ledger, and gathers what they change: the state and the two
/// indexes. A transaction that fails leaves nothing behind.
struct BlockExecution {
    enum Mode: Hashable {
        /// Nothing is checked.
        case genesis
        /// What the chain's rule set checks inside a block.
        case block
        /// That, and what a node refuses to make (`ledger.md`, "Two rule sets").
        case making
    }

    private let rules: ChainRules
    private let mode: Mode
    private let base: any LedgerReading
    /// Who gets the fees.
    private let producer: Address?
    private var overlay: StateOverlay
    /// Every hash and claimed id of this block so far.
    private var ids: Set<Hash32> = []
    private var newEntries: [TransactionEntry] = []
    /// Every nonce of this block so far.
    private var nonces: Set<UsedNonce> = []
    private var newNonces: [UsedNonce] = []
    /// Whether each transaction so far entered its hash and its nonce as new, and nothing else.
    private var isEachPlain = true
    private var lastNonces: [Address: UInt64] = [:]
    private var fees = Amount.zero
    private var count = 0

    /// `expectedCount` transactions are reserved room for.
    init(rules: ChainRules, mode: Mode, base: any LedgerReading, producer: Address?, expectedCount: Int = 1) {
        self.rules = rules
        self.mode = mode
        self.base = base
        self.producer = producer
        overlay = StateOverlay(base: base, expectedCount: expectedCount)
        ids.reserveCapacity(expectedCount)
        nonces.reserveCapacity(expectedCount)
        newEntries.reserveCapacity(expectedCount)
        newNonces.reserveCapacity(expectedCount)
    }

    private var isStrict: Bool { rules.ruleSet.isStrict && mode != .genesis }
    /// Whether nonces and repetitions are looked at.
    private var checksPlace: Bool { isStrict || mode == .making }

    /// Executes one transaction, whose format is sound, or leaves everything as it was.
    mutating func execute(_ transaction: PreparedTransaction) throws(TransactionError) {
        overlay.mark()
        let feesBefore = fees
        do throws(TransactionError) {
            if checksPlace { try checkPlace(transaction) }
            if isStrict { try chargeFee(transaction) } else if mode == .making { try checkMeans(transaction) }
            let operations = transaction.transaction.data?.operations ?? []
            for index in operations.indices {
                guard let operation = operations[index] else { throw .rejected(.nilOperation(operation: index)) }
                try execute(operation, index, of: transaction)
            }
            // In a block of others this counts at its end only, when later transactions may have made room.
            if mode == .making, try !fitsFees() { throw .rejected(.feeDoesNotFit) }
            try enterIndexes(transaction)
        } catch {
            overlay.rollback()
            fees = feesBefore
            throw error
        }
        count += 1
    }

    /// Whether this block or one below it holds a transaction with this hash or claimed id.
    private func isKnown(_ id: Hash32) throws(TransactionError) -> Bool {
        if ids.contains(id) { return true }
        do { return try base.hasTransaction(id: id) } catch { throw .store(error) }
    }

    /// Whether this block or one below it has used the nonce.
    private func isUsed(_ used: UsedNonce) throws(TransactionError) -> Bool {
        if nonces.contains(used) { return true }
        do { return try base.isNonceUsed(sender: used.sender, nonce: used.nonce) } catch { throw .store(error) }
    }

    /// The highest nonce that this block or one below it has used.
    private func lastNonce(_ sender: Address) throws(TransactionError) -> UInt64? {
        if let last = lastNonces[sender] { return last }
        do { return try base.lastNonce(sender: sender) } catch { throw .store(error) }
    }

    private mutating func balance(_ key: ByteString) throws(TransactionError) -> Amount {
        do { return Amount(balance: try overlay.value(key)) } catch { throw .store(error) }
    }
}

// MARK: Checks

extension BlockExecution {
    /// No transaction twice; nonces strictly increase (strict) or are at least new.
    private func checkPlace(_ transaction: PreparedTransaction) throws(TransactionError) {
        if try isKnown(transaction.hash) { throw .rejected(.alreadyIncluded(transaction.hash)) }
        guard let sender = transaction.sender else { return }
        let nonce = transaction.nonce
        if isStrict {
            if let last = try lastNonce(sender), nonce <= last {
                throw .rejected(.nonceTooLow(nonce: nonce, last: last))
            }
        } else if try isUsed(UsedNonce(sender: sender, nonce: nonce)) {
            throw .rejected(.nonceUsed(nonce))
        }
    }

    /// Takes the fee from the sender, before the operations, as the reference's fee code does.
    private mutating func chargeFee(_ transaction: PreparedTransaction) throws(TransactionError) {
        guard let schedule = rules.fees, let sender = transaction.sender else { return }
        let fee = schedule.fee(size: transaction.size)
        let key = StateKeys.balance(of: sender)
        let balance = try balance(key)
        guard let rest = balance.subtracting(fee) else { throw .rejected(.cannotPayFee(balance: balance, fee: fee)) }
        overlay.set(key, rest.bytes)
        fees = fees + fee
    }

    /// The Go node's admission: the sender could pay the fee, and the fee together with all that it transfers.
    private mutating func checkMeans(_ transaction: PreparedTransaction) throws(TransactionError) {
        guard let sender = transaction.sender else { return }
        let fee = rules.fee(size: transaction.size)
        let transferred = transaction.transaction.transferred
        if fee.isZero && transferred.isZero { return }
        let balance = try balance(StateKeys.balance(of: sender))
        if balance < fee { throw .rejected(.cannotPayFee(balance: balance, fee: fee)) }
        let needed = fee + transferred
        if !transferred.isZero, balance < needed { throw .rejected(.cannotPay(balance: balance, needed: needed)) }
    }
}

// MARK: Operations

extension BlockExecution {
    private mutating func execute(
        _ operation: Operation, _ index: Int, of transaction: PreparedTransaction
    ) throws(TransactionError) {
        switch operation.type {
        case .set: overlay.set(operation.key, operation.value)
        case .delete: overlay.set(operation.key, nil)
        case .mint: try credit(operation.key, Amount(bigEndian: operation.value), index)
        case .transfer:
            guard let sender = transaction.sender else { throw .rejected(.invalidSender(transaction.transaction.from)) }
            let amount = Amount(bigEndian: operation.value)
            let key = StateKeys.balance(of: sender)
            guard let rest = try balance(key).subtracting(amount) else {
                throw .rejected(.insufficientBalance(operation: index))
            }
            overlay.set(key, rest.bytes)
            // Read after the sender's was written, so that a transfer to oneself changes nothing.
            try credit(operation.key, amount, index)
        case .other(let type): throw .rejected(.unknownType(operation: index, type: type))
        }
    }

    /// Adds to a balance. A sum of zero leaves an empty value, not an absent key, as on the reference. Longer than 32 bytes
    /// is refused under strict rules and never made here; the reference stores it and reads it as zero from then on.
    private mutating func credit(_ key: ByteString, _ amount: Amount, _ index: Int) throws(TransactionError) {
        let sum = try balance(key) + amount
        if !sum.fitsBalance, isStrict || mode == .making { throw .rejected(.balanceTooLarge(operation: index)) }
        overlay.set(key, sum.bytes)
    }
}

// MARK: Results

extension BlockExecution {
    private mutating func enterIndexes(_ transaction: PreparedTransaction) throws(TransactionError) {
        // Everything that can fail comes before anything is entered. Where places are checked, the hash is known to be new.
        var isNewHash = checksPlace
        if !isNewHash { isNewHash = try !isKnown(transaction.hash) }
        let claimed = transaction.claimedID
        var isNewClaim = false
        if let claimed { isNewClaim = try !isKnown(claimed) }
        let sender = mode == .genesis ? nil : transaction.sender
        let used = sender.map { UsedNonce(sender: $0, nonce: transaction.nonce) }
        var isNew = isStrict
        if let used, !isNew { isNew = try !isUsed(used) }
        if !isNewHash || claimed != nil || used == nil || !isNew { isEachPlain = false }
        ids.insert(transaction.hash)
        if isNewHash { newEntries.append(TransactionEntry(id: transaction.hash, index: count)) }
        if let claimed {
            ids.insert(claimed)
            if isNewClaim { newEntries.append(TransactionEntry(id: claimed, index: count)) }
        }
        guard let used else { return }
        // Strict rules ask for the last nonce only, the others for each.
        if isStrict { lastNonces[used.sender] = used.nonce } else { nonces.insert(used) }
        if isNew { newNonces.append(used) }
    }

    /// Whether the producer's balance can take the fees so far.
    private mutating func fitsFees() throws(TransactionError) -> Bool {
        guard let producer, !fees.isZero else { return true }
        return try (balance(StateKeys.balance(of: producer)) + fees).fitsBalance
    }

    /// Pays the fees to the producer and says what changed. The execution is not used after it.
    /// - Throws: `TransactionError`: `rejected(.feeDoesNotFit)` or `store`.
    mutating func finish() throws(TransactionError) -> Changes {
        guard try fitsFees() else { throw .rejected(.feeDoesNotFit) }
        if let producer, !fees.isZero {
            let key = StateKeys.balance(of: producer)
            overlay.set(key, (try balance(key) + fees).bytes)
        }
        do {
            let (writes, oldValues) = try overlay.changes()
            return Changes(writes: writes, oldValues: oldValues, entries: newEntries, nonces: newNonces, isEachPlain: isEachPlain)
        } catch {
            throw .store(error)
        }
    }

    /// What a block's transactions change.
    struct Changes {
        var writes: [StateWrite] = []
        var oldValues: [StateWrite] = []
        var entries: [TransactionEntry] = []
        var nonces: [UsedNonce] = []
        var isEachPlain = false

        func record(head: Head, parent: Head?, json: [UInt8]) -> BlockRecord {
            BlockRecord(
                head: head, json: json, writes: writes, transactions: entries,
                undo: UndoRecord(
                    block: head, parent: parent, oldValues: oldValues, transactions: entries.map(\.id), nonces: nonces),
                indexesFollowFromBlock: isEachPlain)
        }
    }
}
