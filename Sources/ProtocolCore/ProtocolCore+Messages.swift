internal import Chain
internal import Gossip
internal import Ledger
public import Network
internal import Peering
public import Primitives
internal import Sync
public import Wire

extension ProtocolCore {
    /// A whole message of a peer came; what its frame costs is asked of `frameTaken` afterwards.
    ///
    /// Cost: a block's header is decoded and hashed, a transaction's payload is hashed; everything else that costs is left to
    /// the chain worker.
    public mutating func received(_ received: ReceivedMessage, from id: PeerID, at now: Moment, into effects: inout [CoreEffect]) {
        guard links.contains(id) else { return }
        countReceived(received, from: id)
        do throws(Violation) {
            try judge(received, from: id, at: now, into: &effects)
        } catch {
            effects.append(.fact(.violated(id, error)))
            peers.penalize(id, .violation(error), at: now, into: &peerEffects.waiting)
        }
        settle(at: now, into: &effects)
    }

    /// In the order of `protocol.md`: a handshake first, then nothing before it was accepted, then whose signature it is, then what it says.
    private mutating func judge(
        _ received: ReceivedMessage, from id: PeerID, at now: Moment, into effects: inout [CoreEffect]
    ) throws(Violation) {
        if case .message(.handshake(let handshake)) = received.content {
            return try takeHandshake(handshake, received, from: id, at: now)
        }
        guard received.type == .handshake || peers.messageReceived(id, at: now, into: &peerEffects.waiting) else { return }
        switch received.content {
        case .message(let message):
            try received.checkSigner(expected: links.identity(of: id))
            try take(message, from: id, at: now, into: &effects)
        case .malformed(let type, let violation):
            if type != .handshake { try received.checkSigner(expected: links.identity(of: id)) }
            throw violation
        case .unknown:
            // A newer node's message: ignored and counted, never a violation (`protocol.md`, "Envelope").
            counters.messagesOfUnknownType += 1
        }
    }

    private mutating func take(
        _ message: Message, from id: PeerID, at now: Moment, into effects: inout [CoreEffect]
    ) throws(Violation) {
        switch message {
        case .block(let json): try takeBlock(json, from: id, at: now, into: &effects)
        case .transaction(let json): takeTransactions([json], from: id, at: now, into: &effects)
        case .transactionBatch(let transactions): takeTransactions(transactions, from: id, at: now, into: &effects)
        case .blockRequest(let request): takeBlockRequest(request, from: id, into: &effects)
        case .blockResponse(let payload): sync.responseReceived(id, payload: payload, at: now, into: &syncEffects.waiting)
        case .peerList(.request): peers.peerListRequested(id, at: now, into: &peerEffects.waiting)
        case .peerList(.answer(let endpoints, _)): peers.peerListReceived(id, endpoints, at: now, into: &peerEffects.waiting)
        case .ping(let ping):
            peers.pingReceived(id, ping, at: now, into: &peerEffects.waiting)
            sync.peerHeight(id, height: ping.height, at: now, into: &syncEffects.waiting)
        case .pong(let pong):
            peers.pongReceived(id, pong, at: now)
            sync.peerHeight(id, height: pong.height, at: now, into: &syncEffects.waiting)
        case .handshake: break  // Taken already, by `judge`.
        }
    }

    private mutating func takeHandshake(
        _ handshake: Handshake, _ received: ReceivedMessage, from id: PeerID, at now: Moment
    ) throws(Violation) {
        let nodeID = handshake.nodeID.flatMap { Address(ByteString($0)) }
        try received.checkSigner(expected: nodeID)
        peers.handshakeReceived(id, handshake, signedBy: received.signer == nil ? nil : nodeID, at: now, into: &peerEffects.waiting)
    }

    // MARK: Blocks

