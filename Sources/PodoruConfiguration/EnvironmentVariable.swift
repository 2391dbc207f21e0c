/// A variable of the environment that podoru reads and that stands for no key of the configuration.
public enum PodoruVariable: String, CaseIterable, Sendable {
    /// The address of a node's API, for the commands that ask one.
    case api = "PODORU_API"
    /// The key file that signs transactions.
    case keyFile = "PODORU_KEY_FILE"
    /// Where a container's node has its configuration, for the image's health check.
    case configuration = "PODORU_CONFIG"
}

/// What a variable whose name begins with `PODORU_` is.
enum EnvironmentVariable {
    case key(ConfigurationKey)
    /// Another part of podoru reads it, or its tests do.
    case notOfTheNode
    /// Set for a service whose name begins with podoru: by Kubernetes for every pod, by Docker for `--link`. The key whose name it
    /// takes, if it takes one.
    case serviceLink(takingNameOf: ConfigurationKey?)
    case unknown

    init(_ variable: String, value: String) {
        let name = variable.dropFirst(ConfigurationKey.environmentPrefix.count)
        let key = ConfigurationKey.all.first { $0.environmentVariable == variable }
        if EnvironmentVariable.isServiceLink(name, value: value, isKey: key != nil) {
            self = .serviceLink(takingNameOf: key)
        } else if let key {
            self = .key(key)
        } else if PodoruVariable(rawValue: variable) != nil || ["TEST_", "FUZZ_"].contains(where: name.hasPrefix) {
            self = .notOfTheNode
        } else {
            self = .unknown
        }
    }

    /// Whether `name` (without the prefix) and `value` are of the shape that Kubernetes ("Discovering services", environment variables)
    /// and Docker (legacy links) give them: `SERVICE_HOST`, `P2P_SERVICE_PORT_HTTP`, `P2P_PORT=tcp://10.96.0.12:9000`,
    /// `PORT_9000_TCP_ADDR`, `ENV_…`, `NAME=/…`. A key of ours is one only by its value.
    private static func isServiceLink(_ name: Substring, value: String, isKey: Bool) -> Bool {
        let words = name.split(separator: "_", omittingEmptySubsequences: false)
        let isURL = ["tcp://", "udp://", "sctp://"].contains { value.hasPrefix($0) }
        if words.last == "PORT", isURL { return true }
        if isKey { return false }
        if words == ["NAME"], value.hasPrefix("/") { return true }
        if words.first == "ENV" { return true }
        let pairs = zip(words, words.dropFirst())
        if pairs.contains(where: { $0 == "SERVICE" && ($1 == "HOST" || $1 == "PORT") }) { return true }
        return pairs.contains { $0 == "PORT" && !$1.isEmpty && $1.utf8.allSatisfy { 0x30...0x39 ~= $0 } }
    }
}

/// Something about a configuration that is no mistake and that whoever wrote it may not expect.
public struct ConfigurationNote: Hashable, Sendable {
    public let place: ConfigurationError.Place
    public let text: String
}

extension ConfigurationNote: CustomStringConvertible {
    public var description: String { "\(place): \(text)" }
}

extension ConfigurationNote {
    init(emptyVariableOf key: ConfigurationKey) {
        place = .environment(key.environmentVariable)
        let none = key.isList || key.text(in: NodeConfiguration()) == "null" ? "; write null for none" : ""
        text = "empty, which counts as not set" + none
    }

    init(linkTakingNameOf key: ConfigurationKey, value: String) {
        place = .environment(key.environmentVariable)
        text =
            "'\(shortened(value))' is a link to a service, as Kubernetes and Docker set them, and not taken for \(key.name); "
            + "set it in the file, or end the links with `enableServiceLinks: false`"
    }
}
