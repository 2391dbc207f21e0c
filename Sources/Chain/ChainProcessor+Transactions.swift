internal import Consensus
internal import Gossip
public import Ledger
internal import Mempool
internal import Network
public import Primitives

extension ChainProcessor {
    /// Pending transactions that are told to a peer that has just come. What it misses comes with the block; a full mempool
    /// of 10 000 would take 100 messages.
    static let announcedTransactions = 1000

    // MARK: Mempool

    /// Checks transactions and puts the good ones into the mempool: what `checkTransactions` reports, for a caller who has more to do
    /// with it.
    ///
    /// - Returns: a verdict for each, in order.
    /// - Throws: as `handle`.
    public func check(_ candidates: [TransactionCandidate], at now: Moment) throws(ChainError) -> [TransactionVerdict] {
        try admit(candidates, preparer.prepare(transactions: candidates), at: now)
    }

    /// As `check`, when all but the admission is done.
    public func admit(
        _ candidates: [TransactionCandidate], _ prepared: [Result<PreparedTransaction, DecodingError>], at now: Moment
    ) throws(ChainError) -> [TransactionVerdict] {
        var verdicts: [TransactionVerdict] = []
        verdicts.reserveCapacity(candidates.count)
        for (candidate, result) in zip(candidates, prepared) {
            switch result {
            case .failure(let error): verdicts.append((candidate, .refused(.malformed(error))))
            case .success(let transaction): verdicts.append((candidate, try admit(transaction, at: now.uptime - candidate.waited)))
            }
        }
        return verdicts
    }

    private func admit(_ transaction: PreparedTransaction, at uptime: Nanoseconds) throws(ChainError) -> TransactionOutcome {
        let admission: MempoolAdmission
        do { admission = try mempool.admit(transaction, on: engine.store, now: uptime) } catch { throw .store(error) }
        switch admission {
        case .admitted(let evicted):
            if let observer {
                if !evicted.isEmpty { observer.removed(evicted) }
                observer.admitted(transaction)
            }
            return .admitted(transaction.hash)
        case .rejected(.alreadyPending), .rejected(.ledger(.alreadyIncluded)): return .known(transaction.hash)
        case .rejected(let rejection): return .refused(.mempool(rejection))
        }
    }

    func listPending(_ id: PeerID, report: Report) {
        let pending = mempool.oldest(ChainProcessor.announcedTransactions).map { prepared in
            let payload = prepared.transaction.json
            return GossipTransaction(id: SHA256.hash(payload), payload: payload)
        }
        report(.pendingTransactions(id, pending))
    }

    // MARK: Producing

    /// Makes the next block: what it signs is on disk, with the block, before anybody hears of it.
    func produce(_ timestamp: Int64, at now: Moment, report: Report) throws(ChainError) {
        guard let key else {
            report(.productionSkipped(timestamp: timestamp, reason: "this node has no key"))
            return
        }
        let selected = mempool.select()
        let block: Block
        do throws(ChainError) {
            let built = try engine.buildBlock(transactions: selected, timestamp: timestamp, key: key)
            tellRemoved(mempool.remove(refused: built.refused.map { (selected[$0.index].hash, $0.reason) }))
            block = built.block
        } catch {
            guard case .rejected(let rejection) = error else { throw error }
            report(.productionSkipped(timestamp: timestamp, reason: rejection.description))
            return
        }
        // Its transactions' signatures were checked when they were admitted.
        var prepared = PreparedBlock(unverified: block)
        prepared.verify(knownSender: mempool.knownSender)
        let height = engine.head.height + 1
        if case .refuse(let signed) = signGuard.verdict(height: height, hash: prepared.hash) {
            report(
                .productionSkipped(
                    timestamp: timestamp, reason: "this key has signed block \(signed.height) already, and never signs two of one height"))
            return
        }
        var newGuard = signGuard
        do throws(ChainError) {
            try engine.begin()
            try engine.apply(prepared, now: now)
            let record = newGuard.record(height: height, hash: prepared.hash)
            do { try engine.store.setMetadata(DoubleSignGuard.metadataKey(for: key.address), record) } catch { throw .store(error) }
            try engine.commit()
        } catch {
            engine.abort()
            guard case .rejected(let rejection) = error else { throw error }
            report(.productionSkipped(timestamp: timestamp, reason: rejection.description))
            return
        }
        signGuard = newGuard
        try follow([prepared])
        report(.blockProduced(payload: prepared.json, head: head, transactionCount: prepared.transactions.count))
    }
}
