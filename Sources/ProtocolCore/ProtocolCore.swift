internal import Chain
public import Consensus
public import Gossip
public import Ledger
internal import Network
public import Peering
public import Primitives
internal import RateLimiter
public import Sync

/// The whole protocol of one node as a value: events and the time go in, effects come out.
///
/// It composes `PeerManager`, `SyncManager`, `BlockGossip`, `TransactionGossip` and the producer's schedule, which do not
/// know each other, and adds what stands between them: rate limits, the order of blocks that arrive early, and when a peer
/// is not read because its last messages are still being worked on.
///
/// Not thread safe: one owner, the loop thread or a simulation. Nothing here waits, allocates without bound or reads a clock.
public struct ProtocolCore: Sendable {
    public internal(set) var configuration: CoreConfiguration
    public internal(set) var peers: PeerManager
    public internal(set) var sync: SyncManager
    public internal(set) var blocks: BlockGossip
    public internal(set) var transactions: TransactionGossip
    /// The newest valid block. It may not be on disk yet.
    public internal(set) var head: Head
    /// The head as it is on disk: up to it blocks can be served. Of another branch than `head` for as long as a change of branches is
    /// being written.
    public internal(set) var committedHead: Head
    public internal(set) var counters = CoreCounters()
    /// What blocks that came by gossip showed of their makers' clocks.
    public internal(set) var clocks = ProducerClocks()

    /// One entry per open connection, ready or not.
    var links = LinkTable()
    var waiting = WaitingBlocks()
    var catchUp = CatchUp()
    var production: Production?

    // What the parts want done. Their lists are reused, so that an event allocates none for them.
    var peerEffects = EffectQueue<PeerEffect>()
    var syncEffects = EffectQueue<SyncEffect>()
    var gossipEffects = EffectQueue<TransactionGossipEffect>()

    /// - Parameter seed: drives jitter and choice among equals.
    public init(configuration: CoreConfiguration, head: Head, seed: UInt64, at now: Moment) {
        self.configuration = configuration
        self.head = head
        committedHead = head
        peers = PeerManager(configuration: configuration.peering, seed: seed)
        peers.localHeightChanged(head.height)
        sync = SyncManager(configuration: configuration.sync, height: head.height, at: now)
        blocks = BlockGossip()
        transactions = TransactionGossip()
        production = configuration.producer.map { Production(configuration: $0, head: head, at: now) }
    }

    /// Begins: dials the bootstrap peers.
    public mutating func start(at now: Moment, into effects: inout [CoreEffect]) {
        peers.start(at: now, into: &peerEffects.waiting)
        settle(at: now, into: &effects)
    }

    /// The earliest uptime at which `tick` has something to do; `nil` when nothing is scheduled.
    public func nextDeadline(at now: Moment) -> Nanoseconds? {
        earliest(
            earliest(earliest(peers.nextDeadline, sync.nextDeadline), earliest(transactions.nextDeadline, production?.nextDeadline)),
            links.nextResume)
    }

    /// Does what is due.
    public mutating func tick(at now: Moment, into effects: inout [CoreEffect]) {
        peers.tick(at: now, into: &peerEffects.waiting)
        sync.tick(at: now, into: &syncEffects.waiting)
        transactions.tick(at: now, into: &gossipEffects.waiting)
        resumeLinks(at: now, into: &effects)
        produceIfDue(at: now, into: &effects)
        settle(at: now, into: &effects)
    }
}

/// The earlier of two times, of which each may be none.
private func earliest(_ left: Nanoseconds?, _ right: Nanoseconds?) -> Nanoseconds? {
    guard let left, let right else { return left ?? right }
    return min(left, right)
}
