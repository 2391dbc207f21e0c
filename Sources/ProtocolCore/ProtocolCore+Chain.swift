public import Chain
internal import Consensus
internal import Gossip
internal import Ledger
public import Network
internal import Peering
public import Primitives
internal import Sync
internal import Wire

extension ProtocolCore {
    /// Takes a report of the chain worker.
    public mutating func chainReported(_ report: ChainReport, at now: Moment, into effects: inout [CoreEffect]) {
        switch report {
        case .blockValidated(let hash, let head, let count): blockValidated(hash, head, count, at: now, into: &effects)
        case .blockCommitted(let head): committed(head, into: &effects)
        case .blockRejected(let hash, let fault, let reason): blockRejected(hash, fault, reason, at: now, into: &effects)
        case .rangePrepared(let ticket, let count): sync.rangePrepared(ticket, count: count, at: now, into: &syncEffects.waiting)
        case .rangeMalformed(let ticket, let reason):
            effects.append(.fact(.rangeRefused(height: head.height + 1, reason: reason)))
            sync.rangeMalformed(ticket, at: now, into: &syncEffects.waiting)
        case .rangeApplied(let ticket, let newHead):
            applied(newHead, at: now, into: &effects)
            sync.rangeApplied(ticket, newHeight: newHead.height, at: now, into: &syncEffects.waiting)
        case .rangeRejected(let ticket, let height, let newHead, let cause, let reason):
            applied(newHead, at: now, into: &effects)
            effects.append(.fact(.rangeRefused(height: height, reason: reason)))
            sync.rangeRejected(ticket, atHeight: height, cause, at: now, into: &syncEffects.waiting)
        case .transactionsChecked(let verdicts): checked(verdicts, at: now, into: &effects)
        case .pendingTransactions(let id, let pending):
            guard let link = links[id], link.isReady else { break }
            transactions.peerReady(id, acceptsBatches: link.speaksBatches, pending: pending, at: now, into: &gossipEffects.waiting)
        case .blockProduced(let payload, let head, let count): produced(payload, head, count, at: now, into: &effects)
        case .productionSkipped(let timestamp, let reason):
            production?.isUnderWay = false
            counters.productionsSkipped += 1
            effects.append(.fact(.productionSkipped(timestamp: timestamp, reason: reason)))
            // Not at once: what made it fail is likely still there.
            production?.nextDeadline = now.uptime + .milliseconds(200)
        }
        settle(at: now, into: &effects)
    }

    /// The answer to a block request has been handed to the socket, or the peer is gone.
    public mutating func blocksSent(_ id: PeerID, at now: Moment, into effects: inout [CoreEffect]) {
        guard links.answered(id) else { return }
        answerNext(id, into: &effects)
        resumeIfFree(id, at: now, into: &effects)
    }

    // MARK: Blocks

    private mutating func blockValidated(
        _ hash: Hash32, _ newHead: Head, _ count: Int, at now: Moment, into effects: inout [CoreEffect]
    ) {
        let targets = blocks.blockAccepted(hash, at: now)
        if let block = inValidation.removeValue(forKey: hash) {
            // The very bytes that arrived, in an unsigned envelope of ours.
            broadcast(.block(block.payload), to: targets, into: &effects)
            for id in targets { transactions.messageSent(to: id, at: now) }
            peers.usefulMessageReceived(block.from, .block, at: now)
            counters.propagation.observe(newHead.age(at: now))
            let fact = CoreFact.blockRelayed(newHead, transactionCount: count, receivedAt: block.receivedAt, peers: targets.count)
            effects.append(.stampRelay(receivedAt: block.receivedAt))
            effects.append(.fact(fact))
            readClock(of: block, timestamp: newHead.timestamp, at: now, into: &effects)
        }
        effects.append(.fact(.headChanged(newHead, origin: .gossip, transactionCount: count)))
        advance(to: newHead, at: now, into: &effects)
    }

    /// What a valid block tells of its maker's clock, against ours when the block came.
    private mutating func readClock(of block: ReceivedBlock, timestamp: Int64, at now: Moment, into effects: inout [CoreEffect]) {
        let waited = max(0, now.uptime - block.receivedAt) / Nanoseconds.milliseconds(1)
        let arrival = Moment(uptime: block.receivedAt, unixMilliseconds: now.unixMilliseconds.subtracting(clamping: waited))
        let notice = clocks.blockCame(producer: block.producer, height: block.height, timestamp: timestamp, at: arrival)
        if let notice { effects.append(.fact(.producerClock(notice))) }
    }

