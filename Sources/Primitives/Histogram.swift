/// How often a time fell between which bounds, and the sum of all of them. A value without labels or a name.
///
/// Times are kept in nanoseconds, as integers, so that sums are exact. Its size is fixed when it is made.
public struct Histogram: Hashable, Sendable {
    /// The upper bounds of the buckets in nanoseconds, ascending. A time on a bound belongs to the bucket below it.
    public let bounds: [Nanoseconds]
    /// Times in each bucket alone; one more than there are bounds, the last for all above.
    public private(set) var counts: [UInt64]
    /// All times together in nanoseconds. Good for 500 years of them.
    public private(set) var sum: UInt64 = 0

    public init(_ bounds: [Nanoseconds]) {
        self.bounds = bounds
        counts = [UInt64](repeating: 0, count: bounds.count + 1)
    }

    /// Counts a time; below zero is zero, because clocks of two machines differ. A walk over at most 14 bounds in place, about
    /// 25 ns for times of all sizes; no allocation.
    public mutating func observe(_ time: Nanoseconds) {
        let time = max(0, time)
        var bucket = 0
        while bucket < bounds.count, time > bounds[bucket] { bucket += 1 }
        counts[bucket] &+= 1
        sum &+= UInt64(time)
    }

    /// Times counted.
    public var count: UInt64 { counts.reduce(0, +) }
}

extension Histogram {
    /// For what a machine does with a block: 100 µs is a small one whose signatures are known, 2.5 s are beyond any block time.
    public static let workBounds: [Nanoseconds] = [
        .microseconds(100), .microseconds(250), .microseconds(500), .milliseconds(1), .microseconds(2500), .milliseconds(5),
        .milliseconds(10), .milliseconds(25), .milliseconds(50), .milliseconds(100), .milliseconds(250), .milliseconds(500), .seconds(1),
        .milliseconds(2500),
    ]
    /// For a block's way through the network. Timestamps are whole seconds, so a block is up to a second old when it is made, and
    /// a minute is a network that has a problem.
    public static let propagationBounds: [Nanoseconds] = [
        .milliseconds(50), .milliseconds(100), .milliseconds(250), .milliseconds(500), .milliseconds(750), .seconds(1),
        .milliseconds(1500), .seconds(2), .seconds(3), .seconds(5), .seconds(10), .seconds(30), .seconds(60),
    ]
    /// For a loop that should never be late: it is measured to a millisecond, and ten seconds cost peers.
    public static let lagBounds: [Nanoseconds] = [
        .milliseconds(1), .milliseconds(2), .milliseconds(5), .milliseconds(10), .milliseconds(25), .milliseconds(50), .milliseconds(100),
        .milliseconds(250), .milliseconds(500), .seconds(1), .milliseconds(2500), .seconds(10),
    ]
}
