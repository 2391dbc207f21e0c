internal import Chain
public import ChainService
public import Ledger

// What those above the node see of the chain, and give to it.

extension Node {
    /// Calls `handler` with what happens from now on, in order, until the observation is cancelled or dropped.
    ///
    /// The handler is called on the chain worker's thread, which validates blocks and admits transactions: it must return within
    /// microseconds, so it hands the events on (to its own loop or queue, which it bounds) and does no work of its own. It never gets an
    /// empty list. While nobody observes, no event is built.
    public func observe(_ handler: @escaping @Sendable ([NodeEvent]) -> Void) -> NodeObservation {
        worker.feed.observe(handler)
    }

    /// What is pending, for readers on any thread.
    public var mempool: MempoolView { worker.feed.mempool }
}

extension Node {
    /// Checks a transaction, puts it into the mempool and has it relayed to the peers.
    ///
    /// What waits while the chain worker is busy goes to it in batches, their signatures on all cores: about 50 µs of one core each. It never
    /// waits for the disk by itself, but a block that is being committed comes first. Any number of tasks may call it; past
    /// `SubmissionLimits` they hear `.busy` at once.
    /// - Parameter json: canonical wire JSON of one transaction, its id included; it is what peers will get. Longer than
    ///   `Limits.maxTransactionBytes` it is refused unread.
    public func submit(_ json: [UInt8]) async -> Submission {
        await submit(TransactionCandidate(submitted: json))
    }

    /// As `submit(_:)`, for who has read the transaction already: it is neither decoded nor encoded again.
    ///
    /// - Parameters:
    ///   - transaction: its signature need not be checked.
    ///   - json: its canonical JSON (`PreparedTransaction.encode`), its id included.
    public func submit(_ transaction: PreparedTransaction, json: [UInt8]) async -> Submission {
        await submit(TransactionCandidate(transaction, json: json))
    }

    private func submit(_ candidate: TransactionCandidate) async -> Submission {
        await withCheckedContinuation { continuation in
            worker.submit(candidate) { continuation.resume(returning: $0) }
        }
    }
}

extension ChainWorker: ChainExecutor {}
