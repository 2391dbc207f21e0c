/// One key of the configuration: all that there is to know of it beside its default.
///
/// Parsing, the overrides of the environment, hints for mistyped names, the manual and the reload are derived from
/// `ConfigurationKey.all`.
public struct ConfigurationKey: Sendable {
    /// The chapters of the manual, in their order.
    public enum Section: String, CaseIterable, Sendable {
        case node = "The node"
        case chain = "The chain"
        case network = "The network"
        case limits = "Limits"
        case api = "The HTTP API"
    }

    /// When a changed value takes effect.
    public enum Reload: Sendable {
        /// On SIGHUP.
        case atRunTime
        /// At the next start.
        case atRestart
    }

    /// As written in the file.
    public let name: String
    public let section: Section
    /// The type with its range and unit, for people: `a whole number of peers, 1 to 1000`.
    public let typeText: String
    public let reload: Reload
    /// What the key does, why one would change it, a sentence a line.
    public let help: String

    /// Reads a value into the configuration, or says what is wrong with it.
    let read: @Sendable (ConfigurationNode, inout NodeConfiguration) -> [ConfigurationProblem]
    /// The configuration's value as YAML.
    let write: @Sendable (NodeConfiguration) -> String
    /// Takes the key's value from one configuration into another.
    let copy: @Sendable (_ source: NodeConfiguration, _ target: inout NodeConfiguration) -> Void
    /// Whether the environment writes it with commas.
    let isList: Bool
    private let property: ConfigurationProperty

    init<Value>(
        _ name: String, _ property: any WritableKeyPath<NodeConfiguration, Value> & Sendable, _ type: ConfigurationType<Value>,
        _ section: Section, _ reload: Reload, _ help: String
    ) {
        self.name = name
        self.section = section
        self.reload = reload
        self.help = help
        typeText = type.text
        isList = type.isList
        read = { node, configuration in
            switch type.read(node) {
            case .success(let value):
                configuration[keyPath: property] = value
                return []
            case .failure(let failure): return failure.problems
            }
        }
        write = { type.write($0[keyPath: property]) }
        copy = { source, target in target[keyPath: property] = source[keyPath: property] }
        self.property = property
    }

    /// The default as YAML: a scalar, a list in brackets, or `null` for "not set".
    public var defaultText: String { write(NodeConfiguration()) }

    /// The value of `configuration` as YAML.
    public func text(in configuration: NodeConfiguration) -> String { write(configuration) }

    /// The variable that overrides the file: `PODORU_MAX_PEERS`.
    public var environmentVariable: String { ConfigurationKey.environmentPrefix + name.uppercased() }

    /// What such variables begin with.
    public static let environmentPrefix = "PODORU_"

    /// The key of that very name.
    public static func named(_ name: String) -> ConfigurationKey? {
        all.first { $0.name == name }
    }

    /// The key that sets a property.
    static func of(_ property: ConfigurationProperty) -> ConfigurationKey? {
        all.first { $0.property == property }
    }

    /// The known key whose name takes the fewest edits from `name`.
    static func nearest(to name: String) -> (key: ConfigurationKey, distance: Int)? {
        all.map { ($0, editDistance(name, $0.name)) }.min { $0.1 < $1.1 }
    }

    /// The key to name in a hint: one that `name` begins, as `genesis` does `genesis_path`, the nearest by at most two slips, the nearest
    /// of those in which `name` is a word, as `peers` is in `max_peers`, or else the nearest.
    static func hint(for name: String) -> ConfigurationKey? {
        let shortestBeginning = 4
        let longestSlip = 2
        let lowercased = name.lowercased()
        if name.count >= shortestBeginning, let begun = all.first(where: { $0.name.hasPrefix(lowercased) }) { return begun }
        let nearest = nearest(to: name)
        if let nearest, nearest.distance <= longestSlip { return nearest.key }
        let holding = all.filter { "_\($0.name)_".contains("_\(lowercased)_") }
        return holding.min { editDistance(name, $0.name) < editDistance(name, $1.name) } ?? nearest?.key
    }
}
