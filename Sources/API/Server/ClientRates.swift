internal import NIOCore
internal import Network
internal import RateLimiter

/// A client as the request rate knows it: its IPv4 address, or the first 64 bits of its IPv6 address, which one customer has. An IPv4
/// address inside IPv6, as a listener on `::` sees it, is that IPv4 address.
struct ClientKey: Hashable, Sendable {
    private let bits: UInt64
    private let isIPv6: Bool

    init(_ address: IPAddress) {
        isIPv6 = !address.isIPv4
        bits = address.isIPv4 ? address.low : address.high
    }
}

/// The request rate of each client: a token bucket an address, in a table of bounded size.
struct ClientRates {
    private let rate: Int
    private let capacity: Int
    private var buckets: [ClientKey: TokenBucket] = [:]
    /// For the clients that the table has no room for.
    private var others: TokenBucket

    /// - Parameter rate: requests a second; 0 is no limit.
    init(rate: Int, capacity: Int) {
        self.rate = rate
        self.capacity = capacity
        others = TokenBucket(rate: rate, burst: 2 * rate, at: 0)
    }

    var count: Int { buckets.count }

    /// Takes one request of `client`.
    ///
    /// - Returns: `nil` when it is within its rate, else the whole seconds after which it may try again.
    mutating func take(_ client: ClientKey, at now: NIODeadline) -> Int? {
        guard rate > 0 else { return nil }
        let uptime = Int64(clamping: now.uptimeNanoseconds)
        if buckets[client] == nil, buckets.count >= capacity { return ClientRates.take(&others, at: uptime) }
        return ClientRates.take(&buckets[client, default: TokenBucket(rate: rate, burst: 2 * rate, at: uptime)], at: uptime)
    }

    private static func take(_ bucket: inout TokenBucket, at uptime: Int64) -> Int? {
        guard !bucket.take(at: uptime) else { return nil }
        let wait = (bucket.nextTokenTime(at: uptime) ?? uptime) - uptime
        return max(1, Int((wait + 999_999_999) / 1_000_000_000))
    }

    /// Forgets the clients whose bucket is full again: they would get the same one. Linear in the table.
    mutating func forgetQuiet(at uptime: Int64) {
        buckets = buckets.filter { $0.value.available(at: uptime) < $0.value.burst }
    }
}
