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
        let pending = mempool.oldest(ChainProcessor.announcedTransactions).map { GossipTransaction($0) }
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
        var payload: [UInt8] = []
        var signed: DoubleSignGuard.SignedBlock?
        var newGuard = signGuard
        do throws(ChainError) {
            let built = try engine.build(transactions: selected, timestamp: timestamp, producer: key.address)
            tellRemoved(mempool.remove(refused: built.refused.map { (selected[$0.index].hash, $0.reason) }))
            let height = built.builder.parent.height + 1
            let move = try write(at: now) { moving throws(ChainError) in
                // The guard is asked and its record is in the write before the header is signed.
                let block = try engine.append(built.builder, key: key, now: now) { hash throws(ChainError) in
                    if case .refuse(let last) = newGuard.verdict(height: height, hash: hash) {
                        signed = last
                        return false
                    }
                    let record = newGuard.record(height: height, hash: hash)
                    do { try engine.store.setMetadata(DoubleSignGuard.metadataKey(for: key.address), record) } catch { throw .store(error) }
                    return true
                }
                guard let block else { return }
                payload = block.prepared.json
                moving.add(block)
            }
            signGuard = newGuard
            if let move {
                report(.headMoved(move, .own(payload: payload)))
                reportCommitted(report)
            } else if let signed {
                report(
                    .productionSkipped(
                        timestamp: timestamp,
                        reason: "this key has signed block \(signed.height) already, and never signs two of one height"))
            }
        } catch {
            guard case .rejected(let rejection) = error else { throw error }
            report(.productionSkipped(timestamp: timestamp, reason: rejection.description))
        }
    }
}
