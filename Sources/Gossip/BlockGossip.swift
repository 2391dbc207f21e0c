public import Network
internal import OrderedCollections
public import Primitives

/// Which blocks to validate and whom to relay them to.
///
/// 1. A block is relayed once it is valid, never before, to every peer that is not known to have it: a relay that did not check
///    would be punished for what others made, and so are those who send us what is bad.
/// 2. Who sent a block has it, whatever came of it, and is not sent it.
/// 3. A block is validated once. A block is named by the hash of its header, and that hash commits to the transactions only
///    through the merkle root: anyone can put a good header before bad transactions. So what is bad about a *body* never counts
///    against the hash. While the first copy is validated, up to `alternatesPerBlock` further copies with other bytes are kept,
///    and the next one is tried when the first turns out bad.
/// 4. Only a bad *header* makes the hash itself known as bad, for a bounded time: then every block of that hash is bad.
/// 5. All who sent the bytes that turned out bad are to blame, and nobody else is.
/// 6. What cannot be judged now is not remembered, so that a later copy is judged as if it were the first.
/// 7. Blocks in validation, their copies and what is remembered are bounded. What does not fit is refused: sync heals that.
///
/// A plain value. An arrival costs a look into the caches, and a comparison of bytes while the block is in validation; only what
/// is to be told to all, an accepted block, is linear in peers.
public struct BlockGossip: Sendable {
    public let configuration: BlockGossipConfiguration

    private struct Peer: Identifiable {
        let id: PeerID
        var known: SeenCache
    }

    /// The same bytes, from whoever sent them.
    fileprivate struct Copy {
        let payload: [UInt8]
        var senders: OrderedSet<PeerID>
        /// When the first of them had sent it whole.
        let receivedAt: Nanoseconds
    }

    /// A block in validation; the first copy is the one that is tried, the others are its alternates.
    private struct Pending {
        var copies: [Copy]
        /// The copy that is tried.
        var first: Copy { copies[0] }
        var alternateBytes: Int { copies.dropFirst().reduce(0) { $0 + $1.payload.count } }
    }

    private var peers = PeerArray<Peer>()
    private var seen: SeenCache
    private var knownBad: SeenCache
    private var pending: [Hash32: Pending] = [:]
    private var alternateBytes = 0

    public init(configuration: BlockGossipConfiguration = BlockGossipConfiguration()) {
        self.configuration = configuration
        seen = SeenCache(capacity: configuration.seenBlocks)
        knownBad = SeenCache(capacity: configuration.knownBadBlocks, lifetime: configuration.knownBadLifetime)
    }

    // MARK: Peers

    /// A peer has shaken hands: blocks are relayed to it from now on.
    public mutating func peerReady(_ id: PeerID) {
        guard !peers.contains(id) else { return }
        peers.insert(Peer(id: id, known: SeenCache(capacity: configuration.knownBlocksPerPeer)))
    }

    /// The connection is gone. A copy that it sent stays in validation.
    public mutating func peerGone(_ id: PeerID) {
        peers.remove(id)
    }

    // MARK: Blocks

    /// A block message came. `hash` is its header's; `payload` the bytes as they came, kept only while the block is in
    /// validation and compared with the other copies then, so the call is linear in its size then.
    ///
    /// - Parameter receivedAt: when it came, for one that has waited for its parent since.
    public mutating func blockArrived(
        _ hash: Hash32, payload: [UInt8], from id: PeerID, receivedAt: Nanoseconds? = nil, at now: Moment
    ) -> BlockArrival {
        markKnown(hash, to: id, at: now)
        if knownBad.contains(hash, at: now.uptime) {
            return .knownBad
        }
        if pending[hash] != nil {
            keepCopy(hash, Copy(payload: payload, senders: [id], receivedAt: receivedAt ?? now.uptime), from: id)
            return .waiting
        }
        if seen.contains(hash, at: now.uptime) {
            return .duplicate
        }
        guard pending.count < configuration.pendingBlocks else {
            return .busy
        }
        pending[hash] = Pending(copies: [Copy(payload: payload, senders: [id], receivedAt: receivedAt ?? now.uptime)])
        return .validate
    }

    /// The copy of the block that is in validation. Ask before the verdict is told, which forgets it.
    public func inValidation(_ hash: Hash32) -> BlockCandidate? { pending[hash].map { BlockCandidate(hash, $0.first) } }

