internal import DequeModule
public import Network
public import Primitives

extension SyncManager {
    // MARK: From the peers

    /// Bytes of a frame that is not whole yet came from this peer: while it owes an answer, they show that it works on
    /// it. Optional; without it only the time until the whole answer counts.
    public mutating func bytesReceived(_ id: PeerID, count: Int, at now: Moment) {
        guard let index = peers.position(of: id), !peers[index].outstanding.isEmpty else { return }
        peers[index].headBytes += count
        peers[index].headBytesAt = now.uptime
    }

    /// A BlockResponse came with this payload: the answer to the oldest request of this peer. What is of use comes back in a `prepare`;
    /// the rest is dropped.
    public mutating func responseReceived(_ id: PeerID, payload: [UInt8], at now: Moment, into effects: inout [SyncEffect]) {
        guard let index = peers.position(of: id), !peers[index].isBad else { return }
        guard let (request, duration) = peers[index].takeHead(at: now.uptime) else {
            endUse(of: id, because: .unsolicitedResponse, into: &effects)
            return advance(at: now, into: &effects)
        }
        resumeRequests(of: id)
        // `[]` and the empty payload are what a peer without the block answers; no block has two bytes.
        let isEmpty = payload.count <= 2
        if let target = segmentIndex(request.segment), segments[target].isOpen {
            if isEmpty {
                if segments[target].isRequested(from: id) { segments[target].state = .wanted }
                segments[target].avoid(id)
                deliveredNothing(id, of: request.range, at: now, into: &effects)
            } else {
                prepare(target, request.range, payload, duration, from: id, into: &effects)
            }
        }
        advance(at: now, into: &effects)
    }

    private mutating func prepare(
        _ segment: Int, _ range: HeightRange, _ payload: [UInt8], _ duration: Nanoseconds, from id: PeerID,
        into effects: inout [SyncEffect]
    ) {
        lastTicket += 1
        let ticket = SyncTicket(rawValue: lastTicket)
        segments[segment].state = .preparing(
            SyncSegment.Answer(ticket: ticket, peer: id, range: range, byteCount: payload.count, duration: duration))
        effects.append(.prepare(ticket, id, range, payload: payload))
    }

    // MARK: From the worker

    /// The answer holds `count` well-formed consecutive blocks from the first height asked for, their signatures checked
    /// as far as that goes without the chain.
    public mutating func rangePrepared(_ ticket: SyncTicket, count: Int, at now: Moment, into effects: inout [SyncEffect]) {
        guard let index = segmentIndex(ticket), case .preparing(let answer) = segments[index].state else { return }
        guard count >= 0, count <= answer.range.count else {
            return rangeMalformed(ticket, at: now, into: &effects)
        }
        guard count > 0 else {
            segments[index].state = .wanted
            segments[index].avoid(answer.peer)
            deliveredNothing(answer.peer, of: answer.range, at: now, into: &effects)
            return advance(at: now, into: &effects)
        }
        blockBytes += (Double(answer.byteCount) / Double(count) - blockBytes) / 3
        if let peer = peers.position(of: answer.peer) { peers[peer].measure(count: count, in: answer.duration) }
        keepDelivered(index, answer, count, at: now, into: &effects)
        advance(at: now, into: &effects)
    }

    /// The segment shrinks to what came; the rest is wanted again.
    private mutating func keepDelivered(
        _ index: Int, _ answer: SyncSegment.Answer, _ count: Int, at now: Moment, into effects: inout [SyncEffect]
    ) {
        let delivered = answer.range.first + UInt64(count - 1)
        let isShort = count < answer.range.count && answer.byteCount < configuration.justifiedCutBytes
        if isShort, !isFreshClaim(answer.peer, at: now) {
            effects.append(.fault(answer.peer, .shortAnswer(answer.range, delivered: count)))
        }
        guard delivered >= segments[index].first else {
            // Gossip brought all of it meanwhile.
            effects.append(.discard(answer.ticket))
            segments[index].state = .wanted
            if isShort { segments[index].avoid(answer.peer) }
            return
        }
        let last = segments[index].last
        segments[index].state = .ready(answer)
        segments[index].last = delivered
        if delivered < last {
            segments.insert(newSegment(delivered + 1, last, avoid: isShort ? [answer.peer] : []), at: index + 1)
        }
    }

    /// The answer is not what was asked for: no JSON array of blocks, other heights, too many, blocks that do not link.
    public mutating func rangeMalformed(_ ticket: SyncTicket, at now: Moment, into effects: inout [SyncEffect]) {
        guard let index = segmentIndex(ticket), let answer = segments[index].answer else { return }
        segments[index].state = .wanted
        segments[index].avoid(answer.peer)
        endUse(of: answer.peer, because: .malformed(answer.range), into: &effects)
        advance(at: now, into: &effects)
    }

    /// All blocks of the range are part of the chain now, whose head is `newHeight`.
    public mutating func rangeApplied(_ ticket: SyncTicket, newHeight: UInt64, at now: Moment, into effects: inout [SyncEffect]) {
        guard let index = segmentIndex(ticket), segments[index].isApplying else {
            // Discarded too late: the worker had applied it already.
            if newHeight != height { headMoved(to: newHeight, hasUndone: newHeight < height, at: now, into: &effects) }
            return
        }
        let segment = segments.remove(at: index)
        height = newHeight
        if height < segment.last { segments.insert(newSegment(height + 1, segment.last), at: index) }
        dropBelowHead(into: &effects)
        advance(at: now, into: &effects)
    }

    /// The block at `rejected` was refused; those of the range below it are applied. What came from the same peer or
    /// waits in the worker behind it is discarded and asked for again; what others brought and the worker has not begun
    /// stays, since it is judged by itself.
    public mutating func rangeRejected(
        _ ticket: SyncTicket, atHeight rejected: UInt64, _ reason: SyncRejection, at now: Moment, into effects: inout [SyncEffect]
    ) {
        guard let index = segmentIndex(ticket), case .applying(let answer) = segments[index].state else { return }
        let segment = segments[index]
        let retry = min(max(rejected, segment.first), segment.last)
        height = max(height, retry - 1)
        segments[index] = newSegment(retry, segment.last, avoid: segment.avoid + [answer.peer])
        discardAnswers(into: &effects) { other in
            if case .applying = other.state { return true }
            return reason != .faultless && other.answer?.peer == answer.peer
        }
        switch reason {
        case .invalidBlock: endUse(of: answer.peer, because: .badBlock(height: retry), into: &effects)
        case .otherChain: markFork(answer.peer, at: retry, now, into: &effects)
        case .faultless: pausedUntil = now.uptime + configuration.faultlessPause
        }
        dropBelowHead(into: &effects)
        advance(at: now, into: &effects)
    }

    private mutating func markFork(_ id: PeerID, at fork: UInt64, _ now: Moment, into effects: inout [SyncEffect]) {
        effects.append(.fault(id, .otherChain(height: fork)))
        guard let peer = peers.position(of: id) else { return }
        peers[peer].fork = (max(fork, 1), now.uptime + configuration.markDuration)
        releaseRequests(of: id) { $0.last >= fork }
    }
}
