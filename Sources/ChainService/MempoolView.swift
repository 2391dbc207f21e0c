internal import DequeModule
public import Ledger
internal import Mempool
public import Primitives
internal import Synchronization

/// What is pending, for readers on any thread: a copy of the mempool's indexes that the chain worker keeps as it admits and removes.
///
/// A transaction is here before whoever submitted it has the answer, and is gone before anybody hears of the block that includes it; in
/// between it may be both here and in the chain. The transactions themselves are shared with the mempool, not copied. Bounded by
/// `MempoolLimits`, as the mempool is. Each call holds a lock for as long as it reads.
public final class MempoolView: Sendable {
    private let state = Mutex(State())

    init() {}

    /// The number of transactions. O(1).
    public var count: Int { state.withLock { $0.entries.count } }

    /// The pending transaction with this hash. O(1).
    public func transaction(_ hash: Hash32) -> PreparedTransaction? {
        state.withLock { $0.entries[hash]?.transaction }
    }

    /// The transactions that have waited longest, at most `count`, in the order of their admission.
    ///
    /// Linear in what it returns, and in what has left since from between them: some 100 µs for 1000, during which the chain worker may wait.
    public func oldest(_ count: Int) -> [PreparedTransaction] {
        state.withLock { $0.oldest(count) }
    }

    /// The highest nonce among the pending transactions of `sender`; `nil` when it has none. O(1).
    public func highestNonce(of sender: Address) -> UInt64? {
        state.withLock { $0.nonces[sender]?.last }
    }

    // MARK: For the chain worker

    func add(_ transaction: PreparedTransaction) {
        state.withLock { $0.add(transaction) }
    }

    func remove(_ removals: [MempoolRemoval]) {
        state.withLock { state in
            for removal in removals { state.remove(removal.hash) }
            state.compact()
        }
    }

    /// Stops the program when the indexes disagree. For tests; O(n).
    func checkInvariants() {
        state.withLock { state in
            precondition(state.nonces.values.reduce(0) { $0 + $1.count } == state.entries.count)
            precondition(state.nonces.values.allSatisfy { list in !list.isEmpty && zip(list, list.dropFirst()).allSatisfy { $0 < $1 } })
            precondition(state.arrivals.count { state.isLive($0) } == state.entries.count)
            precondition(state.arrivals.count <= 2 * state.entries.count + State.slack)
        }
    }
}

private struct Entry {
    let transaction: PreparedTransaction
    /// Its place in the order of admission; never used twice.
    let arrival: UInt64
}

private struct Arrival {
    let number: UInt64
    let hash: Hash32
}

private struct State: ~Copyable {
    /// Arrivals that have left and may stay in the list beside as many as there are transactions, so that a small pool is not
    /// tidied all the time.
    static let slack = 64

    var entries: [Hash32: Entry] = [:]
    /// The nonces of each sender that has transactions here, ascending. One sender may have all of them, and blocks take the lowest.
    var nonces: [Address: Deque<UInt64>] = [:]
    /// In the order of admission. What has left stays until `compact`.
    var arrivals: Deque<Arrival> = []
    var nextArrival: UInt64 = 0

    mutating func add(_ transaction: PreparedTransaction) {
        // Without a sender nothing is admitted.
        guard let sender = transaction.sender, entries[transaction.hash] == nil else { return }
        entries[transaction.hash] = Entry(transaction: transaction, arrival: nextArrival)
        arrivals.append(Arrival(number: nextArrival, hash: transaction.hash))
        nextArrival += 1
        let nonce = transaction.nonce
        let place = State.place(of: nonce, in: nonces[sender] ?? [])
        nonces[sender, default: []].insert(nonce, at: place)
    }

    mutating func remove(_ hash: Hash32) {
        guard let entry = entries.removeValue(forKey: hash), let sender = entry.transaction.sender else { return }
        let nonce = entry.transaction.nonce
        let place = State.place(of: nonce, in: nonces[sender] ?? [])
        nonces[sender]?.remove(at: place)
        if nonces[sender]?.isEmpty ?? false { nonces[sender] = nil }
    }

    /// Where `nonce` stands in the ascending `list`, or would have to be inserted.
    private static func place(of nonce: UInt64, in list: Deque<UInt64>) -> Int {
        if let last = list.last, last < nonce { return list.count }
        var low = 0
        var high = list.count
        while low < high {
            let middle = (low + high) / 2
            if list[middle] < nonce { low = middle + 1 } else { high = middle }
        }
        return low
    }

    func isLive(_ arrival: Arrival) -> Bool { entries[arrival.hash]?.arrival == arrival.number }

    func oldest(_ count: Int) -> [PreparedTransaction] {
        var found: [PreparedTransaction] = []
        found.reserveCapacity(min(count, entries.count))
        for arrival in arrivals {
            guard found.count < count else { break }
            if let entry = entries[arrival.hash], entry.arrival == arrival.number { found.append(entry.transaction) }
        }
        return found
    }

    /// Forgets arrivals that have left, as the mempool does: in all O(1) a removal.
    mutating func compact() {
        while let first = arrivals.first, !isLive(first) { arrivals.removeFirst() }
        guard arrivals.count > 2 * entries.count + State.slack else { return }
        var kept: Deque<Arrival> = []
        for arrival in arrivals where isLive(arrival) { kept.append(arrival) }
        arrivals = kept
    }
}
