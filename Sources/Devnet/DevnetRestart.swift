internal import Platform

/// When a node of the devnet that ended comes back: after a moment, so that it is seen to be down, and later each time when it does not
/// stay. In milliseconds of the clock's uptime.
struct DevnetRestart {
    private static let first: Int64 = 3000
    /// A node that cannot stay must not fill its log.
    private static let longest: Int64 = 30_000
    /// Who ran for so long is as new.
    private static let steady: Int64 = 30_000

    private var wait = DevnetRestart.first

    /// When the next process starts; `nil` when another start would end in the same way.
    mutating func next(after ending: ChildEnding, ranFor: Int64, at now: Int64) -> Int64? {
        if ending.isLasting { return nil }
        if ranFor >= DevnetRestart.steady { wait = DevnetRestart.first }
        defer { wait = min(DevnetRestart.longest, 2 * wait) }
        return now + wait
    }
}
