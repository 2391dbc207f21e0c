import PodoruConfiguration
import Primitives

/// The configuration of `text`, as `node.yaml`.
func configuration(_ text: String, environment: [String: String] = [:]) throws(ConfigurationFailure) -> NodeConfiguration {
    try NodeConfiguration(parsing: Array(text.utf8), file: "node.yaml", environment: environment)
}

/// What a person reads about `text`: one line a mistake.
func complaints(_ text: String, environment: [String: String] = [:]) -> [String] {
    do {
        _ = try configuration(text, environment: environment)
        return []
    } catch {
        return error.description.split(separator: "\n").map(String.init)
    }
}

/// A generator whose seed stands in the test's output, so that a failure can be run again.
func printedSeed(for name: String) -> SplitMix64 {
    let seed = UInt64.random(in: 0...UInt64.max)
    print("seed of \(name): \(seed)")
    return SplitMix64(seed: seed)
}

extension SplitMix64 {
    mutating func below(_ count: Int) -> Int { Int(next() % UInt64(count)) }

    mutating func pick<T>(_ choices: [T]) -> T { choices[below(choices.count)] }
}

/// The same for bytes that are no text.
func complaintsOf(_ bytes: [UInt8]) -> [String] {
    do {
        _ = try NodeConfiguration(parsing: bytes, file: "node.yaml")
        return []
    } catch {
        return error.description.split(separator: "\n").map(String.init)
    }
}
