public import Primitives

/// Which hashes have been met lately: bounded, and constant time per call.
///
/// Two generations: new hashes go into the young one; when it is full or its time is over it becomes the old one, and
/// the old one is forgotten. So the last `capacity / 2` hashes at least and `capacity` at most are remembered, for
/// between one and two lifetimes. A ring would be exact, and would need a second index; the generations need nothing
/// but two sets, whose storage is reused.
///
/// A hash takes about 45 bytes. Nothing is allocated until the first one comes.
public struct SeenCache: Sendable {
    /// The most hashes that are remembered.
    public let capacity: Int
    /// How long a generation lasts when it does not fill, in nanoseconds.
    public let lifetime: Nanoseconds

    private var young: Set<Hash32> = []
    private var old: Set<Hash32> = []
    /// When the young generation began; `nil` while nothing is remembered.
    private var youngSince: Nanoseconds?

    /// An empty cache for at most `capacity` hashes (2 at least).
    public init(capacity: Int, lifetime: Nanoseconds = .max) {
        self.capacity = max(capacity, 2)
        self.lifetime = max(lifetime, 1)
    }

    /// The number of hashes that are remembered.
    public var count: Int { young.count + old.count }

    /// Whether the hash is remembered.
    public mutating func contains(_ hash: Hash32, at now: Nanoseconds) -> Bool {
        age(at: now)
        return young.contains(hash) || old.contains(hash)
    }

    /// Remembers the hash; one that is known already becomes young again. True when it was not known.
    @discardableResult
    public mutating func insert(_ hash: Hash32, at now: Nanoseconds) -> Bool {
        age(at: now)
        guard !young.contains(hash) else { return false }
        let isNew = old.remove(hash) == nil
        if young.count >= capacity / 2 { turnOver(at: now) }
        if youngSince == nil { youngSince = now }
        young.insert(hash)
        return isNew
    }

    /// Forgets one hash.
    public mutating func remove(_ hash: Hash32) {
        if young.remove(hash) == nil { old.remove(hash) }
    }

    private mutating func age(at now: Nanoseconds) {
        for _ in 0..<2 {
            guard let since = youngSince, now - since >= lifetime else { return }
            turnOver(at: since + lifetime)
        }
        // Two lifetimes at once: nothing is left, and the next hash begins anew.
        if count == 0 { youngSince = nil }
    }

    private mutating func turnOver(at now: Nanoseconds) {
        swap(&young, &old)
        young.removeAll(keepingCapacity: true)
        youngSince = old.isEmpty ? nil : now
    }

    /// Sentences about what does not hold, for tests.
    public func checkInvariants() -> [String] {
        var broken: [String] = []
        if count > capacity { broken.append("\(count) hashes where \(capacity) are allowed") }
        if !young.isDisjoint(with: old) { broken.append("a hash in both generations") }
        if count > 0, youngSince == nil { broken.append("hashes without an age") }
        return broken
    }
}
