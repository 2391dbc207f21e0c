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
        case .headMoved(let move, let origin): headMoved(move, origin, at: now, into: &effects)
        case .committed(let head): committed(head, into: &effects)
        case .blockRejected(let hash, let fault, let reason): blockRejected(hash, fault, reason, at: now, into: &effects)
        case .rangePrepared(let ticket, let count): sync.rangePrepared(ticket, count: count, at: now, into: &syncEffects.waiting)
        case .rangeMalformed(let ticket, let reason):
            effects.append(.fact(.rangeRefused(height: head.height + 1, reason: reason)))
            sync.rangeMalformed(ticket, at: now, into: &syncEffects.waiting)
        case .rangeApplied(let ticket): sync.rangeApplied(ticket, newHeight: head.height, at: now, into: &syncEffects.waiting)
        case .rangeRejected(let ticket, let height, let cause, let reason):
            effects.append(.fact(.rangeRefused(height: height, reason: reason)))
            sync.rangeRejected(ticket, atHeight: height, cause, at: now, into: &syncEffects.waiting)
        case .transactionsChecked(let verdicts): checked(verdicts, at: now, into: &effects)
        case .pendingTransactions(let id, let pending):
            guard let link = links[id], link.isReady else { break }
            transactions.peerReady(id, acceptsBatches: link.speaksBatches, pending: pending, at: now, into: &gossipEffects.waiting)
        case .readmitted(let pending):
            for transaction in pending { transactions.transactionAccepted(transaction, at: now, into: &gossipEffects.waiting) }
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

    /// The chain has another head: tells who has to know of its blocks, then moves every part to it.
    private mutating func headMoved(_ move: HeadMove, _ origin: HeadOrigin, at now: Moment, into effects: inout [CoreEffect]) {
        for hash in move.undone { blocks.blockUndone(hash) }
        switch origin {
        case .gossip(let hash): relay(hash, move, at: now, into: &effects)
        case .sync:
            counters.blocksBySync += UInt64(move.applied.count)
            catchUp.applied(at: now.uptime)
            blocks.blockKnown(move.to.hash, at: now)
        case .own(let payload):
            production?.isUnderWay = false
            counters.blocksProduced += 1
            broadcast(.block(payload), to: blocks.blockAccepted(move.to.hash, at: now), into: &effects)
        }
        effects.append(.fact(.headMoved(move, origin: origin.name)))
        follow(move, at: now, into: &effects)
    }

    /// The one place that sets the head. Each part hears of the move; none compares its height with the one before.
    private mutating func follow(_ move: HeadMove, at now: Moment, into effects: inout [CoreEffect]) {
        head = move.to
        peers.localHeightChanged(head.height)
        sync.headMoved(to: head.height, hasUndone: !move.undone.isEmpty, at: now, into: &syncEffects.waiting)
        reconsiderProduction(at: now)
        for candidate in waiting.take(height: head.height + 1) { offer(candidate, at: now, into: &effects) }
    }

    private mutating func relay(_ hash: Hash32, _ move: HeadMove, at now: Moment, into effects: inout [CoreEffect]) {
        let copy = blocks.inValidation(hash)
        let targets = blocks.blockAccepted(hash, at: now)
        guard let copy, let block = move.applied.last else { return }
        // The very bytes that arrived, in an unsigned envelope of ours.
        broadcast(.block(copy.payload), to: targets, into: &effects)
        for id in targets { transactions.messageSent(to: id, at: now) }
        peers.usefulMessageReceived(copy.from, .block, at: now)
        counters.propagation.observe(move.to.age(at: now))
        effects.append(.stampRelay(receivedAt: copy.receivedAt))
        effects.append(
            .fact(
                .blockRelayed(
                    move.to, transactionCount: block.transactionCount, receivedAt: copy.receivedAt, peers: targets.count)))
        readClock(of: block, timestamp: move.to.timestamp, receivedAt: copy.receivedAt, at: now, into: &effects)
    }

    /// What a valid block tells of its maker's clock, against ours when the block came.
    private mutating func readClock(
        of block: BlockSummary, timestamp: Int64, receivedAt: Nanoseconds, at now: Moment, into effects: inout [CoreEffect]
    ) {
        let waited = max(0, now.uptime - receivedAt) / Nanoseconds.milliseconds(1)
        let arrival = Moment(uptime: receivedAt, unixMilliseconds: now.unixMilliseconds.subtracting(clamping: waited))
        let notice = clocks.blockCame(producer: block.producer, height: block.height, timestamp: timestamp, at: arrival)
        if let notice { effects.append(.fact(.producerClock(notice))) }
    }

    private mutating func blockRejected(
        _ hash: Hash32, _ fault: BlockRejection.Fault, _ reason: String, at now: Moment, into effects: inout [CoreEffect]
    ) {
        effects.append(.fact(.blockRefused(hash: hash, from: blocks.inValidation(hash)?.from, reason: reason)))
        guard fault != .notNext else {
            blocks.blockSetAside(hash)
            return
        }
        counters.rejectedBlocks += 1
        let outcome = blocks.blockRejected(hash, fault == .header ? .header : .body, at: now)
        for id in outcome.culprits { peers.penalize(id, .invalidBlock, at: now, into: &peerEffects.waiting) }
        if let next = outcome.next { effects.append(.chain(.validateBlock(hash: hash, payload: next.payload))) }
    }

    private mutating func committed(_ newHead: Head, into effects: inout [CoreEffect]) {
        committedHead = newHead
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
