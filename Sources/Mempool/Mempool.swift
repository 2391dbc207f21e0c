internal import DequeModule
public import Ledger
public import Primitives

/// The transactions that wait for a block.
///
/// A value: it holds no clock and no chain, both come in with each call. What it keeps true at all times, so that a
/// block made of it is valid (`ledger.md`, "Two rule sets"):
/// * each transaction is valid by itself, its signature verified, its id its hash;
/// * none is in the chain, and none has a nonce that its sender has used (strict rules: at or below the last used);
/// * a sender has one transaction for each nonce, and can pay all of its pending ones together from its balance as it
///   is, without what others may pay in meanwhile. This covers blocks too that take them in any order between senders.
///
/// Bounds (`MempoolLimits`): 10 000 transactions in all, 20 MB. A transaction counts its bytes, at least 2 048. One sender may have all
/// of it while nobody else wants room. When there is none, the sender with the most pending gives way, its highest nonce first, as long
/// as it holds strictly more than the newcomer's sender would then hold; otherwise the newcomer is refused. So the share of a sender in a
/// crowded pool is what the others leave it, at least as much as any of them has; no sender can push out others that hold less than it
/// does, and the pool cannot swing between two full states.
///
/// Costs, with n transactions, s senders, p pending of one sender: admission O(log s + log p), the move of at most p/2 pointers when a
/// nonce comes between others, and the ledger's look-ups; a block's effect O(its transactions and changed balances); selection O(n).
public struct Mempool: Sendable {
    public let rules: ChainRules
    public let limits: MempoolLimits

    var transactions: [Hash32: PendingTransaction] = [:]
    var queues: [Address: SenderQueue] = [:]
    var bySize = SenderHeap()
    /// Admissions in their order, oldest first. Those that have left stay until they come to the front or make up
    /// more than half, which bounds it to twice the pool.
    var arrivals: Deque<Arrival> = []
    var nextArrival: UInt64 = 0

    /// Bytes of canonical JSON of all transactions.
    public internal(set) var byteCount = 0
    /// What all transactions count against `MempoolLimits.maxChargeBytes`.
    var charge = 0

    /// One admission.
    struct Arrival: Sendable {
        var number: UInt64
        var hash: Hash32
        var admittedAt: Nanoseconds
    }

    public init(rules: ChainRules, limits: MempoolLimits = MempoolLimits()) {
        self.rules = rules
        self.limits = limits
    }

    /// The number of transactions.
    public var count: Int { transactions.count }

    /// Whether the transaction with this hash waits here. O(1).
    public func contains(_ hash: Hash32) -> Bool { transactions[hash] != nil }

    /// The waiting transaction with this hash. O(1).
    public func transaction(_ hash: Hash32) -> PreparedTransaction? { transactions[hash]?.prepared }

    /// The waiting transactions of `sender`, by nonce.
    public func transactions(of sender: Address) -> [PreparedTransaction] {
        queues[sender]?.transactions.map(\.prepared) ?? []
    }

    /// The oldest waiting transactions, at most `count`, oldest first. O(n).
    public func oldest(_ count: Int) -> [PreparedTransaction] {
        var found: [PreparedTransaction] = []
        for arrival in arrivals where found.count < count {
            if let pending = live(arrival) { found.append(pending.prepared) }
        }
        return found
    }

    /// A waiting transaction, and since when it waits.
    public struct Pending: Sendable {
        public let transaction: PreparedTransaction
        public let admittedAt: Nanoseconds
    }

    /// All that waits, in the order of admission: in it they can be admitted again. O(n).
    public var pending: [Pending] {
        arrivals.compactMap { arrival in live(arrival).map { Pending(transaction: $0.prepared, admittedAt: $0.admittedAt) } }
    }

    /// Changes whenever a transaction comes or goes.
    public struct Revision: Hashable, Sendable {
        fileprivate var candidates: UInt64
        fileprivate var count: Int
    }

    public var revision: Revision { Revision(candidates: nextArrival, count: transactions.count) }

    /// The sender of a transaction whose signature this pool has verified: block validation then needs no recovery.
    ///
    /// Only for the very signature that was verified. The hash does not cover the signature, so a block could pair a known
    /// transaction with a signature that is not its sender's.
    public func knownSender(hash: Hash32, signature: [UInt8]) -> Address? {
        guard let pending = transactions[hash], pending.prepared.transaction.signature == signature else { return nil }
        return pending.sender
    }

