internal import CPosix

/// The environment of this process. Nobody writes it here.
package enum ProcessVariables {
    /// A variable's value, also an empty one; `nil` where it is not set.
    package static subscript(name: String) -> String? { getenv(name).map { String(cString: $0) } }

    /// A variable's value; `nil` where it is not set or empty.
    package static func nonEmpty(_ name: String) -> String? {
        let value = self[name]
        return value == "" ? nil : value
    }

    /// All whose names begin with `prefix`.
    package static func all(beginningWith prefix: String = "") -> [String: String] {
        var result: [String: String] = [:]
        var next = podoru_environment()
        while let entry = next?.pointee {
            let text = String(cString: entry)
            if text.hasPrefix(prefix), let equals = text.firstIndex(of: "=") {
                result[String(text[..<equals])] = String(text[text.index(after: equals)...])
            }
            next = next?.advanced(by: 1)
        }
        return result
    }
}
