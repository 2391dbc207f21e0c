/// Every bound of `podoru doctor`, with its reason.
package enum DoctorLimits {
    // MARK: Time. What is asked at once adds up to less than 10 s with the standard timeout.

    /// A look at some files. A disk that needs longer hangs.
    static let filesDeadline = Duration.seconds(2)
    /// A whole run of `systemctl` or `ufw`, which start within half a second on a small machine.
    static let childDeadline = Duration.seconds(2)
    /// The look at the disk with its trial writes. A flush that takes longer is what a node cannot work with.
    static let diskDeadline = Duration.seconds(5)
    /// What a peer and the API are given unless `--timeout` says otherwise: a link around the world takes one second.
    package static let networkTimeout = Duration.seconds(4)
    /// What the steps after the timeout of a connection may take: they hold no wait of their own.
    static let slack = Duration.milliseconds(500)
    /// What `--timeout` may be, in milliseconds.
    package static let timeoutRange: ClosedRange<Int64> = 100...30_000

    // MARK: Disk

    /// Trial writes: enough for a median. A node commits once a block.
    static let trialWrites = 9
    /// Bytes of each: a page of the store.
    static let trialBytes = 4096
    /// No further trial write begins after this long, in milliseconds.
    static let trialMilliseconds: Int64 = 1000
    /// Milliseconds of the usual trial write from which a disk is called slow: a commit has two flushes, and a block every second
    /// and a range of a sync should not wait for them.
    static let slowFlushMilliseconds = 50.0
    /// Files that can still be made below which the node may not start: it makes four, and a backup some more.
    static let fewFiles: UInt64 = 16

    // MARK: Clock

    /// Seconds between our clock and the peers' that are worth a warning: their timestamps are whole seconds and half a second may
    /// pass on the way, so less says nothing.
    static let doubtfulOffset = 2.0
    /// Seconds at which it fails: a third of the 30 s that the ledger lets a block be ahead, so that two clocks that are wrong in
    /// opposite directions still agree on blocks.
    static let badOffset = 10.0

    // MARK: Other programs

    /// Bytes of what a child says. `ufw status` of a thousand rules has 80 KB.
    static let childOutputBytes = 256 << 10
    /// Starts of the service after failures that are worth a word.
    static let manyRestarts = 3
}
