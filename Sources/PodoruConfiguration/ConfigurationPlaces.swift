/// A property of the configuration, which stands for the key that sets it.
public typealias ConfigurationProperty = any PartialKeyPath<NodeConfiguration> & Sendable

/// Something that went wrong because of what a key says, found after the file was read: a file that is not there, a port that is
/// taken. It knows the key; `ConfigurationPlaces` knows where that was set.
public protocol ConfigurationObjection: Error {
    /// What went wrong.
    var reason: String { get }
    /// What to do about it.
    var remedy: String { get }
    /// The keys that have a say, the one to look at first in front; empty when no key can help.
    var properties: [ConfigurationProperty] { get }
}

/// Where the keys of a configuration were set.
public struct ConfigurationPlaces: Sendable {
    /// The file's name as it was given.
    public let file: String
    /// By the keys' names; a key that is not set has none.
    var positions: [String: ConfigurationPosition] = [:]

    init(file: String) {
        self.file = file
    }

    /// The mistake that `objection` comes from: at the first of its keys that was set. `nil` when no key can help.
    public func error(_ objection: any ConfigurationObjection) -> ConfigurationError? {
        let keys = objection.properties.compactMap { ConfigurationKey.of($0) }
        guard let first = keys.first else { return nil }
        guard let key = keys.first(where: { positions[$0.name] != nil }), let position = positions[key.name] else {
            let subject = "\(first.name) (default \(first.defaultText))"
            return ConfigurationError(
                place: .unset(inFile: file), reason: "\(subject): \(objection.reason)", remedy: objection.remedy)
        }
        let subject = if case .mark = position { "\(key.name): " } else { "" }
        return ConfigurationError(
            place: position.place(inFile: file), reason: subject + objection.reason, remedy: objection.remedy)
    }
}

/// A configuration, and where each of its keys was set.
public struct LoadedConfiguration: Sendable {
    public let configuration: NodeConfiguration
    public let places: ConfigurationPlaces
    /// What is no mistake and worth a word. At most one a key.
    public let notes: [ConfigurationNote]
}
