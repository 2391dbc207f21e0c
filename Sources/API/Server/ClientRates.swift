internal import NIOCore
internal import RateLimiter

/// A client as the request rate knows it: its IPv4 address, or the first 64 bits of its IPv6 address, which one customer has.
struct ClientKey: Hashable, Sendable {
    private let bits: UInt64
    private let isIPv6: Bool

    /// `nil` for a Unix socket.
    init?(_ address: SocketAddress?) {
        guard let address, address.protocol != .unix else { return nil }
        let isIPv6 = address.protocol == .inet6
        self.isIPv6 = isIPv6
        // The address stands behind family and port, in IPv6 behind the flow label too (ip(7), ipv6(7)).
        bits = address.withSockAddr { pointer, _ in
            let bytes = UnsafeRawPointer(pointer)
            return isIPv6
                ? bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self) : UInt64(bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
        }
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
