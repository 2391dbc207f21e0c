extension LoadedConfiguration {
    /// Reads the configuration of `file`, which names the text in messages, overridden by the variables `PODORU_<KEY>`
    /// of `environment`. All mistakes are collected, up to `ConfigurationLimits.maxErrors`.
    public init(
        parsing text: [UInt8], file: String, environment: [String: String] = [:]
    ) throws(ConfigurationFailure) {
        var reading = ConfigurationReading(file: file)
        let yaml = YAMLReader(text)
        var problems = reading.readDocument(yaml.root)
        if let problem = yaml.problem { problems.append(problem) }
        problems += reading.readEnvironment(environment)
        // Keys that a broken file did not get to would be missed wrongly.
        if problems.isEmpty { problems += reading.complaintsAcrossKeys() }
        guard problems.isEmpty else {
            throw .invalid(
                problems.sorted { $0.position < $1.position }.prefix(ConfigurationLimits.maxErrors).map {
                    ConfigurationError(place: $0.position.place(inFile: file), reason: $0.reason, remedy: $0.remedy)
                })
        }
        self.init(configuration: reading.configuration, places: reading.places, notes: reading.notes)
    }
}

extension NodeConfiguration {
    /// The same without the places.
    public init(
        parsing text: [UInt8], file: String, environment: [String: String] = [:]
    ) throws(ConfigurationFailure) {
        self = try LoadedConfiguration(parsing: text, file: file, environment: environment).configuration
    }
}

/// A configuration while it is read.
private struct ConfigurationReading {
    var configuration = NodeConfiguration()
    var places: ConfigurationPlaces
    /// At most one a key.
    var notes: [ConfigurationNote] = []

    init(file: String) {
        places = ConfigurationPlaces(file: file)
    }

    // MARK: The file

    mutating func readDocument(_ root: ConfigurationNode?) -> [ConfigurationProblem] {
        guard let root else { return [] }
        switch root.content {
        case .null: return []
        case .mapping(let pairs): return pairs.flatMap { readPair($0.key, $0.value) }
        case .scalar, .list:
            return [root.problem("expected keys with values, found \(root.kindText)", remedy: ConfigurationReading.exampleOfKey)]
        }
    }

    private static let exampleOfKey = "write one key a line, as in 'p2p_port: 9000'"

    private mutating func readPair(_ key: ConfigurationNode, _ value: ConfigurationNode) -> [ConfigurationProblem] {
        guard case .scalar(let name, _) = key.content else {
            return [key.problem("expected the name of a key, found \(key.kindText)", remedy: ConfigurationReading.exampleOfKey)]
        }
        guard let known = ConfigurationKey.named(name) else {
            let hint = ConfigurationKey.hint(for: name).map { "the nearest known key is \($0.name): write that, or remove this one" }
            return [key.problem("unknown key '\(shortened(name))'", remedy: hint ?? "remove it")]
        }
        if case .mark(let line, _) = places.positions[name] {
            return [key.problem("\(name) stands on line \(line) already", remedy: "remove one of the two")]
        }
        places.positions[name] = key.position
        return known.read(value, &configuration).map { $0.about(name) }
    }

    // MARK: The environment

    mutating func readEnvironment(_ environment: [String: String]) -> [ConfigurationProblem] {
        var problems: [ConfigurationProblem] = []
        for (variable, text) in environment.sorted(by: { $0.key < $1.key })
        where variable.hasPrefix(ConfigurationKey.environmentPrefix) {
            switch EnvironmentVariable(variable, value: text) {
            case .key(let key): problems += read(key, variable: text)
            case .notOfTheNode: break
            case .serviceLink(let key): if let key { notes.append(ConfigurationNote(linkTakingNameOf: key, value: text)) }
            case .unknown:
                problems.append(
                    ConfigurationProblem(
                        position: .variable(variable), reason: "no key belongs to this variable",
                        remedy: ConfigurationReading.remedyForUnknown(variable)))
            }
        }
        return problems
    }

    /// An empty variable counts as not set, whatever the key: scripts and container files leave variables empty for that.
    private mutating func read(_ key: ConfigurationKey, variable text: String) -> [ConfigurationProblem] {
        let position = ConfigurationPosition.variable(key.environmentVariable)
        let node = ConfigurationNode(variable: text, isList: key.isList, position: position)
        guard let node else {
            notes.append(ConfigurationNote(emptyVariableOf: key))
            return []
        }
        places.positions[key.name] = position
        return key.read(node, &configuration)
    }

    private static func remedyForUnknown(_ variable: String) -> String {
        let name = String(variable.dropFirst(ConfigurationKey.environmentPrefix.count))
        guard let nearest = ConfigurationKey.hint(for: name) else { return "unset it" }
        return "the nearest known one is \(nearest.environmentVariable): set that, or unset this one"
    }

    // MARK: Across keys

    func complaintsAcrossKeys() -> [ConfigurationProblem] {
        var problems: [ConfigurationProblem] = []
        let add = { (keys: [String], reason: String, remedy: String) in
            // One of them was set: two defaults do not contradict each other.
            let position = keys.lazy.compactMap { places.positions[$0] }.first ?? .mark(line: 1, column: 1)
            problems.append(ConfigurationProblem(position: position, reason: reason, remedy: remedy))
        }
        if configuration.nodeType == .producer, configuration.privateKey == nil {
            add(
                ["node_type"], "node_type is producer, but private_key is not set",
                "name the key file that 'podoru keygen' wrote")
        }
        if configuration.apiEnabled, configuration.apiPort == configuration.p2pPort, configuration.apiPort != 0 {
            add(
                ["api_port", "p2p_port"], "api_port and p2p_port are both \(configuration.apiPort)",
                "give them different ports")
        }
        return problems
    }
}

extension ConfigurationNode {
    fileprivate func problem(_ reason: String, remedy: String) -> ConfigurationProblem {
        ConfigurationProblem(position: position, reason: reason, remedy: remedy)
    }

    /// The value of an environment variable, `nil` for an empty one: a list's entries stand between commas, `null` means none.
    fileprivate init?(variable text: String, isList: Bool, position: ConfigurationPosition) {
        let trimmed = ConfigurationNode.trimmed(text[...])
        if trimmed.isEmpty { return nil }
        self.position = position
        if trimmed == "null" {
            content = .null
        } else if isList {
            let entries = trimmed.split(separator: ",").map { ConfigurationNode.trimmed($0) }.filter { !$0.isEmpty }
            content = .list(
                entries.map { ConfigurationNode(content: .scalar($0, isQuoted: false), position: position) })
        } else {
            content = .scalar(trimmed, isQuoted: false)
        }
    }

    private static func trimmed(_ text: Substring) -> String {
        var rest = text.drop { $0.isWhitespace }
        while rest.last?.isWhitespace == true { rest.removeLast() }
        return String(rest)
    }
}

extension ConfigurationProblem {
    /// The same, with the key in front.
    fileprivate func about(_ key: String) -> ConfigurationProblem {
        ConfigurationProblem(position: position, reason: "\(key): \(reason)", remedy: remedy)
    }
}
