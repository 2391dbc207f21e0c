internal import Chain
internal import Ledger
public import Mempool
public import Primitives

/// What became of a transaction that was submitted to this node.
public enum Submission: Sendable {
    /// It is in the mempool and goes to the peers. The hash is the transaction's, which is also its id.
    case admitted(Hash32)
    /// It was pending already, or is in a block.
    case known(Hash32)
    /// A rule, or a bound of the mempool (`.full`), stands against it.
    case refused(MempoolRejection)
    /// It is no transaction; the text says why.
    case malformed(String)
    /// More submissions wait than `SubmissionLimits` allow: try again in a moment.
    case busy
    /// The node stops or has stopped.
    case stopped
}

extension Submission {
    init(_ outcome: TransactionOutcome) {
        switch outcome {
        case .admitted(let hash): self = .admitted(hash)
        case .known(let hash): self = .known(hash)
        case .refused(.malformed(let error)): self = .malformed(error.description)
        case .refused(.mempool(let rejection)): self = .refused(rejection)
        }
    }
}

/// Bounds of what waits to be checked for those who submit.
public enum SubmissionLimits {
    /// Submissions that may wait for their answer: one for each connection that the API takes at most. Checked at some
    /// thousands a second, the last of them waits less than a second.
    public static let outstanding = 4096
    /// Bytes of them: sixteen of the largest, ten times what `outstanding` usual ones take.
    public static let outstandingBytes = 16 << 20
    /// Submissions that are checked at once: enough chunks for every core (`SignaturePool.looseTransactionsPerChunk`), few enough that a block
    /// which comes meanwhile waits for some milliseconds at most.
    public static let batch = 100
}

extension TransactionCandidate {
    /// One that was submitted here, not read yet. Too long, it will be refused as it is, and is not even hashed.
    package init(submitted json: [UInt8]) {
        self.init(gossipID: json.count <= Limits.maxTransactionBytes ? SHA256.hash(json) : .zero, payload: json, from: nil)
    }
}
