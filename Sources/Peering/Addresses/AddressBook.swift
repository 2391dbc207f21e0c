internal import Network
internal import Primitives

/// The addresses that might be dialled, after the idea of Bitcoin Core's `addrman`, smaller.
///
/// Two tables of buckets. **Untried** addresses are hearsay: the bucket follows from a secret key, the group of the
/// source that told it and the group of the address, so that one source reaches `untriedBucketsPerSource` of the
/// `untriedBuckets` whatever it tells, and a full bucket never gives up an address that has not failed. **Tried**
/// addresses have shaken hands when dialled; one group of addresses reaches `triedBucketsPerGroup` buckets. A choice
/// draws the table, then the bucket, then the address: who fills an eighth of the buckets gets an eighth of the draws.
///
/// Bounds: 2048 + 512 addresses (`PeeringLimits`), about 0.5 MB when both tables are full.
struct AddressBook: Sendable {
    struct Entry: Sendable {
        var isTried = false
        /// Within its table.
        var bucket: Int
        /// The least scope of those who told it: a name must not lead further in than its teller could mean.
        var tellerScope: AddressScope
        var sourceBytes: [UInt8]
        /// When it was told last.
        var toldAt: Nanoseconds
        /// In a row.
        var failures = 0
        var nextDial: Nanoseconds
        var lastSuccess: Nanoseconds = 0
    }

    /// An untried address that nobody has told for this long gives up its place in a full bucket.
    private static let staleAfter: Nanoseconds = .seconds(24 * 3600)

    private let key: [UInt8]
    /// Looked up, never walked: its order would differ between runs.
    private var entries: [Endpoint: Entry] = [:]
    private var untried = [[Endpoint]](repeating: [], count: PeeringLimits.untriedBuckets)
    private var tried = [[Endpoint]](repeating: [], count: PeeringLimits.triedBuckets)

    /// `key` is secret: who knows it could aim at a bucket.
    init(key: [UInt8]) {
        self.key = key
    }

    var count: Int { entries.count }
    var triedCount: Int { tried.reduce(0) { $0 + $1.count } }
    subscript(endpoint: Endpoint) -> Entry? { entries[endpoint] }

    // MARK: Learning

    /// Notes an address that `source` told. Returns whether it is new and found a place.
    mutating func learn(_ endpoint: Endpoint, from source: Endpoint, scope: AddressScope, at now: Nanoseconds) -> Bool {
        if entries[endpoint] != nil {
            entries[endpoint]?.toldAt = now
            return false
        }
        let sourceBytes = NetworkGroup(source.withoutPort).keyBytes
        let entry = Entry(
            bucket: untriedBucket(of: endpoint, source: sourceBytes), tellerScope: scope, sourceBytes: sourceBytes, toldAt: now,
            nextDial: now)
        return insertUntried(endpoint, entry, at: now)
    }

    private mutating func insertUntried(_ endpoint: Endpoint, _ entry: Entry, at now: Nanoseconds) -> Bool {
        if untried[entry.bucket].count >= PeeringLimits.untriedBucketSize {
            guard let place = replaceable(in: untried[entry.bucket], at: now) else { return false }
            entries[untried[entry.bucket].remove(at: place)] = nil
        }
        untried[entry.bucket].append(endpoint)
        entries[endpoint] = entry
        return true
    }

    /// Who gives up a place in a full bucket: the one that failed most, else one that nobody speaks of any more.
    private func replaceable(in bucket: [Endpoint], at now: Nanoseconds) -> Int? {
        var worst: (place: Int, failures: Int)?
        var stale: Int?
        for (place, endpoint) in bucket.enumerated() {
            guard let entry = entries[endpoint] else { continue }
            if entry.failures > worst?.failures ?? 0 { worst = (place, entry.failures) }
            if now - entry.toldAt >= AddressBook.staleAfter { stale = stale ?? place }
        }
        return worst?.place ?? stale
    }

    // MARK: Outcomes of dials

    /// A dial led to a handshake: the address moves to the tried table, where the one there whose success is longest
    /// ago goes back to hearsay when the bucket is full. An address that was not in the book (a bootstrap peer) comes in.
    mutating func succeeded(_ endpoint: Endpoint, at now: Nanoseconds) {
        var entry =
            entries[endpoint]
            ?? Entry(
                bucket: 0, tellerScope: .loopback, sourceBytes: NetworkGroup(endpoint).keyBytes, toldAt: now, nextDial: now)
        let isKnown = entries[endpoint] != nil
        entry.failures = 0
        entry.lastSuccess = now
        if !entry.isTried {
            if isKnown { untried[entry.bucket].removeAll { $0 == endpoint } }
            entry.isTried = true
            entry.bucket = triedBucket(of: endpoint)
            if tried[entry.bucket].count >= PeeringLimits.triedBucketSize { demoteOldest(in: entry.bucket, at: now) }
            tried[entry.bucket].append(endpoint)
        }
        entries[endpoint] = entry
    }

