internal import Chain
internal import Gossip
internal import Ledger
internal import Network
internal import Peering
internal import Primitives
internal import Sync
internal import Wire

// The parts speak in effects of their own; here they become messages, commands, or news for the other parts. An effect of one
// part may cause effects of another (a ready peer is news for gossip and sync), so this goes round until nothing is left.
// It ends: each round is caused by a state that the part has left (a peer becomes ready or goes once, a fault is reported
// once).
extension ProtocolCore {
    mutating func settle(at now: Moment, into effects: inout [CoreEffect]) {
        while !peerEffects.isEmpty || !syncEffects.isEmpty || !gossipEffects.isEmpty {
            drainPeering(at: now, into: &effects)
            drainSync(at: now, into: &effects)
            drainGossip(at: now, into: &effects)
        }
    }

    // MARK: Peering

    private mutating func drainPeering(at now: Moment, into effects: inout [CoreEffect]) {
        guard !peerEffects.isEmpty else { return }
        var batch = peerEffects.take()
        for effect in batch { carryOut(effect, at: now, into: &effects) }
        peerEffects.giveBack(&batch)
    }

    private mutating func carryOut(_ effect: PeerEffect, at now: Moment, into effects: inout [CoreEffect]) {
        switch effect {
        case .dial(let endpoint): effects.append(.dial(endpoint))
        case .cancelDial(let endpoint): effects.append(.cancelDial(endpoint))
        case .sendHandshake(let id):
            send(.handshake(configuration.peering.local.handshake(height: committedHead.height)), to: id, at: now, into: &effects)
        case .sendPeerListRequest(let id):
            send(.peerList(.request), to: id, at: now, into: &effects)
        case .sendPeerList(let id, let endpoints):
            send(.peerList(.answer(endpoints, skipped: 0)), to: id, at: now, into: &effects)
        case .sendPing(let id, let nonce):
            send(.ping(Ping(nonce: nonce, height: committedHead.height)), to: id, at: now, into: &effects)
        case .sendPong(let id, let nonce):
            send(.pong(Ping(nonce: nonce, height: committedHead.height)), to: id, at: now, into: &effects)
        case .close(let id, let reason):
            // One that was ready is reported by `peerGone`.
            if let link = links[id], !link.isReady {
                counters.rejections.count(reason)
                effects.append(.fact(.connectionRefused(id, link.remote, reason)))
            }
            links.forget(id, at: now)
            effects.append(.close(id, reason))
        case .peerReady(let id): peerReady(id, at: now, into: &effects)
        case .peerGone(let id, let reason): peerGone(id, reason, at: now, into: &effects)
        case .fact(let fact): effects.append(.fact(.peering(fact)))
        }
    }

    private mutating func peerReady(_ id: PeerID, at now: Moment, into effects: inout [CoreEffect]) {
        guard let info = peers.peer(id) else { return }
        links.ready(id, identity: info.nodeID, speaksBatches: info.supports(Capability.transactionBatch))
        effects.append(.limitFrames(id, configuration.maxFrameBytes))
        effects.append(.fact(.peerConnected(info)))
        blocks.peerReady(id)
        sync.peerReady(id, height: info.height, at: now, into: &syncEffects.waiting)
        // Gossip of transactions begins with what is pending, so that none falls between the list and the relay.
        effects.append(.chain(.listPending(id)))
        reconsiderProduction(at: now)
    }

    private mutating func peerGone(_ id: PeerID, _ reason: DisconnectReason, at now: Moment, into effects: inout [CoreEffect]) {
        links.forget(id, at: now)
        counters.disconnects.count(reason)
        blocks.peerGone(id)
        transactions.peerGone(id)
        sync.peerGone(id, at: now, into: &syncEffects.waiting)
        effects.append(.fact(.peerDisconnected(id, reason)))
    }

    // MARK: Sync

    private mutating func drainSync(at now: Moment, into effects: inout [CoreEffect]) {
        guard !syncEffects.isEmpty else { return }
        var batch = syncEffects.take()
        for effect in batch { carryOut(effect, at: now, into: &effects) }
        syncEffects.giveBack(&batch)
    }

    private mutating func carryOut(_ effect: SyncEffect, at now: Moment, into effects: inout [CoreEffect]) {
        switch effect {
        case .request(let id, let range, let isSingle):
            send(.blockRequest(isSingle ? .single(range.first) : .range(range)), to: id, at: now, into: &effects)
        case .prepare(let ticket, _, let range, let payload):
            effects.append(.chain(.prepareRange(ticket: ticket, range: range, payload: payload)))
        case .apply(let ticket): effects.append(.chain(.applyRange(ticket: ticket)))
        case .discard(let ticket): effects.append(.chain(.discardRange(ticket: ticket)))
        case .fault(let id, let fault):
            effects.append(.fact(.syncFault(id, fault)))
            if let fault = fault.asPeerFault { peers.penalize(id, fault, at: now, into: &peerEffects.waiting) }
        case .progress(let progress): effects.append(.fact(.syncProgress(progress)))
        case .started(let target): effects.append(.fact(.syncStarted(height: head.height, target: target)))
        case .finished(let height):
            effects.append(.fact(.syncFinished(height: height)))
            reconsiderProduction(at: now)
        }
    }

    // MARK: Gossip

    private mutating func drainGossip(at now: Moment, into effects: inout [CoreEffect]) {
        guard !gossipEffects.isEmpty else { return }
        var batch = gossipEffects.take()
        for effect in batch {
            switch effect {
            case .transaction(let transaction, let receivers):
                broadcast(.transaction(transaction.payload), to: receivers, .bulk, into: &effects)
            case .batch(let members, let receivers):
                broadcast(.transactionBatch(members.map(\.payload)), to: receivers, .bulk, into: &effects)
            }
        }
        gossipEffects.giveBack(&batch)
    }

    // MARK: Messages

    /// Says one thing to several peers.
    mutating func broadcast(_ message: Message, to receivers: [PeerID], _ lane: Lane = .now, into effects: inout [CoreEffect]) {
        if !receivers.isEmpty { effects.append(.send(message, to: receivers, lane: lane)) }
    }

    /// Says one thing to one peer, which takes its part of the messages that the peer grants us.
    private mutating func send(_ message: Message, to id: PeerID, at now: Moment, into effects: inout [CoreEffect]) {
        effects.append(.send(message, to: [id], lane: .now))
        transactions.messageSent(to: id, at: now)
    }
}

extension SyncFault {
    /// What it weighs with the peer table; `nil` when it has no consequence beyond the sync's own.
    var asPeerFault: PeerFault? {
        switch self {
        case .slow, .shortAnswer, .otherChain: nil
        case .stalled: .stalled
        case .heightLie, .impossibleHeight: .falseHeight
        case .malformed: .violation(.badPayload(type: .blockResponse, reason: description))
        case .badBlock: .invalidBlock
        case .unsolicitedResponse: .unsolicitedAnswer
        }
    }
}
