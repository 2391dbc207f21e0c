internal import ChainService
internal import Consensus
internal import EventLoop
internal import Ledger
internal import Logging
internal import Peering
public import Primitives
public import ProtocolCore
internal import Sync
internal import Wire

/// What an operator's monitoring asks of a node, at one moment: a copy of plain numbers, to be rendered by somebody else.
public struct NodeMetrics: Sendable {
    /// The software's version.
    public var version: String
    /// The commit that it was built from (`Node.Options.commit`).
    public var commit: String?
    /// How long the node has run, in nanoseconds.
    public var uptime: Nanoseconds
    /// When it started, unix seconds.
    public var startedAt: Int64

    // MARK: The chain

    /// The newest valid block.
    public var height: UInt64
    /// The height up to which blocks are on disk.
    public var committedHeight: UInt64
    /// The timestamp of the newest block, unix seconds.
    public var headTimestamp: Int64
    /// From the moment the chain worker took up a block that came by gossip to its verdict that the block is valid.
    public var validation = Histogram(Histogram.workBounds)
    public var isSyncing: Bool
    /// The height that the peers are believed to have; the own height when nobody is ahead.
    public var syncTarget: UInt64
    /// Transactions that wait for a block.
    public var mempoolCount = 0
    /// Bytes of the store's file that are in use.
    public var storeBytes = 0
    /// Bytes that its file system has left for the node; `nil` when the system does not say.
    public var storeFreeBytes: UInt64?
    /// Whether the operator has it make no blocks for now.
    public var isProductionPaused = false
    /// How far ahead of our clock the last block of the authority came that is farthest ahead, in nanoseconds; `nil` when none was heard
    /// within the last ten minutes.
    public var clockOffset: Nanoseconds?

    // MARK: Peers

    /// Peers that have shaken hands.
    public var inboundPeers = 0
    public var outboundPeers = 0
    /// Addresses that are banned now.
    public var bannedAddresses: Int
    public var dialsStarted: UInt64
    public var dialsFailed: UInt64
    /// For how long peers were not read because of their message rate, over all of them, in nanoseconds.
    public var throttled: Nanoseconds

    // MARK: The machine

    /// How late the loop was at the worst in each second.
    public var loopLag: Histogram
    /// What the core counted.
    public var counters: CoreCounters
}

extension NetworkShell {
    /// What the loop knows of the metrics; `nil` once it stops. On the loop. Linear in the peers: about a microsecond.
    func metrics() -> NodeMetrics? {
        guard !isStopping else { return nil }
        let (now, core) = (moment, swarm.core)
        var metrics = NodeMetrics(
            version: PodoruVersion.current, uptime: now.uptime - startedAt.uptime, startedAt: startedAt.unixSeconds,
            height: core.head.height, committedHeight: core.committedHead.height, headTimestamp: core.head.timestamp,
            isSyncing: core.sync.isSyncing, syncTarget: core.sync.target, bannedAddresses: core.peers.bans(at: now).count,
            dialsStarted: core.peers.dialsStarted, dialsFailed: core.peers.dialsFailed, throttled: core.throttledTime(at: now),
            loopLag: lag, counters: core.counters)
        for peer in core.peers.readyPeers {
            if peer.direction.isInbound { metrics.inboundPeers += 1 } else { metrics.outboundPeers += 1 }
        }
        metrics.isProductionPaused = core.isProductionPaused
        metrics.clockOffset = core.clocks.readings(at: now.uptime).map(\.offsetMilliseconds).max().map { .milliseconds($0) }
        return metrics
    }
}

extension Node {
    /// Everything that the node counts; `nil` once it has stopped. One short visit to the loop, and otherwise off it.
    public func metrics() async -> NodeMetrics? {
        let shell = shell
        guard var metrics = await loop.perform({ shell.metrics() }) else { return nil }
        metrics.commit = commit
        metrics.mempoolCount = worker.mempoolCount
        metrics.validation = worker.validationTimes
        metrics.storeBytes = chain.usedBytes ?? 0
        metrics.storeFreeBytes = freeStoreBytes
        return metrics
    }
}

extension NodeMetrics {
    /// What a node did in its life, for the log at its end.
    var summary: Logger.Metadata {
        let bytes = { (sums: TrafficByType) in (MessageType.allCases + [nil]).reduce(UInt64(0)) { $0 &+ sums[$1].bytes } }
        return [
            "uptime_s": "\(uptime / .seconds(1))", "height": "\(committedHeight)", "blocks_produced": "\(counters.blocksProduced)",
            "blocks_by_gossip": "\(counters.propagation.count)", "blocks_by_sync": "\(counters.blocksBySync)",
            "bytes_in": "\(bytes(counters.received))", "bytes_out": "\(bytes(counters.sent))",
        ]
    }
}
