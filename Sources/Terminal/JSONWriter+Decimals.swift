package import Primitives

extension JSONWriter {
    /// A member that is a number with at most three digits behind the point, as commands tell seconds and rates; `null` for none.
    package mutating func member(_ name: StaticString, _ value: Double?) {
        member(name) { json in
            guard let value else { return json.null() }
            json.raw(Array("\((min(max(value, -1e12), 1e12) * 1000).rounded() / 1000)".utf8))
        }
    }
}
