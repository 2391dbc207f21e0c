internal import Chain
internal import Gossip
internal import Ledger
public import Network
internal import Peering
public import Primitives
internal import Sync
public import Wire

extension ProtocolCore {
    /// A whole message of a peer. The shell asked `mayTakeFrame` before it decoded it.
    ///
    /// Cost: a block's header is decoded and hashed, a transaction's payload is hashed; everything else that costs is left to
    /// the chain worker.
    public mutating func received(_ message: Envelope, from id: PeerID, at now: Moment, into effects: inout [CoreEffect]) {
        guard let link = links[id] else { return }
        countReceived(message, from: id)
        do throws(Violation) {
            if message.known == .handshake {
                try takeHandshake(message, from: id, at: now)
            } else if peers.messageReceived(id, at: now, into: &peerEffects) {
                if message.known != nil { try message.verify(expected: link.nodeID) }
                try take(message, from: id, at: now, into: &effects)
            }
        } catch {
            effects.append(.fact(.violated(id, error)))
            peers.penalize(id, .violation(error), at: now, into: &peerEffects)
        }
        settle(at: now, into: &effects)
    }

    private mutating func take(
        _ message: Envelope, from id: PeerID, at now: Moment, into effects: inout [CoreEffect]
    ) throws(Violation) {
        switch message.known {
        case .block: try takeBlock(message.payload, from: id, at: now, into: &effects)
        case .transaction: takeTransactions([message.payload], from: id, at: now, into: &effects)
        case .transactionBatch:
            let payload = message.payload
            let parts = try TransactionBatch.split(payload).map { Array(payload[$0]) }
            takeTransactions(parts, from: id, at: now, into: &effects)
        case .blockRequest: takeBlockRequest(try BlockRequest(decoding: message.payload), from: id, into: &effects)
        case .blockResponse: takeBlockResponse(message.payload, from: id, at: now, into: &effects)
        case .peerList: try takePeerList(message.payload, from: id, at: now)
        case .ping:
            let ping = try Ping(decoding: message.payload, type: .ping)
            peers.pingReceived(id, ping, at: now, into: &peerEffects)
            sync.peerHeight(id, height: ping.height, at: now, into: &syncEffects)
        case .pong:
            let pong = try Ping(decoding: message.payload, type: .pong)
            peers.pongReceived(id, pong, at: now)
            sync.peerHeight(id, height: pong.height, at: now, into: &syncEffects)
        case .handshake, nil:
            // A newer node's message: ignored and counted, never a violation (`protocol.md`, "Envelope").
            counters.messagesOfUnknownType += 1
        }
    }

    private mutating func takeHandshake(_ message: Envelope, from id: PeerID, at now: Moment) throws(Violation) {
        let handshake = try Handshake(decoding: message.payload)
        let nodeID = handshake.nodeID.flatMap { Address(ByteString($0)) }
        try message.verify(expected: nodeID)
        let signer = message.signature == nil ? nil : nodeID
        links[id]?.nodeID = nodeID
        links[id]?.speaksBatches = handshake.has(Capability.transactionBatch)
        links[id]?.speaksPing = handshake.has(Capability.ping)
        peers.handshakeReceived(id, handshake, signedBy: signer, at: now, into: &peerEffects)
    }

    private mutating func takePeerList(_ payload: [UInt8], from id: PeerID, at now: Moment) throws(Violation) {
        switch try PeerList(decoding: payload) {
        case .request: peers.peerListRequested(id, at: now, into: &peerEffects)
        case .answer(let endpoints, _): peers.peerListReceived(id, endpoints, at: now, into: &peerEffects)
        }
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
        let block = ReceivedBlock(
            hash: peek.hash, height: height, payload: payload, from: id, producer: peek.header.producer, receivedAt: now.uptime)
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
        sync.peerHasBlock(id, height: height == head.height + 1 ? head.height : height, at: now, into: &syncEffects)
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
        switch blocks.blockArrived(block.hash, payload: block.payload, from: block.from, at: now) {
        case .validate:
            inValidation[block.hash] = block
            effects.append(.chain(.validateBlock(block)))
        case .duplicate, .waiting: counters.blockDuplicates += 1
        case .knownBad: peers.penalize(block.from, .invalidBlock, at: now, into: &peerEffects)
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
        uncheckedBytes += byteCount
        links[id]?.uncheckedBytes += byteCount
        links[id]?.uncheckedTransactions += candidates.count
        effects.append(.chain(.checkTransactions(candidates)))
    }

    // MARK: Requests and answers

    private mutating func takeBlockRequest(_ request: BlockRequest, from id: PeerID, into effects: inout [CoreEffect]) {
        links[id]?.requests.append(request)
        answerNext(id, into: &effects)
    }

    /// Has the oldest request of a peer answered, one at a time: answers come in the order of the requests, and no more than
    /// one waits behind a full socket.
    mutating func answerNext(_ id: PeerID, isCommitted: Bool = false, into effects: inout [CoreEffect]) {
        guard let link = links[id], !link.isBeingAnswered, link.congestedSince == nil, let request = link.requests.first else { return }
        let range = request.range
        if !isCommitted, range.last > committedHeight, head.height > committedHeight {
            // A block may be relayed before it is on disk: a request for it waits for the commit, which is milliseconds away.
            awaitingCommit.insert(id)
            return
        }
        var isSingle = false
        if case .single = request { isSingle = true }
        links[id]?.requests.removeFirst()
        links[id]?.isBeingAnswered = true
        effects.append(.sendBlocks(id, range, isSingle: isSingle))
    }

    private mutating func takeBlockResponse(
        _ payload: [UInt8], from id: PeerID, at now: Moment, into effects: inout [CoreEffect]
    ) {
        sync.responseReceived(id, payloadByteCount: payload.count, at: now, into: &syncEffects)
        drainSync(responsePayload: payload, at: now, into: &effects)
    }
}