    private mutating func produced(_ payload: [UInt8], _ newHead: Head, _ count: Int, at now: Moment, into effects: inout [CoreEffect]) {
        production?.isUnderWay = false
        counters.blocksProduced += 1
        committed(newHead, into: &effects)
        broadcast(.block(payload), to: blocks.blockAccepted(newHead.hash, at: now), into: &effects)
        effects.append(.fact(.headChanged(newHead, origin: .own, transactionCount: count)))
        advance(to: newHead, at: now, into: &effects)
    }

    private mutating func blockRejected(
        _ hash: Hash32, _ fault: BlockRejection.Fault, _ reason: String, at now: Moment, into effects: inout [CoreEffect]
    ) {
        let block = inValidation.removeValue(forKey: hash)
        effects.append(.fact(.blockRefused(hash: hash, from: block?.from, reason: reason)))
        guard fault != .notNext else {
            blocks.blockSetAside(hash)
            return
        }
        counters.rejectedBlocks += 1
        let outcome = blocks.blockRejected(hash, fault == .header ? .header : .body, at: now)
        for id in outcome.culprits { peers.penalize(id, .invalidBlock, at: now, into: &peerEffects.waiting) }
        if let next = outcome.next, let block {
            let copy = ReceivedBlock(
                hash: hash, height: block.height, payload: next.payload, from: next.from, producer: block.producer,
                receivedAt: block.receivedAt)
            inValidation[hash] = copy
            effects.append(.chain(.validateBlock(copy)))
        }
    }

    /// Blocks came by sync.
    private mutating func applied(_ newHead: Head, at now: Moment, into effects: inout [CoreEffect]) {
        guard newHead.height > head.height else { return }
        counters.blocksBySync += newHead.height - head.height
        committed(newHead, into: &effects)
        effects.append(.fact(.headChanged(newHead, origin: .sync, transactionCount: 0)))
        catchUp.applied(at: now.uptime)
        blocks.blockKnown(newHead.hash, at: now)
        advance(to: newHead, at: now, into: &effects)
    }

    private mutating func advance(to newHead: Head, at now: Moment, into effects: inout [CoreEffect]) {
        guard newHead.height > head.height else { return }
        head = newHead
        peers.localHeightChanged(newHead.height)
        sync.localHead(newHead.height, at: now, into: &syncEffects.waiting)
        reconsiderProduction(at: now)
        for candidate in waiting.take(height: newHead.height + 1) { offer(candidate, at: now, into: &effects) }
    }

    private mutating func committed(_ newHead: Head, into effects: inout [CoreEffect]) {
        committedHeight = max(committedHeight, newHead.height)
        // The older connection first, as everywhere.
        for position in links.all.indices where links.all[position].isAwaitingCommit {
            answerNext(links.all[position].id, isCommitted: true, into: &effects)
        }
    }

    // MARK: Transactions

    private mutating func checked(
        _ verdicts: [(candidate: TransactionCandidate, outcome: TransactionOutcome)], at now: Moment, into effects: inout [CoreEffect]
    ) {
        for (candidate, outcome) in verdicts {
            let id = candidate.from
            if let id { links.settleUnchecked(byteCount: candidate.payload.count, of: id) }
            switch outcome {
            case .admitted:
                if let id { peers.usefulMessageReceived(id, .transaction, at: now) }
                let transaction = GossipTransaction(id: candidate.gossipID, payload: candidate.payload)
                transactions.transactionAccepted(transaction, at: now, into: &gossipEffects.waiting)
            case .known: break
            case .refused(let refusal):
                counters.rejectedTransactions += 1
                transactions.transactionRejected(candidate.gossipID, mayChange: !refusal.isPermanent)
                effects.append(.fact(.transactionRefused(refusal)))
                if refusal.isPermanent, let id { peers.penalize(id, .invalidTransaction, at: now, into: &peerEffects.waiting) }
            }
            if let id { resumeIfFree(id, at: now, into: &effects) }
        }
    }
}

extension Head {
    /// How long ago it was made by its own word, in nanoseconds; below zero when its maker's clock is ahead of ours. Timestamps are
    /// whole seconds.
    func age(at now: Moment) -> Nanoseconds {
        // A block's timestamp may be any number.
        .milliseconds(now.unixMilliseconds.subtracting(clamping: timestamp.multiplied(clampingBy: 1000)))
    }
}
