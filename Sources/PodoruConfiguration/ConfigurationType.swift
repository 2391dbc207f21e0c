internal import Primitives

/// How a kind of value is read, written and described.
struct ConfigurationType<Value>: Sendable {
    /// For people: `a whole number of peers, 1 to 1000`.
    let text: String
    var isList = false
    let read: @Sendable (ConfigurationNode) -> Result<Value, ConfigurationReadFailure>
    /// As YAML that reads back to the same value.
    let write: @Sendable (Value) -> String
}

/// What is wrong with a value; several mistakes in a list.
struct ConfigurationReadFailure: Error {
    var problems: [ConfigurationProblem]
}

extension ConfigurationType {
    /// A value that is one scalar. `parse` gets its text and whether it stood in quotes. What could be a private key is no value of any
    /// key, so that none is ever shown with a configuration; `remedyForKey` says what to do instead.
    static func scalar(
        _ text: String, remedyForKey: String = "remove it; a private key stands in a file of its own, which private_key names",
        write: @escaping @Sendable (Value) -> String,
        parse: @escaping @Sendable (String, Bool) throws(ConfigurationComplaint) -> Value
    ) -> ConfigurationType {
        ConfigurationType(
            text: text,
            read: { node in
                guard case .scalar(let written, let isQuoted) = node.content else {
                    return .failure(
                        node.complaint(
                            "expected \(text), found \(node.kindText)",
                            remedy: "write one such value, or remove the key to have its default"))
                }
                if let digits = Redaction.hiddenDigits(in: written) {
                    return .failure(
                        node.complaint("\(digits) hexadecimal digits could be a private key, and are not taken here", remedy: remedyForKey))
                }
                do throws(ConfigurationComplaint) {
                    return .success(try parse(written, isQuoted))
                } catch {
                    return .failure(node.complaint(error.reason, remedy: error.remedy))
                }
            },
            write: write)
    }

    /// The same, or nothing.
    static func optional<Wrapped>(_ type: ConfigurationType<Wrapped>) -> ConfigurationType where Value == Wrapped? {
        ConfigurationType(
            text: type.text + ", or null",
            read: { node in
                if case .null = node.content { return .success(nil) }
                return type.read(node).map { $0 }
            },
            write: { $0.map(type.write) ?? "null" })
    }

    /// A list of such values, in brackets or one a line; nothing is an empty one.
    static func list<Element>(
        of type: ConfigurationType<Element>, max: Int = ConfigurationLimits.maxListCount
    ) -> ConfigurationType where Value == [Element] {
        let text = "a list of at most \(max), each \(type.text)"
        return ConfigurationType(
            text: text, isList: true,
            read: { node in
                if case .null = node.content { return .success([]) }
                guard case .list(let items) = node.content else {
                    return .failure(
                        node.complaint("expected a list, found \(node.kindText)", remedy: "write it as [a, b], or one '- a' a line"))
                }
                guard items.count <= max else {
                    return .failure(
                        node.complaint("a list of \(items.count) entries is too long", remedy: "leave at most \(max) of them"))
                }
                return readAll(items, as: type)
            },
            write: { "[" + $0.map(type.write).joined(separator: ", ") + "]" })
    }

    private static func readAll<Element>(
        _ items: [ConfigurationNode], as type: ConfigurationType<Element>
    ) -> Result<[Element], ConfigurationReadFailure> {
        var values: [Element] = []
        var problems: [ConfigurationProblem] = []
        for item in items {
            switch type.read(item) {
            case .success(let value): values.append(value)
            case .failure(let failure): problems += failure.problems
            }
        }
        return problems.isEmpty ? .success(values) : .failure(ConfigurationReadFailure(problems: problems))
    }
}

extension ConfigurationNode {
    fileprivate func complaint(_ reason: String, remedy: String) -> ConfigurationReadFailure {
        ConfigurationReadFailure(problems: [ConfigurationProblem(position: position, reason: reason, remedy: remedy)])
    }
}
