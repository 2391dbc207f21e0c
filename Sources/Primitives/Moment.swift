/// A point in time as the core sees it: handed in with each event, never read from a clock.
///
/// Two clocks, because they serve two ends: `uptime` never jumps and times waits and rates; `unixMilliseconds` is
/// the wall clock, which the ledger's timestamps and the envelope speak, and may be set back by the operator.
public struct Moment: Hashable, Sendable {
    /// Nanoseconds of a monotonic clock with an arbitrary start.
    public var uptime: Nanoseconds
    /// Milliseconds since 1970-01-01 UTC.
    public var unixMilliseconds: Int64

    public init(uptime: Nanoseconds, unixMilliseconds: Int64) {
        self.uptime = uptime
        self.unixMilliseconds = unixMilliseconds
    }

    /// Whole seconds since 1970-01-01 UTC, rounded down, as envelopes and headers carry them.
    public var unixSeconds: Int64 {
        let (quotient, remainder) = unixMilliseconds.quotientAndRemainder(dividingBy: 1000)
        return remainder < 0 ? quotient - 1 : quotient
    }

    /// The wall clock's seconds at another uptime, as the wall clock stands now.
    package func unixSeconds(atUptime uptime: Nanoseconds) -> Int64 {
        Moment(uptime: uptime, unixMilliseconds: unixMilliseconds - (self.uptime - uptime) / 1_000_000).unixSeconds
    }
}

/// A count of nanoseconds: an uptime, or a span between two of them.
public typealias Nanoseconds = Int64

extension Nanoseconds {
    // Held at the ends, some 292 years away: counts of seconds come from files, peers and clients.
    public static func seconds(_ count: Int64) -> Nanoseconds { count.multiplied(clampingBy: 1_000_000_000) }
    public static func milliseconds(_ count: Int64) -> Nanoseconds { count.multiplied(clampingBy: 1_000_000) }
    public static func microseconds(_ count: Int64) -> Nanoseconds { count.multiplied(clampingBy: 1_000) }
}
