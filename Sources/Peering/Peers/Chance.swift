internal import Primitives

/// What nobody outside can foresee. All of it follows from one seed, so that a run can be repeated.
struct Chance: Sendable {
    /// Jitter and choice among equals.
    var generator: SplitMix64
    /// Secret: bucket places, ping nonces and the groups that eviction keeps follow from it.
    let key: [UInt8]
    private var pingCount: UInt64 = 0

    init(seed: UInt64) {
        generator = SplitMix64(seed: seed)
        key = SHA256.hash(bigEndianBytes(seed) + Array("peering".utf8)).bytes
    }

    /// A number that depends on the key, for one purpose.
    func keyed(_ purpose: String, _ bytes: [UInt8]) -> UInt64 { KeyedHash.value(key: key, Array(purpose.utf8), bytes) }

    /// Not to be guessed: an answer sent before the question would feign nearness.
    mutating func pingNonce() -> UInt64 {
        pingCount += 1
        return keyed("ping", bigEndianBytes(pingCount))
    }
}