    /// The block is valid (or was made here, or came by sync): returns the peers that are not known to have it, in the
    /// order in which they came, and counts them as having it. Relay the very bytes.
    public mutating func blockAccepted(_ hash: Hash32, at now: Moment) -> [PeerID] {
        forgetPending(hash)
        seen.insert(hash, at: now.uptime)
        var targets: [PeerID] = []
        for index in peers.indices where peers[index].known.insert(hash, at: now.uptime) {
            targets.append(peers[index].id)
        }
        return targets
    }

    /// The block is not valid. Returns who sent what was bad, and the copy to validate next, if there is one.
    public mutating func blockRejected(_ hash: Hash32, _ flaw: BlockFlaw, at now: Moment) -> BlockRejectionOutcome {
        let copies = pending[hash]?.copies ?? []
        switch flaw {
        case .header:
            forgetPending(hash)
            knownBad.insert(hash, at: now.uptime)
            return BlockRejectionOutcome(culprits: copies.flatMap(\.senders), next: nil)
        case .body:
            let culprits = copies.first.map { Array($0.senders) } ?? []
            guard copies.count > 1 else {
                forgetPending(hash)
                return BlockRejectionOutcome(culprits: culprits, next: nil)
            }
            alternateBytes -= copies[1].payload.count
            pending[hash]?.copies.removeFirst()
            return BlockRejectionOutcome(culprits: culprits, next: BlockCandidate(hash, copies[1]))
        }
    }

    /// The block cannot be judged now (its parent is missing, the worker is full). It is not remembered: a later copy is
    /// validated as if it were the first.
    public mutating func blockSetAside(_ hash: Hash32) {
        forgetPending(hash)
    }

    /// The chain has this block, and nobody needs to be told: gossip of it is a duplicate from now on.
    public mutating func blockKnown(_ hash: Hash32, at now: Moment) {
        forgetPending(hash)
        seen.insert(hash, at: now.uptime)
    }

    /// The chain does not have this block any more: should it come again, it is judged anew. Who has it is not told of it twice.
    public mutating func blockUndone(_ hash: Hash32) {
        seen.remove(hash)
    }

    private mutating func markKnown(_ hash: Hash32, to id: PeerID, at now: Moment) {
        peers.update(id) { _ = $0.known.insert(hash, at: now.uptime) }
    }

    private mutating func keepCopy(_ hash: Hash32, _ copy: Copy, from id: PeerID) {
        guard let copies = pending[hash]?.copies else { return }
        if let same = copies.firstIndex(where: { $0.payload == copy.payload }) {
            pending[hash]?.copies[same].senders.append(id)
        } else if copies.count <= configuration.alternatesPerBlock, alternateBytes + copy.payload.count <= configuration.alternateBytes {
            pending[hash]?.copies.append(copy)
            alternateBytes += copy.payload.count
        }
    }

    private mutating func forgetPending(_ hash: Hash32) {
        guard let block = pending.removeValue(forKey: hash) else { return }
        alternateBytes -= block.alternateBytes
    }

    // MARK: Tests

    /// Who is told of new blocks, the first that came first.
    package var peerIDs: [PeerID] { peers.map(\.id) }

    /// What is left of a peer that has gone, or nothing. As the sender of a block in validation it may still be named.
    package func remnants(of id: PeerID) -> [String] { peers.contains(id) ? ["what it knows of blocks"] : [] }

    /// Sentences about what does not hold, for tests.
    public func checkInvariants() -> [String] {
        var broken = peers.checkInvariants() + seen.checkInvariants() + knownBad.checkInvariants()
        broken += peers.flatMap { $0.known.checkInvariants() }
        let held = pending.values.reduce(0) { $0 + $1.alternateBytes }
        if held != alternateBytes { broken.append("\(held) bytes of copies, \(alternateBytes) counted") }
        if held > configuration.alternateBytes { broken.append("\(held) bytes of copies") }
        if pending.count > configuration.pendingBlocks { broken.append("\(pending.count) blocks in validation") }
        for block in pending.values {
            if block.copies.isEmpty || block.copies.contains(where: \.senders.isEmpty) { broken.append("a copy of nobody") }
            if block.copies.count > 1 + configuration.alternatesPerBlock { broken.append("\(block.copies.count) copies") }
        }
        return broken
    }
}

extension BlockCandidate {
    fileprivate init(_ hash: Hash32, _ copy: BlockGossip.Copy) {
        self.init(hash: hash, payload: copy.payload, from: copy.senders[0], receivedAt: copy.receivedAt)
    }
}
