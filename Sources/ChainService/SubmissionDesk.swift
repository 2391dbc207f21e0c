internal import Chain
internal import DequeModule
internal import Ledger
internal import Mempool
internal import Synchronization

/// Where submitted transactions wait for the chain worker, and where their senders' answers are owed.
///
/// Every submission that was taken is answered once: by the worker, or by `close`.
package final class SubmissionDesk: Sendable {
    package typealias Answer = @Sendable (Submission) -> Void

    struct Entry: Sendable {
        let candidate: TransactionCandidate
        let answer: Answer

        var byteCount: Int { candidate.payload.count }
    }

    private struct State {
        var waiting: Deque<Entry> = []
        /// With those that the worker has: bounded by `SubmissionLimits`.
        var outstanding = 0
        var outstandingBytes = 0
        var isClosed = false
    }

    private let state = Mutex(State())

    /// Takes a submission, or answers it at once when it cannot be taken.
    ///
    /// - Returns: whether it is the first that waits: the worker must then be told to come.
    func add(_ candidate: TransactionCandidate, _ answer: @escaping Answer) -> Bool {
        let byteCount = candidate.payload.count
        guard byteCount <= Limits.maxTransactionBytes else {
            answer(.refused(.ledger(.tooLarge(bytes: byteCount))))
            return false
        }
        let (refusal, isFirst) = state.withLock { state -> (Submission?, Bool) in
            if state.isClosed { return (.stopped, false) }
            guard state.outstanding < SubmissionLimits.outstanding,
                state.outstandingBytes + byteCount <= SubmissionLimits.outstandingBytes
            else { return (.busy, false) }
            state.outstanding += 1
            state.outstandingBytes += byteCount
            state.waiting.append(Entry(candidate: candidate, answer: answer))
            return (nil, state.waiting.count == 1)
        }
        if let refusal { answer(refusal) }
        return isFirst
    }

    /// The next submissions to check, at most `SubmissionLimits.batch`, and whether others wait behind them.
    func take() -> (batch: [Entry], hasMore: Bool) {
        state.withLock { state in
            let batch = Array(state.waiting.prefix(SubmissionLimits.batch))
            state.waiting.removeFirst(batch.count)
            return (batch, !state.waiting.isEmpty)
        }
    }

    /// Answers a batch that was taken. What has no answer, because the worker failed, hears `.stopped`.
    func answer(_ batch: [Entry], _ answers: [Submission]) {
        state.withLock { state in
            state.outstanding -= batch.count
            state.outstandingBytes -= batch.reduce(0) { $0 + $1.byteCount }
        }
        for (index, entry) in batch.enumerated() { entry.answer(index < answers.count ? answers[index] : .stopped) }
    }

    /// Takes no more, and answers those that wait with `.stopped`.
    func close() {
        let waiting = state.withLock { state in
            state.isClosed = true
            defer { state.waiting = [] }
            return state.waiting
        }
        answer(Array(waiting), [])
    }
}
