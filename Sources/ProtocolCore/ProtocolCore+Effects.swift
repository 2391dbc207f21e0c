internal import Chain
internal import Gossip
internal import Ledger
internal import Network
internal import Peering
internal import Primitives
internal import Sync
internal import Wire

// The parts speak in effects of their own; here they become frames, commands, or news for the other parts. An effect of one
// part may cause effects of another (a ready peer is news for gossip and sync), so this goes round until nothing is left.
// It ends: each round is caused by a state that the part has left (a peer becomes ready or goes once, a fault is reported
// once).
extension ProtocolCore {
    mutating func settle(at now: Moment, into effects: inout [CoreEffect]) {
        while !peerEffects.isEmpty || !syncEffects.isEmpty || !gossipEffects.isEmpty {
            drainPeering(at: now, into: &effects)
            drainSync(responsePayload: nil, at: now, into: &effects)
            drainGossip(at: now, into: &effects)
        }
    }

    // MARK: Peering

    private mutating func drainPeering(at now: Moment, into effects: inout [CoreEffect]) {
        guard !peerEffects.isEmpty else { return }
        var batch: [PeerEffect] = []
        swap(&batch, &peerEffects)
        for effect in batch { carryOut(effect, at: now, into: &effects) }
        batch.removeAll(keepingCapacity: true)
        if peerEffects.isEmpty { swap(&batch, &peerEffects) }
    }

    private mutating func carryOut(_ effect: PeerEffect, at now: Moment, into effects: inout [CoreEffect]) {
        switch effect {
        case .dial(let endpoint): effects.append(.dial(endpoint))
        case .cancelDial(let endpoint): effects.append(.cancelDial(endpoint))
        case .sendHandshake(let id):
            let handshake = configuration.peering.local.handshake(height: committedHeight)
            send(.handshake, handshake.encode(), to: id, isSigned: true, at: now, into: &effects)
        case .sendPeerListRequest(let id):
            send(.peerList, [], to: id, at: now, into: &effects)
        case .sendPeerList(let id, let endpoints):
            send(.peerList, PeerList.encode(endpoints), to: id, at: now, into: &effects)
        case .sendPing(let id, let nonce):
            send(.ping, Ping(nonce: nonce, height: committedHeight).encode(), to: id, at: now, into: &effects)
        case .sendPong(let id, let nonce):
            send(.pong, Ping(nonce: nonce, height: committedHeight).encode(), to: id, at: now, into: &effects)
        case .close(let id, let reason):
            // One that was ready is reported by `peerGone`.
            if let link = links[id], !link.isReady {
                counters.rejections.count(reason)
                effects.append(.fact(.connectionRefused(id, link.remote, reason)))
            }
            forget(id, at: now)
            effects.append(.close(id, reason))
        case .peerReady(let id): peerReady(id, at: now, into: &effects)
        case .peerGone(let id, let reason): peerGone(id, reason, at: now, into: &effects)
        case .fact(let fact): effects.append(.fact(.peering(fact)))
        }
    }

    private mutating func peerReady(_ id: PeerID, at now: Moment, into effects: inout [CoreEffect]) {
        guard let info = peers.peer(id) else { return }
        links[id]?.isReady = true
        effects.append(.fact(.peerConnected(info)))
        blocks.peerReady(id)
        sync.peerReady(id, height: info.height, at: now, into: &syncEffects)
        // Gossip of transactions begins with what is pending, so that none falls between the list and the relay.
        effects.append(.chain(.listPending(id)))
        reconsiderProduction(at: now)
    }

    private mutating func peerGone(_ id: PeerID, _ reason: DisconnectReason, at now: Moment, into effects: inout [CoreEffect]) {
        forget(id, at: now)
        counters.disconnects.count(reason)
        blocks.peerGone(id)
        transactions.peerGone(id)
        sync.peerGone(id, at: now, into: &syncEffects)
        effects.append(.fact(.peerDisconnected(id, reason)))
    }

    // MARK: Sync

    /// Carries out what `sync` decided. `responsePayload` is the answer that was just reported to it, which a `prepare`
    /// effect of the same call takes along.
    mutating func drainSync(responsePayload: [UInt8]?, at now: Moment, into effects: inout [CoreEffect]) {
        guard !syncEffects.isEmpty else { return }
        var batch: [SyncEffect] = []
        swap(&batch, &syncEffects)
        for effect in batch {
            switch effect {
            case .request(let id, let range, let isSingle):
                let request = isSingle ? BlockRequest.single(range.first) : .range(range)
                send(.blockRequest, request.encode(), to: id, at: now, into: &effects)
            case .prepare(let ticket, _, let range):
                effects.append(.chain(.prepareRange(ticket: ticket, range: range, payload: responsePayload ?? [])))
            case .apply(let ticket): effects.append(.chain(.applyRange(ticket: ticket)))
            case .discard(let ticket): effects.append(.chain(.discardRange(ticket: ticket)))
            case .fault(let id, let fault):
                effects.append(.fact(.syncFault(id, fault)))
                if let fault = fault.asPeerFault { peers.penalize(id, fault, at: now, into: &peerEffects) }
            case .progress(let progress): effects.append(.fact(.syncProgress(progress)))
            case .started(let target): effects.append(.fact(.syncStarted(target: target)))
            case .finished(let height):
                effects.append(.fact(.syncFinished(height: height)))
                reconsiderProduction(at: now)
            case .probed: break  // The fork choice will ask for single heights; nobody does yet.
            }
        }
    }

    // MARK: Gossip

    private mutating func drainGossip(at now: Moment, into effects: inout [CoreEffect]) {
        guard !gossipEffects.isEmpty else { return }
        var batch: [TransactionGossipEffect] = []
        swap(&batch, &gossipEffects)
        for effect in batch {
            switch effect {
            case .transaction(let transaction, let receivers):
                broadcast(.transaction, transaction.payload, to: receivers, isBulk: true, at: now, into: &effects)
            case .batch(let members, let receivers):
                let payload = TransactionBatch.encode(members.lazy.map(\.payload)).payload
                broadcast(.transactionBatch, payload, to: receivers, isBulk: true, at: now, into: &effects)
            }
        }
    }

    // MARK: Frames

    /// Sends one message to several peers: one frame, shared by all of them.
    mutating func broadcast(
        _ type: MessageType, _ payload: [UInt8], to receivers: [PeerID], isBulk: Bool = false, at now: Moment,
        into effects: inout [CoreEffect]
    ) {
        guard !receivers.isEmpty, let frame = try? FrameEncoder.frame(type: type, payload: payload, timestamp: now.unixSeconds) else {
            return
        }
        for id in receivers {
            effects.append(isBulk ? .sendBulk(id, frame: frame) : .send(id, frame: frame))
            countSent(type, byteCount: frame.count, to: id)
        }
    }

    /// Sends one message to one peer. A message that does not fit under the cap is a bug of the sender of it, and goes nowhere.
    mutating func send(
        _ type: MessageType, _ payload: [UInt8], to id: PeerID, isSigned: Bool = false, at now: Moment,
        into effects: inout [CoreEffect]
    ) {
        let signer = isSigned ? configuration.identity : nil
        if let frame = try? FrameEncoder.frame(type: type, payload: payload, timestamp: now.unixSeconds, signer: signer) {
            effects.append(.send(id, frame: frame))
            countSent(type, byteCount: frame.count, to: id)
            transactions.messageSent(to: id, at: now)
        }
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
