public import Network
public import Primitives

/// Which transactions to check and when to send them to whom.
///
/// 1. A transaction is checked once, by the hash of its bytes. One that was refused for a reason which may pass is forgotten, so
///    that a later copy is checked again; one that was refused for good stays known, or it would be checked with every copy.
/// 2. It is relayed once the mempool has admitted it, to every peer that is not known to have it. Who sent it has it.
/// 3. Peers that accept batches get what gathers within `batchDelay` in one message: the first transaction after a quiet time goes
///    at once, those that follow go together. The others get single messages.
/// 4. Both stay within the messages a second that a peer grants, of which everything else that is sent takes its part
///    (`messageSent`). `messageReserve` of them are left for blocks, requests and pings, which do not wait.
/// 5. What does not fit waits in a bounded queue per peer. A full queue refuses the newest: the transactions of a sender depend on
///    each other in order, so what is ahead in the queue stays useful without what is behind it, and not the other way round.
/// 6. What a peer has sent us meanwhile leaves its queue without being sent.
///
/// A plain value. Costs: `transactionArrived` and `messageSent` are constant, `transactionAccepted` and `tick` linear in peers and
/// in what is sent.
public struct TransactionGossip: Sendable {
    public let configuration: TransactionGossipConfiguration

    /// When `tick` has something to send next, as an uptime; `nil` while nothing waits for time to pass.
    public internal(set) var nextDeadline: Nanoseconds?

    var peers = PeerArray<TransactionPeer>()
    var seen: SeenCache
    /// Before this, what batches could carry gathers.
    var gatherUntil: Nanoseconds = .min

    public init(configuration: TransactionGossipConfiguration = TransactionGossipConfiguration()) {
        self.configuration = configuration
        seen = SeenCache(capacity: configuration.seenTransactions, lifetime: configuration.seenLifetime)
    }

    // MARK: Peers

    /// A peer has shaken hands. `acceptsBatches`: it named the capability `txbatch`. `pending` is announced to it, as
    /// far as its queue has room: in an order in which a mempool can admit them.
    public mutating func peerReady(
        _ id: PeerID, acceptsBatches: Bool, pending: [GossipTransaction] = [], at now: Moment,
        into effects: inout [TransactionGossipEffect]
    ) {
        guard !peers.contains(id) else { return }
        var peer = TransactionPeer(id: id, acceptsBatches: acceptsBatches, configuration: configuration, at: now.uptime)
        for transaction in pending {
            guard peer.hasRoom(for: transaction, configuration) else { break }
            peer.append(transaction)
        }
        peers.insert(peer)
        if !pending.isEmpty { send(at: now, into: &effects) }
    }

    /// The connection is gone, and what waited for it.
    public mutating func peerGone(_ id: PeerID) {
        peers.remove(id)
        nextDeadline = earliestDeadline()
    }

    /// Whether the peer's connection takes more bytes: while its write queue is above the high-water mark, transactions
    /// wait here, where they can still be left out or refused.
    public mutating func peerWritable(
        _ id: PeerID, _ isWritable: Bool, at now: Moment, into effects: inout [TransactionGossipEffect]
    ) {
        guard let index = peers.position(of: id), peers[index].isWritable != isWritable else { return }
        peers[index].isWritable = isWritable
        if isWritable { send(at: now, into: &effects) }
        nextDeadline = earliestDeadline()
    }

    /// `count` messages of another kind went to the peer; they take their part of what it grants, and may overdraw it.
    public mutating func messageSent(to id: PeerID, count: Int = 1, at now: Moment) {
        peers.update(id) { $0.overdraw(count, at: now.uptime) }
    }

    // MARK: Transactions

    /// A transaction came from a peer, alone or in a batch. `id` is the SHA-256 of its bytes.
    public mutating func transactionArrived(_ id: Hash32, from peer: PeerID, at now: Moment) -> TransactionArrival {
        peers.update(peer) { _ = $0.known.insert(id, at: now.uptime) }
        guard seen.insert(id, at: now.uptime) else {
            return .duplicate
        }
        return .check
    }

    /// The mempool has admitted it, or it was submitted here: it goes to every peer that is not known to have it.
    public mutating func transactionAccepted(
        _ transaction: GossipTransaction, at now: Moment, into effects: inout [TransactionGossipEffect]
    ) {
        seen.insert(transaction.id, at: now.uptime)
        for index in peers.indices {
            guard !peers[index].known.contains(transaction.id, at: now.uptime) else { continue }
            if peers[index].hasRoom(for: transaction, configuration) { peers[index].append(transaction) }
        }
        send(at: now, into: &effects)
    }

    /// The mempool has refused it. `mayChange`: for a reason that may pass (the pool is full, an earlier nonce is
    /// missing), so that a later copy is checked again; otherwise later copies are duplicates for as long as it is
    /// remembered.
    public mutating func transactionRejected(_ id: Hash32, mayChange: Bool) {
        if mayChange { seen.remove(id) }
    }

    // MARK: Time

    /// Sends what is due. Call it at `nextDeadline`; more often is harmless.
    public mutating func tick(at now: Moment, into effects: inout [TransactionGossipEffect]) {
        send(at: now, into: &effects)
    }

    /// Transactions that wait, over all peers.
    public var queuedCount: Int { peers.reduce(0) { $0 + $1.queue.count } }

    // MARK: Tests

    /// Who is told of new transactions, the first that came first.
    package var peerIDs: [PeerID] { peers.map(\.id) }

    /// What is left of a peer that has gone, or nothing.
    package func remnants(of id: PeerID) -> [String] { peers.contains(id) ? ["a queue of transactions"] : [] }

    /// Sentences about what does not hold, for tests.
    public func checkInvariants() -> [String] {
        var broken = peers.checkInvariants() + seen.checkInvariants() + peers.flatMap { $0.checkInvariants(configuration) }
        if nextDeadline ?? .max > earliestDeadline() ?? .max { broken.append("something is due before the next tick") }
        return broken
    }
}
