/// A key whose value differs between two configurations.
public struct ConfigurationChange: Sendable {
    public let key: ConfigurationKey
    /// The values as YAML: a scalar, or a list in brackets.
    public let old: String
    public let new: String

    /// Whether the new value waits for the next start.
    public var needsRestart: Bool { key.reload == .atRestart }
}

extension ConfigurationChange: CustomStringConvertible {
    /// `max_peers: 50 -> 80`, with a word where it needs a restart.
    public var description: String {
        "\(key.name): \(old) -> \(new)" + (needsRestart ? " (at the next start)" : "")
    }
}

extension NodeConfiguration {
    /// What differs from `old`, in the order of the table.
    public func changes(from old: NodeConfiguration) -> [ConfigurationChange] {
        ConfigurationKey.all.compactMap { key in
            let (before, after) = (key.text(in: old), key.text(in: self))
            return before == after ? nil : ConfigurationChange(key: key, old: before, new: after)
        }
    }

    /// These settings with those of `new` that may change at run time.
    public func takingRunTimeChanges(of new: NodeConfiguration) -> NodeConfiguration {
        var result = self
        for key in ConfigurationKey.all where key.reload == .atRunTime { key.copy(new, &result) }
        return result
    }
}
