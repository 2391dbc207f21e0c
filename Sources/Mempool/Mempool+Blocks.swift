public import Ledger
public import Primitives

extension Mempool {
    /// Follows the chain by one block: removes what it holds, what it made invalid by taking a nonce, and what senders
    /// cannot pay any more.
    ///
    /// Looks only at the senders of the block's transactions and at the owners of the balances that it names.
    /// - Parameter chain: the chain with the block applied.
    /// - Throws: what `chain` throws. The pool is then consistent, but may still hold what can no longer be paid.
    public mutating func blockApplied(_ block: PreparedBlock, on chain: any LedgerReading) throws -> [MempoolRemoval] {
        guard !transactions.isEmpty else { return [] }
        var removals: [MempoolRemoval] = []
        for case let included? in block.transactions {
            for id in [included.hash, included.claimedID] {
                if let id, let pending = transactions[id] { removals.append(remove(pending, .included)) }
            }
            takeNonce(of: included, into: &removals)
        }
        compactArrivals()
        for account in touchedAccounts(block) { try trimToBalance(account, on: chain, into: &removals) }
        compactArrivals()
        return removals
    }

    /// Follows the chain back by one block: its transactions wait again, as far as they are what this node admits.
    ///
    /// Where other blocks took its place, the pool follows those first (`blockApplied`): what they hold or overtake does not return then.
    /// - Parameters:
    ///   - block: a block that is no longer on the chain. Signers that it does not know are recovered here.
    ///   - chain: the chain as it is now.
    ///   - now: the uptime.
    /// - Returns: what came and what had to leave for it (an evicted one, or a sender's highest nonces when it cannot pay all), in order.
    /// - Throws: what `chain` throws. The pool is then consistent, but may hold what cannot be paid.
    public mutating func blockUndone(
        _ block: PreparedBlock, on chain: any LedgerReading, now: Nanoseconds
    ) throws -> [MempoolChange] {
        var changes: [MempoolChange] = []
        for case let undone? in block.transactions where transactions[undone.hash] == nil {
            guard let candidate = try? self.candidate(undone, now: now).get(),
                queues[candidate.sender]?.position(of: candidate.nonce).isTaken != true,
                try rejectionOnChain(candidate, chain) == nil
            else { continue }
            // A returning transaction comes before what its sender sent later: where the sender has its share of a full pool already,
            // that gives way.
            guard let evicted = makeRoom(for: candidate) ?? makeRoomAmongLater(than: candidate) else { continue }
            changes += evicted.map { .removed($0) }
            insert(candidate)
            appendArrival(candidate)
            changes.append(.admitted(candidate.prepared))
        }
        var removals: [MempoolRemoval] = []
        for account in touchedAccounts(block) { try trimToBalance(account, on: chain, into: &removals) }
        compactArrivals()
        return changes + removals.map { .removed($0) }
    }

    /// Removes the sender's pending transactions that an included one has overtaken.
    private mutating func takeNonce(of included: PreparedTransaction, into removals: inout [MempoolRemoval]) {
        guard let sender = included.sender,
            let overtaken = queues[sender].map({ queue in
                let place = queue.position(of: included.transaction.nonce)
                let start = rules.ruleSet.isStrict ? 0 : place.index
                return Array(queue.transactions[start..<(place.isTaken ? place.index + 1 : place.index)])
            })
        else { return }
        for pending in overtaken { removals.append(remove(pending, .nonceTaken)) }
    }

    /// The accounts with pending transactions whose balance the block may have changed, or changes when it is undone:
    /// senders, the owners of balances that its operations name, and the producer, who gets the fees.
    private func touchedAccounts(_ block: PreparedBlock) -> Set<Address> {
        var accounts: Set<Address> = []
        let note = { (account: Address?) in
            if let account, queues[account] != nil { accounts.insert(account) }
        }
        note(Address(block.producer))
        for case let transaction? in block.transactions {
            note(transaction.sender)
            for case let operation? in transaction.transaction.data?.operations ?? [] {
                note(StateKeys.balanceOwner(operation.key))
            }
        }
        return accounts
    }

    /// Removes the highest nonces of `account` until its balance is enough for the rest. One look-up.
    private mutating func trimToBalance(
        _ account: Address, on chain: any LedgerReading, into removals: inout [MempoolRemoval]
    ) throws {
        guard var needed = queues[account]?.needed(under: rules), !needed.isZero else { return }
        let balance = Amount(balance: try chain.stateValue(StateKeys.balance(of: account)))
        while needed > balance, let last = queues[account]?.transactions.last {
            removals.append(remove(last, .cannotPay))
            needed = queues[account]?.needed(under: rules) ?? .zero
        }
    }

    /// Evicts transactions of the candidate's sender, its highest nonces first and none below the candidate's, until there is room; or
    /// returns `nil` and changes nothing.
    private mutating func makeRoomAmongLater(than candidate: PendingTransaction) -> [MempoolRemoval]? {
        var evicted: [PendingTransaction] = []
        while !hasRoom(for: candidate) {
            guard let last = queues[candidate.sender]?.transactions.last, last.nonce > candidate.nonce else {
                for pending in evicted { insert(pending) }
                return nil
            }
            _ = remove(last, .evicted)
            evicted.append(last)
        }
        return evicted.map { MempoolRemoval(hash: $0.hash, reason: .evicted) }
    }
}

extension StateKeys {
    /// Whose balance `key` holds, when it is written as balances are: the address in lower case.
    fileprivate static func balanceOwner(_ key: ByteString) -> Address? {
        guard isBalance(key), let owner = Address(ByteString(Array(key.bytes.dropFirst(balancePrefix.count)))) else { return nil }
        return balance(of: owner) == key ? owner : nil
    }
}
