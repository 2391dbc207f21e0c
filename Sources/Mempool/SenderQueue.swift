internal import DequeModule
internal import HeapModule
internal import Ledger

/// The pending transactions of one sender, by nonce: one of a thousand senders, or a single one that fills the pool.
struct SenderQueue: Sendable {
    /// Strictly increasing nonces. Blocks take them from the front, what comes new goes to the end, and in between at most half of
    /// the pointers move: 40 KB in a full pool of one sender, some 2 µs beside the 45 of its signature.
    private(set) var transactions: Deque<PendingTransaction> = []
    /// What all of them together take from the sender's balance (`ChainRules.spending`).
    private(set) var spending = Amount.zero
    private var sizes = SizeTally()
    /// What all of them together count against the bounds of the pool.
    private(set) var charge = 0

    /// The greatest size among them.
    var greatestSize: Int { sizes.greatest }
    var isEmpty: Bool { transactions.isEmpty }
    var count: Int { transactions.count }

    /// The balance that lets a block take all of them, in any order between senders. What others pay in meanwhile is
    /// not counted.
    ///
    /// Under strict rules that is what they take, fees included. Under reference rules no fee is taken, but a node puts
    /// nothing into a block whose sender could not pay one (`ChainRules.fees`), so the greatest fee must be left over.
    func needed(under rules: ChainRules, adding candidate: PendingTransaction? = nil) -> Amount {
        let sum = candidate.map { spending + $0.spending } ?? spending
        let size = max(greatestSize, candidate?.size ?? 0)
        return rules.ruleSet.isStrict || size == 0 ? sum : sum + rules.fee(size: size)
    }

    /// The place of `nonce`, or where it would go. O(log n).
    func position(of nonce: UInt64) -> (index: Int, isTaken: Bool) {
        // Where a new one goes as a rule.
        if let last = transactions.last, last.nonce < nonce { return (transactions.count, false) }
        var low = 0
        var high = transactions.count
        while low < high {
            let middle = (low + high) / 2
            if transactions[middle].nonce < nonce { low = middle + 1 } else { high = middle }
        }
        return (low, low < transactions.count && transactions[low].nonce == nonce)
    }

    /// Puts `pending` in its place; its nonce must be free.
    mutating func insert(_ pending: PendingTransaction) {
        let (index, isTaken) = position(of: pending.nonce)
        precondition(!isTaken, "a nonce is pending once")
        transactions.insert(pending, at: index)
        spending = spending + pending.spending
        sizes.add(pending.size)
        charge += pending.charge
    }

    mutating func remove(at index: Int) -> PendingTransaction {
        let removed = transactions.remove(at: index)
        spending = spending.subtracting(removed.spending) ?? .zero
        sizes.remove(removed.size)
        charge -= removed.charge
        return removed
    }
}

/// Numbers that come and go, and the greatest of those that are there. O(log n) each, spread over the calls.
private struct SizeTally: Sendable {
    private var counts: [Int: Int] = [:]
    /// Each of `counts`, and some that have gone: never one of those at the top, and at most as many again and a few.
    private var order: Heap<Int> = []

    /// 0 when there are none.
    var greatest: Int { order.max ?? 0 }

    mutating func add(_ size: Int) {
        let count = counts[size, default: 0]
        counts[size] = count + 1
        if count == 0 { order.insert(size) }
    }

    mutating func remove(_ size: Int) {
        guard let count = counts[size] else { return }
        counts[size] = count > 1 ? count - 1 : nil
        while let top = order.max, counts[top] == nil { order.removeMax() }
        let slack = 64
        if order.count > 2 * counts.count + slack { order = Heap(counts.keys) }
    }
}
