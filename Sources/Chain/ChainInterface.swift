public import Gossip
public import Ledger
public import Mempool
public import Network
public import Primitives
public import Sync

// What the core and the chain worker say to each other. The worker (Node) runs on its own thread over LMDB; a simulation
// runs the same conversation over `MemoryChainStore` in the same thread.

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
    /// Validate a block that would follow the head, named by the hash of its header as its sender wrote it; answered by `headMoved` and
    /// then `committed`, or by `blockRejected`.
    case validateBlock(hash: Hash32, payload: [UInt8])
    /// Split, decode and check the signatures of a range; answered by `rangePrepared` or `rangeMalformed`. A range of one height is the
    /// single form: the payload is an object instead of an array.
    case prepareRange(ticket: SyncTicket, range: HeightRange, payload: [UInt8])
    /// Apply a prepared range; answered by `rangeApplied` or `rangeRejected`, and before that by `headMoved` and `committed` when anything
    /// of it was new.
    case applyRange(ticket: SyncTicket)
    /// Forget a range, prepared or not.
    case discardRange(ticket: SyncTicket)
    /// Check transactions and put the good ones into the mempool; answered by `transactionsChecked` with a verdict for each.
    case checkTransactions([TransactionCandidate])
    /// Say what is pending, for a peer that has just come; answered by `pendingTransactions`.
    case listPending(PeerID)
    /// Make the next block with this timestamp; answered by `headMoved` and `committed` once it is on disk, or by `productionSkipped`.
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
    /// The head is another block. One by gossip is told before it is on disk, so that its relay does not wait; all others are on disk.
    case headMoved(HeadMove, HeadOrigin)
    /// The head is on disk, and the mempool has followed it.
    case committed(Head)
    /// The block was refused; `fault` says what that tells of other blocks with this hash.
    case blockRejected(hash: Hash32, fault: BlockRejection.Fault, reason: String)
    case rangePrepared(ticket: SyncTicket, count: Int)
    case rangeMalformed(ticket: SyncTicket, reason: String)
    /// The whole range is applied and on disk.
    case rangeApplied(ticket: SyncTicket)
    /// The block at `height` was refused; what came before it in the range is applied and on disk.
    case rangeRejected(ticket: SyncTicket, height: UInt64, cause: SyncRejection, reason: String)
    case transactionsChecked([TransactionVerdict])
    /// What is in the mempool, in the order in which it may be relayed. Everything admitted earlier is in it, everything
    /// admitted later is reported later.
    case pendingTransactions(PeerID, [GossipTransaction])
    /// Transactions of blocks that were taken back wait again, in the order in which they may be relayed.
    case readmitted([GossipTransaction])
    case productionSkipped(timestamp: Int64, reason: String)
}