    private mutating func demoteOldest(in bucket: Int, at now: Nanoseconds) {
        let oldest = tried[bucket].indices.min {
            entries[tried[bucket][$0]]?.lastSuccess ?? 0 < entries[tried[bucket][$1]]?.lastSuccess ?? 0
        }
        guard let oldest else { return }
        let endpoint = tried[bucket].remove(at: oldest)
        guard var entry = entries.removeValue(forKey: endpoint) else { return }
        entry.isTried = false
        entry.bucket = untriedBucket(of: endpoint, source: entry.sourceBytes)
        _ = insertUntried(endpoint, entry, at: now)
    }

    /// A dial failed, or its connection came to nothing. Returns the failures in a row, and whether the address was
    /// forgotten for them; `isCounted` is false while nothing at all can be reached, when failures say nothing
    /// about the address.
    mutating func failed(_ endpoint: Endpoint, isCounted: Bool) -> (failures: Int, isForgotten: Bool) {
        guard var entry = entries[endpoint] else { return (0, false) }
        entry.failures += 1
        let limit = entry.isTried ? PeeringLimits.maxFailuresTried : PeeringLimits.maxFailuresUntried
        if entry.failures >= limit {
            if isCounted {
                forget(endpoint)
                return (entry.failures, true)
            }
            entry.failures = limit - 1
        }
        entries[endpoint] = entry
        return (entry.failures, false)
    }

    /// Not to be dialled before `uptime`.
    mutating func postpone(_ endpoint: Endpoint, until uptime: Nanoseconds) {
        entries[endpoint]?.nextDial = uptime
    }

    mutating func forget(_ endpoint: Endpoint) {
        guard let entry = entries.removeValue(forKey: endpoint) else { return }
        if entry.isTried {
            tried[entry.bucket].removeAll { $0 == endpoint }
        } else {
            untried[entry.bucket].removeAll { $0 == endpoint }
        }
    }

    // MARK: Choosing

    /// Draws an address that is due and that `isWanted`: the tried table or the untried one with equal chance, then a
    /// bucket, then an address. O(addresses), for a dial, not for a message.
    func choose(
        at now: Nanoseconds, using generator: inout SplitMix64, where isWanted: (Endpoint) -> Bool
    ) -> Endpoint? {
        let tables = Bool.random(using: &generator) ? [tried, untried] : [untried, tried]
        for table in tables {
            for bucket in table.indices.shuffled(using: &generator) where !table[bucket].isEmpty {
                let due = table[bucket].filter { (entries[$0]?.nextDial ?? .max) <= now && isWanted($0) }
                if let endpoint = due.randomElement(using: &generator) { return endpoint }
            }
        }
        return nil
    }

    /// Addresses that shook hands at `since` or later, in the order of the table.
    func tried(since: Nanoseconds) -> [Endpoint] {
        tried.joined().filter { entries[$0]?.lastSuccess ?? .min >= since }
    }

    // MARK: Buckets

    private func untriedBucket(of endpoint: Endpoint, source: [UInt8]) -> Int {
        let lane = hash(source, NetworkGroup(endpoint).keyBytes) % UInt64(PeeringLimits.untriedBucketsPerSource)
        return Int(hash(source, bigEndianBytes(lane)) % UInt64(PeeringLimits.untriedBuckets))
    }

    private func triedBucket(of endpoint: Endpoint) -> Int {
        let lane = hash(endpoint.keyBytes, []) % UInt64(PeeringLimits.triedBucketsPerGroup)
        return Int(hash(NetworkGroup(endpoint).keyBytes, bigEndianBytes(lane)) % UInt64(PeeringLimits.triedBuckets))
    }

    private func hash(_ first: [UInt8], _ second: [UInt8]) -> UInt64 {
        KeyedHash.value(key: key, first, second)
    }

    // MARK: Tests

    /// What is wrong with the tables, or nothing.
    func findings() -> [String] {
        var found: [String] = []
        var seen: Set<Endpoint> = []
        for (isTried, table, size) in [
            (false, untried, PeeringLimits.untriedBucketSize), (true, tried, PeeringLimits.triedBucketSize),
        ] {
            for (index, bucket) in table.enumerated() {
                if bucket.count > size { found.append("bucket \(index) holds \(bucket.count)") }
                for endpoint in bucket {
                    if !seen.insert(endpoint).inserted { found.append("\(endpoint) stands twice") }
                    let entry = entries[endpoint]
                    if entry?.isTried != isTried || entry?.bucket != index { found.append("\(endpoint) stands in a wrong bucket") }
                }
            }
        }
        if seen.count != entries.count { found.append("\(entries.count) entries, \(seen.count) places") }
        return found
    }
}

extension Endpoint {
    /// The same host; a source is a host, not one of its many outgoing ports.
    var withoutPort: Endpoint { Endpoint(host: host, port: 0) ?? self }
}

/// A hash that nobody without the key can foresee: where chance must not be steered from outside. SHA-256 over key and
/// parts, each behind its length; about 0.2 µs, never on the way of a message.
enum KeyedHash {
    static func value(key: [UInt8], _ first: [UInt8], _ second: [UInt8]) -> UInt64 {
        let input = key + bigEndianBytes(UInt32(first.count)) + first + second
        return SHA256.hash(input).withUnsafeBytes { UInt64(bigEndian: $0.loadUnaligned(as: UInt64.self)) }
    }
}