    /// When `tick` has something to do, at the earliest; `nil` in an empty pool.
    public var nextDeadline: Nanoseconds? {
        arrivals.first.map { $0.admittedAt + limits.lifetime }
    }

    /// Removes what has waited too long. O(what it removes).
    public mutating func tick(_ now: Nanoseconds) -> [MempoolRemoval] {
        var removals: [MempoolRemoval] = []
        while let oldest = arrivals.first {
            if let pending = live(oldest) {
                guard oldest.admittedAt + limits.lifetime <= now else { break }
                removals.append(remove(pending, .expired))
            }
            arrivals.removeFirst()
        }
        return removals
    }

    /// Removes what the ledger refused when a block was made of the selection, so that it is not tried for ever. What
    /// only found the block full stays.
    ///
    /// This is for what several senders do together, such as mints that overflow one balance: all else is kept out.
    public mutating func remove(refused: [(hash: Hash32, reason: TransactionRejection)]) -> [MempoolRemoval] {
        defer { compactArrivals() }
        return refused.compactMap { refusal in
            if refusal.reason == .blockIsFull { return nil }
            return transactions[refusal.hash].map { remove($0, .refused(refusal.reason)) }
        }
    }
}

// The one place where transactions come and go.
extension Mempool {
    func live(_ arrival: Arrival) -> PendingTransaction? {
        transactions[arrival.hash].flatMap { $0.arrival == arrival.number ? $0 : nil }
    }

    /// Puts `pending` into the indexes. Its nonce must be free.
    mutating func insert(_ pending: PendingTransaction) {
        transactions[pending.hash] = pending
        queues[pending.sender, default: SenderQueue()].insert(pending)
        bySize.set(pending.sender, charge: queues[pending.sender]?.charge ?? 0)
        byteCount += pending.size
        charge += pending.charge
    }

    /// Notes that `pending` was admitted now.
    mutating func appendArrival(_ pending: PendingTransaction) {
        arrivals.append(Arrival(number: pending.arrival, hash: pending.hash, admittedAt: pending.admittedAt))
        compactArrivals()
    }

    /// Takes `pending` out of the indexes. Its arrival stays behind; callers that remove many call `compactArrivals`.
    mutating func remove(_ pending: PendingTransaction, _ reason: MempoolRemoval.Reason) -> MempoolRemoval {
        transactions[pending.hash] = nil
        if let place = queues[pending.sender]?.position(of: pending.nonce), place.isTaken {
            _ = queues[pending.sender]?.remove(at: place.index)
        }
        let left = queues[pending.sender]?.charge ?? 0
        if left == 0 { queues[pending.sender] = nil }
        bySize.set(pending.sender, charge: left)
        byteCount -= pending.size
        charge -= pending.charge
        return MempoolRemoval(hash: pending.hash, reason: reason)
    }

    mutating func compactArrivals() {
        let slack = 64
        guard arrivals.count > 2 * transactions.count + slack else { return }
        arrivals = Deque(arrivals.filter { live($0) != nil })
    }

    /// Stops the program when two of the indexes disagree or a bound is broken. For tests; O(n log n).
    public func checkInvariants() {
        bySize.checkInvariants()
        precondition(queues.count == bySize.count)
        precondition(queues.values.reduce(0) { $0 + $1.count } == transactions.count)
        precondition(queues.values.reduce(0) { $0 + $1.charge } == charge)
        precondition(transactions.values.reduce(0) { $0 + $1.size } == byteCount)
        precondition(transactions.count <= limits.maxTransactions && charge <= limits.maxChargeBytes)
        precondition(arrivals.filter { live($0) != nil }.count == transactions.count)
        precondition(arrivals.count <= 2 * limits.maxTransactions + 65)
        for (sender, queue) in queues {
            let nonces = queue.transactions.map(\.nonce)
            precondition(zip(nonces, nonces.dropFirst()).allSatisfy { $0 < $1 })
            precondition(queue.transactions.allSatisfy { $0.sender == sender && transactions[$0.hash] === $0 })
            precondition(!queue.isEmpty)
            precondition(queue.spending == queue.transactions.reduce(.zero) { $0 + $1.spending })
            precondition(queue.greatestSize == queue.transactions.map(\.size).max())
        }
    }
}
