public import Network
public import Primitives

/// Names one answer on its way through the chain worker. Never used twice.
public struct SyncTicket: Hashable, Sendable, CustomStringConvertible {
    public let rawValue: UInt64

    public init(rawValue: UInt64) { self.rawValue = rawValue }

    public var description: String { "ticket \(rawValue)" }
}

/// What the shell is to do for `SyncManager`.
public enum SyncEffect: Hashable, Sendable {
    /// Send a BlockRequest for this range. `single`: in its one-height form (`"42"`), which is answered by an object.
    /// At most one effect for each free slot of a peer; the answer comes back through `responseReceived`.
    case request(PeerID, HeightRange, single: Bool)
    /// Hand a peer's answer to this range, as it came, to the worker, which answers with `rangePrepared` or `rangeMalformed`. A range of
    /// one height is the single form: an object instead of an array.
    case prepare(SyncTicket, PeerID, HeightRange, payload: [UInt8])
    /// Apply a prepared range after all that were handed out before. Heights up to the head are skipped. Answered with
    /// `rangeApplied` or `rangeRejected`, which use the ticket up.
    case apply(SyncTicket)
    /// Forget what is held for the ticket, in whatever stage; an answer for it is ignored.
    case discard(SyncTicket)
    /// The peer did wrong. The manager has drawn its own consequences already.
    case fault(PeerID, SyncFault)
    /// For the log, every few seconds while syncing.
    case progress(SyncProgress)
    /// The gap has passed the threshold: the node is syncing.
    case started(target: UInt64)
    /// Nothing that a credible peer claims is missing any more.
    case finished(height: UInt64)
}

/// What a peer did wrong while blocks were fetched.
public enum SyncFault: Hashable, Sendable {
    /// The answer is overdue; the range was given to another.
    case slow(HeightRange)
    /// No answer, and no bytes either, until patience ended.
    case stalled(HeightRange)
    /// Fewer blocks than asked for although the rest would have fit.
    case shortAnswer(HeightRange, delivered: Int)
    /// No block at a height that the peer said it has.
    case heightLie(claimed: UInt64, missing: UInt64)
    /// A height that no chain of this genesis can have reached yet.
    case impossibleHeight(UInt64)
    /// An answer that is not a run of blocks from the height asked for.
    case malformed(HeightRange)
    /// A block that breaks a rule.
    case badBlock(height: UInt64)
    /// Blocks that do not continue our chain.
    case otherChain(height: UInt64)
    /// A BlockResponse that was not asked for.
    case unsolicitedResponse
}

extension SyncFault: CustomStringConvertible {
    /// For the log and the peer's disconnect reason.
    public var description: String {
        switch self {
        case .slow(let range): "blocks \(range) are overdue"
        case .stalled(let range): "blocks \(range) never came"
        case .shortAnswer(let range, let delivered): "answered blocks \(range) with \(delivered) without need"
        case .heightLie(let claimed, let missing): "claimed height \(claimed) but has no block \(missing)"
        case .impossibleHeight(let height): "claimed height \(height), which no chain of this genesis can have yet"
        case .malformed(let range): "answered blocks \(range) with something else"
        case .badBlock(let height): "sent an invalid block \(height)"
        case .otherChain(let height): "its block \(height) does not continue our chain"
        case .unsolicitedResponse: "sent a block response that was not asked for"
        }
    }
}

/// Why the worker could not apply a range.
public enum SyncRejection: Hashable, Sendable {
    /// A block breaks a rule, which is the fault of the peer that sent it.
    case invalidBlock
    /// The first block's previous hash is not our block: one of the two is on another chain.
    case otherChain
    /// Not the peer's doing: the head moved, the store refused. Asked for again after a pause.
    case faultless
}

/// How far the node is, for the log.
public struct SyncProgress: Hashable, Sendable {
    public var height: UInt64
    public var target: UInt64
    /// Applied blocks a second, smoothed.
    public var blocksPerSecond: Double
    /// The time left at this rate, when there is one.
    public var remaining: Nanoseconds?

    public init(height: UInt64, target: UInt64, blocksPerSecond: Double, remaining: Nanoseconds?) {
        self.height = height
        self.target = target
        self.blocksPerSecond = blocksPerSecond
        self.remaining = remaining
    }
}

/// A look at the whole machine, for the API and the metrics.
public struct SyncStatus: Hashable, Sendable {
    public var progress: SyncProgress
    public var isSyncing: Bool
    /// The greatest height that any peer in good standing claims, believed or not.
    public var highestClaim: UInt64
    public var requestsInFlight: Int
    /// Ranges that are prepared or waiting to be applied, and their bytes.
    public var rangesHeld: Int
    public var bytesHeld: Int
    public var peers: [SyncPeerStatus]
}

/// One peer as the synchronisation sees it.
public struct SyncPeerStatus: Hashable, Sendable {
    public var id: PeerID
    /// What it claims, cut to what is believed of it.
    public var height: UInt64
    /// Blocks that came from it, and how fast; `nil` until it has been measured.
    public var blocksDelivered: UInt64
    public var blocksPerSecond: Double?
    public var requestsInFlight: Int
    /// Whether blocks are asked for from it at all.
    public var isUsed: Bool
}
