public import Gossip
public import Ledger
public import Mempool
public import Network
public import Primitives
public import Sync

// What the core and the chain worker say to each other. The worker (Node) runs on its own thread over LMDB; a simulation
// runs the same conversation over `MemoryChainStore` in the same thread.

/// A block that a peer sent, on its way to validation.
public struct ReceivedBlock: Sendable {
    public var hash: Hash32
    public var height: UInt64
    /// The payload as it arrived, which is also what is relayed.
    public var payload: [UInt8]
    public var from: PeerID
    /// Whose block it claims to be: true of one that turns out valid.
    public var producer: ByteString
    /// When its frame was complete.
    public var receivedAt: Nanoseconds

    public init(hash: Hash32, height: UInt64, payload: [UInt8], from: PeerID, producer: ByteString, receivedAt: Nanoseconds) {
        self.hash = hash
        self.height = height
        self.payload = payload
        self.from = from
        self.producer = producer
        self.receivedAt = receivedAt
    }
}

/// A transaction on its way to the mempool.
public struct TransactionCandidate: Sendable {
    /// SHA-256 of the payload: what gossip knows it by.
    public var gossipID: Hash32
    public var payload: [UInt8]
    /// `nil` for one that was submitted here.
    public var from: PeerID?
    /// The transaction that `payload` is the canonical JSON of, where that has been read already; its signature may be unchecked.
    public var prepared: PreparedTransaction?
    /// How long it has waited for a block before this node was started.
    public var waited: Nanoseconds = 0

    /// One that was submitted here and is read already.
    ///
    /// - Parameter json: the canonical JSON of `prepared`.
    public init(_ prepared: PreparedTransaction, json: [UInt8]) {
        self.init(gossipID: SHA256.hash(json), payload: json, from: nil)
        self.prepared = prepared
    }

    public init(gossipID: Hash32, payload: [UInt8], from: PeerID?) {
        self.gossipID = gossipID
        self.payload = payload
        self.from = from
    }
}

/// Work for the chain worker. It is done in the order in which it is given, except that preparing ranges overlaps everything.
public enum ChainCommand: Sendable {
    /// Validate a block that would follow the head; answered by `blockValidated` and then `blockCommitted`, or by `blockRejected`.
    case validateBlock(ReceivedBlock)
    /// Split, decode and check the signatures of a range; answered by `rangePrepared` or `rangeMalformed`. A range of one height is the
    /// single form: the payload is an object instead of an array.
    case prepareRange(ticket: SyncTicket, range: HeightRange, payload: [UInt8])
    /// Apply a prepared range; answered by `rangeApplied` or `rangeRejected`.
    case applyRange(ticket: SyncTicket)
    /// Forget a range, prepared or not.
    case discardRange(ticket: SyncTicket)
    /// Check transactions and put the good ones into the mempool; answered by `transactionsChecked` with a verdict for each.
    case checkTransactions([TransactionCandidate])
    /// Say what is pending, for a peer that has just come; answered by `pendingTransactions`.
    case listPending(PeerID)
    /// Make the next block with this timestamp; answered by `blockProduced` once it is committed, or by `productionSkipped`.
    case produceBlock(timestamp: Int64)
}

/// What became of one transaction. `hash` is the transaction's, which is also its id.
public enum TransactionOutcome: Sendable {
    /// It is in the mempool now: relay it.
    case admitted(Hash32)
    /// It was known or is included already.
    case known(Hash32)
    case refused(TransactionRefusal)
}

public typealias TransactionVerdict = (candidate: TransactionCandidate, outcome: TransactionOutcome)

/// Why a transaction was not taken. A value and no text: most refusals are never told to anybody.
public enum TransactionRefusal: Error, Sendable {
    /// It is no transaction.
    case malformed(DecodingError)
    case mempool(MempoolRejection)

    /// Whether no time will mend it, so that whoever sent it should have known. Otherwise it cannot be taken now (full pool,
    /// nonce in use, balance), which is nobody's fault.
    public var isPermanent: Bool {
        switch self {
        case .malformed: true
        case .mempool(let rejection): rejection.isPermanent
        }
    }
}

extension TransactionRefusal: CustomStringConvertible {
    public var description: String {
        switch self {
        case .malformed(let error): "\(error)"
        case .mempool(let rejection): rejection.description
        }
    }
}

/// What the chain worker reports.
public enum ChainReport: Sendable {
    /// A block passed all rules and is the new head; it is not on disk yet.
    case blockValidated(hash: Hash32, head: Head, transactionCount: Int)
    /// The head is on disk.
    case blockCommitted(Head)
    /// The block was refused; `fault` says what that tells of other blocks with this hash.
    case blockRejected(hash: Hash32, fault: BlockRejection.Fault, reason: String)
    case rangePrepared(ticket: SyncTicket, count: Int)
    case rangeMalformed(ticket: SyncTicket, reason: String)
    /// The whole range is applied and on disk.
    case rangeApplied(ticket: SyncTicket, head: Head)
    /// The block at `height` was refused; what came before it in the range is applied and on disk.
    case rangeRejected(ticket: SyncTicket, height: UInt64, head: Head, cause: SyncRejection, reason: String)
    case transactionsChecked([TransactionVerdict])
    /// What is in the mempool, in the order in which it may be relayed. Everything admitted earlier is in it, everything
    /// admitted later is reported later.
    case pendingTransactions(PeerID, [GossipTransaction])
    /// A block of our own: committed, not yet sent.
    case blockProduced(payload: [UInt8], head: Head, transactionCount: Int)
    case productionSkipped(timestamp: Int64, reason: String)
}