    private mutating func takeBlock(
        _ payload: [UInt8], from id: PeerID, at now: Moment, into effects: inout [CoreEffect]
    ) throws(Violation) {
        let peek: (header: BlockHeader, hash: Hash32)
        do {
            peek = try HeaderPeek.read(payload)
        } catch {
            throw .badPayload(type: .block, reason: "\(error)")
        }
        let height = peek.header.height
        let block = ReceivedBlock(hash: peek.hash, height: height, payload: payload, from: id, receivedAt: now.uptime)
        if height <= head.height {
            takeOldBlock(block, at: now, into: &effects)
            return
        }
        peers.heightLearned(id, height, at: now)
        if height == head.height + 1 {
            offer(block, at: now, into: &effects)
        } else {
            waiting.add(block)
        }
        sync.peerHasBlock(id, height: height == head.height + 1 ? head.height : height, at: now, into: &syncEffects.waiting)
    }

    /// A block at or below our head: one that we have, or one of a competing chain.
    private mutating func takeOldBlock(_ block: ReceivedBlock, at now: Moment, into effects: inout [CoreEffect]) {
        guard block.height == head.height else {
            counters.staleBlocks += 1
            return
        }
        switch blocks.blockArrived(block.hash, payload: block.payload, from: block.from, at: now) {
        case .validate:
            // The place of the fork choice: a block beside our head, by weight and hash it might be the better one.
            blocks.blockSetAside(block.hash)
            counters.competingBlocks += 1
            effects.append(.fact(.competingBlock(height: block.height, hash: block.hash)))
        case .waiting, .duplicate, .knownBad, .busy:
            counters.blockDuplicates += 1
        }
    }

    /// Puts a block that may be the next one before validation, unless a copy of it is there already.
    mutating func offer(_ block: ReceivedBlock, at now: Moment, into effects: inout [CoreEffect]) {
        switch blocks.blockArrived(block.hash, payload: block.payload, from: block.from, receivedAt: block.receivedAt, at: now) {
        case .validate: effects.append(.chain(.validateBlock(hash: block.hash, payload: block.payload)))
        case .duplicate, .waiting: counters.blockDuplicates += 1
        case .knownBad: peers.penalize(block.from, .invalidBlock, at: now, into: &peerEffects.waiting)
        case .busy: break  // Sync asks for it later, should it be needed.
        }
    }

    // MARK: Transactions

    private mutating func takeTransactions(
        _ payloads: [[UInt8]], from id: PeerID, at now: Moment, into effects: inout [CoreEffect]
    ) {
        var candidates: [TransactionCandidate] = []
        for payload in payloads {
            let gossipID = SHA256.hash(payload)
            switch transactions.transactionArrived(gossipID, from: id, at: now) {
            case .check: candidates.append(TransactionCandidate(gossipID: gossipID, payload: payload, from: id))
            case .duplicate: counters.transactionDuplicates += 1
            }
        }
        guard !candidates.isEmpty else { return }
        let byteCount = candidates.reduce(0) { $0 + $1.payload.count }
        links.addUnchecked(candidates.count, byteCount: byteCount, of: id)
        effects.append(.chain(.checkTransactions(candidates)))
    }

    // MARK: Requests and answers

    private mutating func takeBlockRequest(_ request: BlockRequest, from id: PeerID, into effects: inout [CoreEffect]) {
        links.asked(id, for: request)
        answerNext(id, into: &effects)
    }

    /// Has the oldest request of a peer answered, if its turn has come: see the rules above `LinkTable`.
    mutating func answerNext(_ id: PeerID, isCommitted: Bool = false, into effects: inout [CoreEffect]) {
        let (committed, isAllOnDisk) = (committedHead.height, isCommitted || head == committedHead)
        guard let request = links.nextRequest(of: id, isOnDisk: { isAllOnDisk || $0.last <= committed }) else { return }
        var isSingle = false
        if case .single = request { isSingle = true }
        effects.append(.readBlocks(request.range, isSingle: isSingle, for: id))
    }
}
