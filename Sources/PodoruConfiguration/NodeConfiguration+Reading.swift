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
        self.init(configuration: reading.configuration, places: reading.places)
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
            let position = ConfigurationPosition.variable(variable)
            guard let key = ConfigurationKey.all.first(where: { $0.environmentVariable == variable }) else {
                if let remedy = ConfigurationReading.remedyForUnknown(variable) {
                    problems.append(
                        ConfigurationProblem(position: position, reason: "no key belongs to this variable", remedy: remedy))
                }
                continue
            }
            places.positions[key.name] = position
            problems += key.read(ConfigurationNode(variable: text, isList: key.isList, position: position), &configuration)
        }
        return problems
    }

    /// For a slip of the pen in a variable's name. Anything further from a key is somebody else's: Kubernetes, for one, sets
    /// `PODORU_SERVICE_HOST` beside a service of that name.
    private static func remedyForUnknown(_ variable: String) -> String? {
        let longestSlip = 2
        let name = variable.dropFirst(ConfigurationKey.environmentPrefix.count).lowercased()
        guard let nearest = ConfigurationKey.nearest(to: name), nearest.distance <= longestSlip else { return nil }
        return "the nearest known one is \(nearest.key.environmentVariable): set that, or unset this one"
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

    /// The value of an environment variable: a list's entries stand between commas, nothing means "not set".
    fileprivate init(variable text: String, isList: Bool, position: ConfigurationPosition) {
        let trimmed = ConfigurationNode.trimmed(text[...])
        self.position = position
        if trimmed.isEmpty || trimmed == "null" {
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
