public import Ledger
public import Primitives

/// What became of a transaction that asked to be admitted.
public enum MempoolAdmission: Hashable, Sendable {
    /// It waits now. `evicted` had to make room for it.
    case admitted(evicted: [MempoolRemoval])
    case rejected(MempoolRejection)
}

extension Mempool {
    /// Admits `transaction`, or says why not.
    ///
    /// What no state can mend is found first, so that such a transaction is always refused with a reason that
    /// `isPermanent`; the look-ups in the chain come last.
    /// - Parameters:
    ///   - transaction: prepared, best with its signer recovered on another thread; otherwise that is done here.
    ///   - chain: the chain as it is.
    ///   - now: the uptime.
    /// - Throws: what `chain` throws; the pool is then as before.
    public mutating func admit(
        _ transaction: PreparedTransaction, on chain: any LedgerReading, now: Nanoseconds
    ) throws -> MempoolAdmission {
        if transactions[transaction.hash] != nil { return .rejected(.alreadyPending) }
        let candidate: PendingTransaction
        switch self.candidate(transaction, now: now) {
        case .success(let pending): candidate = pending
        case .failure(let rejection): return .rejected(rejection)
        }
        if let rejection = rejectionInPool(candidate) { return .rejected(rejection) }
        if let rejection = try rejectionOnChain(candidate, chain) { return .rejected(rejection) }
        if let rejection = try rejectionTogether(candidate, chain) { return .rejected(rejection) }
        guard let evicted = makeRoom(for: candidate) else {
            return .rejected(queues[candidate.sender].map { .senderLimit($0.count) } ?? .full)
        }
        insert(candidate)
        appendArrival(candidate)
        return .admitted(evicted: evicted)
    }

    /// The checks that need neither chain nor pool, and what the pool keeps of a transaction that passes them.
    mutating func candidate(
        _ transaction: PreparedTransaction, now: Nanoseconds
    ) -> Result<PendingTransaction, MempoolRejection> {
        let size = transaction.size
        if size > Limits.maxTransactionBytes { return .failure(.ledger(.tooLarge(bytes: size))) }
        let room = SelectionLimits().maxBytes
        if size > room { return .failure(.tooLargeForBlock(bytes: size, max: room)) }
        var verified = transaction
        verified.verify()
        if let fault = rules.admissionFault(verified) { return .failure(.ledger(fault)) }
        guard let sender = verified.sender else { return .failure(.ledger(.invalidSender(transaction.transaction.from))) }
        if let index = verified.indexOfHugeTransfer { return .failure(.ledger(.insufficientBalance(operation: index))) }
        nextArrival += 1
        return .success(
            PendingTransaction(
                verified, sender: sender, spending: rules.spending(of: verified), charge: limits.charge(ofSize: size),
                arrival: nextArrival, admittedAt: now))
    }

    /// What other pending transactions of the sender stand against.
    private func rejectionInPool(_ candidate: PendingTransaction) -> MempoolRejection? {
        guard let queue = queues[candidate.sender] else { return nil }
        return queue.position(of: candidate.nonce).isTaken ? .noncePending(candidate.nonce) : nil
    }

    /// What the chain stands against when the candidate is taken alone.
    func rejectionOnChain(_ candidate: PendingTransaction, _ chain: any LedgerReading) throws -> MempoolRejection? {
        do throws(TransactionError) {
            try rules.check(candidate.prepared, on: chain)
            return nil
        } catch {
            switch error {
            case .rejected(let rejection): return .ledger(rejection)
            case .store(let error): throw error
            }
        }
    }

    /// Whether the sender cannot pay the candidate beside all that it has pending.
    private func rejectionTogether(_ candidate: PendingTransaction, _ chain: any LedgerReading) throws -> MempoolRejection? {
        guard let queue = queues[candidate.sender] else { return nil }
        let needed = queue.needed(under: rules, adding: candidate)
        if needed.isZero { return nil }
        let balance = Amount(balance: try chain.stateValue(StateKeys.balance(of: candidate.sender)))
        guard needed > balance else { return nil }
        return .cannotPayAll(balance: balance, pending: queue.needed(under: rules), needed: needed)
    }

    /// Whether the bounds hold with `candidate` too.
    func hasRoom(for candidate: PendingTransaction) -> Bool {
        transactions.count < limits.maxTransactions && charge + candidate.charge <= limits.maxChargeBytes
    }

    /// Evicts until there is room for `candidate`, or returns `nil` and changes nothing. See `Mempool` for the rule.
    mutating func makeRoom(for candidate: PendingTransaction) -> [MempoolRemoval]? {
        var evicted: [PendingTransaction] = []
        let share = (queues[candidate.sender]?.charge ?? 0) + candidate.charge
        while !hasRoom(for: candidate) {
            guard let greatest = bySize.greatest, greatest.charge > share,
                let last = queues[greatest.sender]?.transactions.last
            else {
                for pending in evicted { insert(pending) }
                return nil
            }
            _ = remove(last, .evicted)
            evicted.append(last)
        }
        return evicted.map { MempoolRemoval(hash: $0.hash, reason: .evicted) }
    }
}

extension PreparedTransaction {
    /// The first operation that transfers more than a balance can hold. It can never be paid, and is looked for before
    /// anything adds such numbers up: they may be as long as the transaction.
    fileprivate var indexOfHugeTransfer: Int? {
        transaction.data?.operations?.firstIndex { operation in
            operation.map { $0.type == .transfer && !Amount(bigEndian: $0.value).fitsBalance } ?? false
        }
    }
}
