/// A token bucket: `rate` tokens a second flow in, at most `burst` stay, each message takes one
/// (`protocol.md`, "Rates").
///
/// Time is the uptime in nanoseconds that the caller hands in. The level is counted in billionths of a token, of which
/// `rate` flow in each nanosecond, so refilling is one exact integer multiplication: nothing is rounded, nothing
/// drifts, and the products are bounded (`maxRate`, `maxBurst`) so that nothing overflows. Time that goes backwards
/// counts as no time. A trivial value; every operation is O(1).
public struct TokenBucket: Hashable, Sendable {
    /// Tokens a second.
    public private(set) var rate: Int
    /// Tokens of a full bucket.
    public private(set) var burst: Int
    /// Since when the peer has been over its rate, as an uptime: from the first refused `take` until the bucket is at
    /// least half full again. A burst that drains in time clears it; a peer that keeps sending as fast as it is let
    /// never does. `nil` when the peer is within its rate.
    public private(set) var emptySince: Int64?

    private var level: Int64
    private var filledAt: Int64

    /// The greatest rate and burst; greater ones count as this. A full bucket of 10⁹ tokens is 10¹⁸ billionths.
    public static let maxRate = 1_000_000_000
    public static let maxBurst = 1_000_000_000

    private static let token: Int64 = 1_000_000_000

    /// A full bucket. A rate or burst below 1 counts as 1.
    public init(rate: Int, burst: Int, at now: Int64) {
        self.rate = min(max(rate, 1), TokenBucket.maxRate)
        self.burst = min(max(burst, 1), TokenBucket.maxBurst)
        level = Int64(self.burst) * TokenBucket.token
        filledAt = now
    }

    /// Changes rate and burst from `now` on, as a reloaded configuration does. What is in the bucket stays, as far as it
    /// fits.
    public mutating func reconfigure(rate: Int, burst: Int, at now: Int64) {
        refill(at: now)
        let fresh = TokenBucket(rate: rate, burst: burst, at: now)
        self.rate = fresh.rate
        self.burst = fresh.burst
        level = min(level, fresh.level)
    }

    /// Takes `count` tokens if they are there; takes none and returns false otherwise. More than `burst` are never
    /// there, fewer than 1 always.
    public mutating func take(_ count: Int = 1, at now: Int64) -> Bool {
        refill(at: now)
        guard count > 0 else { return true }
        guard count <= burst, level >= Int64(count) * TokenBucket.token else {
            if emptySince == nil { emptySince = now }
            return false
        }
        level -= Int64(count) * TokenBucket.token
        return true
    }

    /// The earliest uptime at which `count` tokens are there if none are taken before: `now` when they are, `nil` when
    /// they never will be because the bucket is too small.
    public func nextTokenTime(_ count: Int = 1, at now: Int64) -> Int64? {
        guard count <= burst else { return nil }
        var bucket = self
        bucket.refill(at: now)
        let missing = Int64(max(count, 0)) * TokenBucket.token - bucket.level
        guard missing > 0 else { return now }
        let wait = (missing - 1) / Int64(rate) + 1
        let (time, overflow) = bucket.filledAt.addingReportingOverflow(wait)
        return overflow ? .max : time
    }

    /// Whole tokens that are there now.
    public func available(at now: Int64) -> Int {
        var bucket = self
        bucket.refill(at: now)
        return Int(bucket.level / TokenBucket.token)
    }

    /// For how many nanoseconds the peer has been over its rate; 0 when it is not.
    public mutating func excess(at now: Int64) -> Int64 {
        refill(at: now)
        guard let emptySince, now > emptySince else { return 0 }
        let (span, overflow) = now.subtractingReportingOverflow(emptySince)
        return overflow ? .max : span
    }

    private mutating func refill(at now: Int64) {
        guard now > filledAt else { return }
        let capacity = Int64(burst) * TokenBucket.token
        let (elapsed, overflow) = now.subtractingReportingOverflow(filledAt)
        filledAt = now
        // Longer than it takes to fill from nothing: full, and no product that could overflow.
        if overflow || elapsed > capacity / Int64(rate) {
            level = capacity
        } else {
            level = min(capacity, level + elapsed * Int64(rate))
        }
        if emptySince != nil, level >= (capacity + 1) / 2 { emptySince = nil }
    }

    /// What must always hold, for tests.
    public func checkInvariants() -> Bool {
        level >= 0 && level <= Int64(burst) * TokenBucket.token
    }
}
