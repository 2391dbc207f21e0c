internal import DequeModule
public import Ledger
internal import Primitives

extension Mempool {
    /// The transactions for a next block: in each round every sender gives the lowest nonce that it has left, the sender
    /// of the oldest transaction first, until the block is full.
    ///
    /// A sender whose next transaction does not fit gives no more, so that no nonce overtakes a lower one. A large
    /// transaction is not put off for ever: it becomes the oldest, and then the first. O(n).
    public func select(_ limits: SelectionLimits = SelectionLimits()) -> [PreparedTransaction] {
        var selection = Selection(limits: limits)
        var rounds: [SenderCursor] = []
        var seen: Set<Address> = []
        for arrival in arrivals {
            guard !selection.isFull else { break }
            guard let pending = live(arrival), seen.insert(pending.sender).inserted,
                let queue = queues[pending.sender]
            else { continue }
            var cursor = SenderCursor(transactions: queue.transactions)
            if cursor.give(to: &selection) { rounds.append(cursor) }
        }
        while !rounds.isEmpty && !selection.isFull {
            var next: [SenderCursor] = []
            for var cursor in rounds where cursor.give(to: &selection) { next.append(cursor) }
            rounds = next
        }
        return selection.transactions
    }
}

/// What a block has taken so far.
private struct Selection {
    let limits: SelectionLimits
    var transactions: [PreparedTransaction] = []
    var byteCount = 0

    var isFull: Bool { transactions.count >= limits.maxTransactions }

    mutating func take(_ pending: PendingTransaction) -> Bool {
        let comma = transactions.isEmpty ? 0 : 1
        guard !isFull, byteCount + comma + pending.size <= limits.maxBytes else { return false }
        byteCount += comma + pending.size
        transactions.append(pending.prepared)
        return true
    }
}

/// How far the selection has come with one sender.
private struct SenderCursor {
    let transactions: Deque<PendingTransaction>
    var next = 0

    /// Gives the next transaction; `false` when there is none left or it does not fit.
    mutating func give(to selection: inout Selection) -> Bool {
        guard next < transactions.count, selection.take(transactions[next]) else { return false }
        next += 1
        return true
    }
}
