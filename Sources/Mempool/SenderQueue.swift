internal import Ledger

/// The pending transactions of one sender, by nonce.
struct SenderQueue: Sendable {
    /// Strictly increasing nonces; at most `maximumTransactionsPerSender`. An insertion moves pointers, 8 KB at most.
    private(set) var transactions: [PendingTransaction] = []
    /// What all of them together take from the sender's balance (`ChainRules.spending`).
    private(set) var spending = Amount.zero
    /// The greatest size among them.
    private(set) var greatestSize = 0
    /// What all of them together count against the bounds of the pool.
    private(set) var charge = 0

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
        greatestSize = max(greatestSize, pending.size)
        charge += pending.charge
    }

    mutating func remove(at index: Int) -> PendingTransaction {
        let removed = transactions.remove(at: index)
        spending = spending.subtracting(removed.spending) ?? .zero
        if removed.size == greatestSize { greatestSize = transactions.reduce(0) { max($0, $1.size) } }
        charge -= removed.charge
        return removed
    }
}
