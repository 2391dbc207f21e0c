internal import Network
public import Primitives

/// The bounds of batch synchronisation. Every default says where it comes from.
public struct SyncConfiguration: Sendable, Hashable {
    /// The most heights of one request: 100 (`networking.md`, "Batch synchronisation"). Fewer are asked for where
    /// blocks are so large that 100 would not fit in `rangeBytes`.
    public var batchCount = NetworkLimits.rangeCount
    /// The bytes that one answer should not pass, by the mean size of the blocks so far. 4 MiB are 100 blocks of 40 KB;
    /// a frame has room for 7.8 MB, but an answer that is cut there costs the server the work and us the overlap.
    public var rangeBytes = 4 * 1024 * 1024
    /// Requests in flight over all peers. Eight ranges cover 800 heights, about a second of applying on two cores,
    /// which is several round trips.
    public var windowRanges = 8
    /// Requests in flight per peer: 2, so that the peer reads the next range while the last one is on the wire.
    public var requestsPerPeer = 2
    /// Ranges that are asked for, prepared or waiting to be applied, together. Past it only the range that everything
    /// else waits for is asked for.
    public var heldRanges = 16
    /// Bytes of answers that the worker holds. A range whose answer would pass it waits. Two requests in flight and the
    /// one that everything waits for may come on top, so the worst is 24 MiB + 3 · 7.8 MB. Ranges of average blocks have
    /// 1 to 1.4 MB.
    public var heldBytes = 24 * 1024 * 1024
    /// Ranges handed to the worker at once: 2, so that it never waits for the loop between two of them.
    public var applyingRanges = 2

    /// A gap above this many blocks makes the node call itself syncing (`networking.md`, "Batch synchronisation"). Smaller
    /// gaps are filled all the same.
    public var threshold = UInt64(NodeDefaults.syncThreshold)

    /// An answer is overdue after this long plus its expected size at `slowestBytesPerSecond`, without a byte. 5 s are
    /// a long round trip and a busy disk, and leave a third of the 30 s in which a dead peer must be found.
    public var requestTimeout: Nanoseconds = .seconds(5)
    /// The rate below which a peer is not worth waiting for: the one that frames are held to.
    public var slowestBytesPerSecond = NetworkLimits.minFrameBytesPerSecond
    /// A peer whose answer has not come this long after it was due to begin is given up, unless bytes still come at
    /// `slowestBytesPerSecond`. One minute: a late answer of a lone slow peer is still worth having.
    public var stallTimeout: Nanoseconds = .seconds(60)
    /// From how many further peers the range that everything waits for may be asked: 3, so that it takes four peers that
    /// stall at once to hold the sync up for longer than seconds.
    public var hedges = 3
    /// The range that everything waits for is asked for from a second peer after three times what such a range takes
    /// the best peer, but not before this long. One second is far above a round trip and below what a person notices.
    public var hedgeDelay: Nanoseconds = .seconds(1)
    /// The hedge delay while no peer has been measured yet.
    public var firstHedgeDelay: Nanoseconds = .seconds(2)

    /// A peer that has nothing at a height which it claimed only this long ago may still be writing it down.
    public var claimGrace: Nanoseconds = .seconds(2)
    /// How long such a peer is left alone.
    public var claimPause: Nanoseconds = .milliseconds(300)
    /// How long the claims of a peer that lied are cut to what it could deliver, and how long a peer on another chain is
    /// not asked again. One minute: the peer may have changed its chain, and asking once a minute costs nothing.
    public var markDuration: Nanoseconds = .seconds(60)
    /// The pause after the worker could not apply a range without any peer's fault, before it is asked for again.
    public var faultlessPause: Nanoseconds = .seconds(1)

    /// The time between two progress reports: 5 s ("progress in the log every few seconds").
    public var progressInterval: Nanoseconds = .seconds(5)

    /// The genesis block's timestamp in seconds since 1970, which bounds what a peer can claim: each block's timestamp
    /// is greater than its parent's by a whole second at least (`ledger.md`, "Genesis"), so a chain has no more blocks
    /// than seconds have passed. `nil`: no bound.
    public var genesisTimestamp: Int64?
    /// What a claim may be above that bound: clocks that differ by an hour.
    public static let plausibilitySlack: UInt64 = 3600

    /// A payload of this many bytes or more may have been cut because the next block did not fit under the frame cap:
    /// 7.8 MB of payload fit, and a block has at most 1 MiB. 4 MiB leave room for servers that stop earlier.
    public var justifiedCutBytes = 4 * 1024 * 1024
    /// The size of a block before one has been seen: 10 KiB (`networking.md`, "Batch synchronisation").
    public var assumedBlockBytes = 10 * 1024

    public init() {}

    /// The same configuration with what would stop the machine raised to what it needs: one height a request, two
    /// requests in flight and per peer, a window and a store that hold them, two ranges in the worker.
    public func clamped() -> SyncConfiguration {
        var result = self
        result.batchCount = min(max(batchCount, 1), NetworkLimits.rangeCount)
        result.rangeBytes = max(rangeBytes, 1)
        result.windowRanges = max(windowRanges, 2)
        result.requestsPerPeer = max(requestsPerPeer, 2)
        result.heldRanges = max(heldRanges, 4)
        result.applyingRanges = max(applyingRanges, 2)
        result.hedges = min(max(hedges, 0), 8)
        result.slowestBytesPerSecond = max(slowestBytesPerSecond, 1)
        result.requestTimeout = max(requestTimeout, .milliseconds(1))
        result.stallTimeout = max(stallTimeout, requestTimeout)
        result.progressInterval = max(progressInterval, .milliseconds(1))
        return result
    }
}
