internal import DequeModule
internal import Network
internal import Primitives
internal import RateLimiter

/// One peer as transaction gossip sees it: what it has, what waits for it and how much may be sent to it.
struct TransactionPeer: Identifiable {
    let id: PeerID
    let acceptsBatches: Bool
    var known: SeenCache
    var isWritable = true
    /// What waits, oldest first.
    private(set) var queue = Deque<GossipTransaction>()
    private var queuedBytes = 0
    /// When the next token comes, while there is none.
    private(set) var blockedUntil: Nanoseconds?
    /// The messages that the peer grants us.
    private var bucket: TokenBucket
    /// Messages that were sent without a token, to be paid first.
    private var debt = 0
    private let reserve: Int

    init(id: PeerID, acceptsBatches: Bool, configuration: TransactionGossipConfiguration, at time: Nanoseconds) {
        self.id = id
        self.acceptsBatches = acceptsBatches
        known = SeenCache(capacity: configuration.knownTransactionsPerPeer)
        bucket = TokenBucket(rate: configuration.messagesPerSecond, burst: configuration.messageBurst, at: time)
        reserve = min(max(configuration.messageReserve, 0), bucket.burst / 2)
    }

    // MARK: The queue

    /// An empty queue takes anything: a single transaction may be larger than the bound.
    func hasRoom(for transaction: GossipTransaction, _ configuration: TransactionGossipConfiguration) -> Bool {
        queue.isEmpty
            || (queue.count < configuration.queuedTransactionsPerPeer
                && queuedBytes + transaction.payload.count <= configuration.queuedBytesPerPeer)
    }

    mutating func append(_ transaction: GossipTransaction) {
        queue.append(transaction)
        queuedBytes += transaction.payload.count
    }

    /// Whether a full batch waits, which need not gather longer.
    func hasFullBatch(_ configuration: TransactionGossipConfiguration) -> Bool {
        queue.count >= configuration.batchCount || queuedBytes >= configuration.batchBytes
    }

    /// Whether anything waits that the peer has not sent us meanwhile; drops what it has sent from the front.
    mutating func hasNews(at time: Nanoseconds) -> Bool {
        while let first = queue.first {
            guard known.contains(first.id, at: time) else { return true }
            dropFirst()
        }
        return false
    }

    /// Takes the next message's transactions off the queue, leaving out what the peer has sent us meanwhile, and counts
    /// them as known to it.
    mutating func nextMessage(_ configuration: TransactionGossipConfiguration, at time: Nanoseconds) -> [GossipTransaction] {
        let limit = acceptsBatches ? configuration.batchCount : 1
        var message: [GossipTransaction] = []
        var bytes = 0
        while let first = queue.first, message.count < limit {
            if !message.isEmpty, bytes + first.payload.count > configuration.batchBytes { break }
            dropFirst()
            guard known.insert(first.id, at: time) else { continue }
            message.append(first)
            bytes += first.payload.count
        }
        return message
    }

    private mutating func dropFirst() {
        guard let first = queue.popFirst() else { return }
        queuedBytes -= first.payload.count
    }

    // MARK: The messages granted

    /// Counts messages that do not wait for a token. The debt is bounded by one burst: the peer delays what is above.
    mutating func overdraw(_ count: Int, at time: Nanoseconds) {
        debt = min(debt + max(count, 0), bucket.burst)
        payDebt(at: time)
    }

    /// Whether the time has come for which the last attempt found no token.
    mutating func isUnblocked(at time: Nanoseconds) -> Bool {
        if let until = blockedUntil, until > time { return false }
        blockedUntil = nil
        return true
    }

    /// Takes the token for one message, leaving the reserve, or notes until when there is none.
    mutating func takeToken(at time: Nanoseconds) -> Bool {
        payDebt(at: time)
        if debt == 0, bucket.available(at: time) > reserve, bucket.take(1, at: time) {
            blockedUntil = nil
            return true
        }
        let wanted = min(debt + 1 + reserve, bucket.burst)
        // The bucket names a time, since no more than the burst is wanted; and it is not now, or the token were there.
        blockedUntil = max(bucket.nextTokenTime(wanted, at: time) ?? time, time + 1)
        return false
    }

    private mutating func payDebt(at time: Nanoseconds) {
        let payment = min(debt, bucket.available(at: time))
        if payment > 0, bucket.take(payment, at: time) { debt -= payment }
    }

    func checkInvariants(_ configuration: TransactionGossipConfiguration) -> [String] {
        var broken = known.checkInvariants()
        if queue.count > configuration.queuedTransactionsPerPeer { broken.append("\(queue.count) transactions wait for \(id)") }
        let bytes = queue.reduce(0) { $0 + $1.payload.count }
        if bytes != queuedBytes { broken.append("\(bytes) bytes wait for \(id), \(queuedBytes) are counted") }
        if queue.count > 1, bytes > configuration.queuedBytesPerPeer { broken.append("\(bytes) bytes wait for \(id)") }
        if !bucket.checkInvariants() { broken.append("the bucket of \(id) is out of its bounds") }
        return broken
    }
}
