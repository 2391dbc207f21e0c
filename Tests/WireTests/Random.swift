import Primitives

/// A generator with a new seed each run, which stands in the test's output, so that a failure can be run again: give the
/// seed here.
func randomRun(_ name: String, seed: UInt64 = .random(in: 0 ... .max)) -> SplitMix64 {
    print("seed of \(name): \(seed)")
    return SplitMix64(seed: seed)
}

extension SplitMix64 {
    /// A number of 0..<`bound`.
    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

    /// `count` bytes of any value.
    mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) } }

    /// One element.
    mutating func pick<T>(_ elements: [T]) -> T { elements[below(elements.count)] }

    /// `bytes` with a few of them changed, dropped, doubled or cut off.
    mutating func mutate(_ bytes: [UInt8]) -> [UInt8] {
        var result = bytes
        for _ in 0...below(4) where !result.isEmpty {
            let index = below(result.count)
            switch below(6) {
            case 0: result[index] = UInt8(truncatingIfNeeded: next())
            case 1: result[index] = pick(Array("{}[]\",:\\0123456789eE+-.untrfals ".utf8))
            case 2: result.remove(at: index)
            case 3: result.insert(result[index], at: index)
            case 4: result.removeSubrange(index...)
            default: result.insert(contentsOf: result[index..<min(result.count, index + below(20))], at: below(result.count))
            }
        }
        return result
    }
}
