import Primitives

/// A generator whose seed stands in the test's output, so that a failure can be run again.
func printedSeed(_ seed: UInt64, for name: String) -> SplitMix64 {
    print("seed of \(name): \(seed)")
    return SplitMix64(seed: seed)
}

extension SplitMix64 {
    /// `count` bytes of any value.
    mutating func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) }
    }

    /// `count` bytes out of `alphabet`.
    mutating func bytes(_ count: Int, of alphabet: [UInt8]) -> [UInt8] {
        (0..<count).map { _ in alphabet[Int(next() % UInt64(alphabet.count))] }
    }
}
