internal import Primitives

extension NodeConfiguration {
    /// Reads the configuration of `file`, which names the text in messages, overridden by the variables `PODORU_<KEY>`
    /// of `environment`. All mistakes are collected, up to `ConfigurationLimits.maxErrors`.
    public init(
        parsing text: [UInt8], file: String, environment: [String: String] = [:]
    ) throws(ConfigurationFailure) {
        self.init()
        let yaml = YAMLReader(text)
        var problems: [ConfigurationProblem] = []
        var origins: [String: ConfigurationPosition] = [:]
        problems += readDocument(yaml.root, &origins)
        if let problem = yaml.problem { problems.append(problem) }
        problems += readEnvironment(environment, &origins)
        // Keys that a broken file did not get to would be missed wrongly.
        if problems.isEmpty { problems += complaintsAcrossKeys(origins) }
        if problems.isEmpty { return }
        throw .invalid(
            problems.prefix(ConfigurationLimits.maxErrors).map {
                ConfigurationError(place: $0.position.place(inFile: file), message: $0.message)
            })
    }

    // MARK: The file

    private mutating func readDocument(
        _ root: ConfigurationNode?, _ origins: inout [String: ConfigurationPosition]
    ) -> [ConfigurationProblem] {
        guard let root else { return [] }
        switch root.content {
        case .null: return []
        case .mapping(let pairs): return pairs.flatMap { readPair($0.key, $0.value, &origins) }
        case .scalar, .list:
            let message = "expected keys with values, as in 'p2p_port: 9000', found \(root.kindText)"
            return [ConfigurationProblem(position: root.position, message: message)]
        }
    }

    private mutating func readPair(
        _ key: ConfigurationNode, _ value: ConfigurationNode, _ origins: inout [String: ConfigurationPosition]
    ) -> [ConfigurationProblem] {
        guard case .scalar(let name, _) = key.content else {
            return [ConfigurationProblem(position: key.position, message: "expected the name of a key, found \(key.kindText)")]
        }
        guard let known = ConfigurationKey.named(name) else {
            return [ConfigurationProblem(position: key.position, message: NodeConfiguration.unknownKey(name))]
        }
        if case .mark(let line, _) = origins[name] {
            return [ConfigurationProblem(position: key.position, message: "\(name) stands on line \(line) already; remove one of the two")]
        }
        origins[name] = key.position
        return known.read(value, &self).map { $0.about(name) }
    }

    private static func unknownKey(_ name: String) -> String {
        let hint = ConfigurationKey.hint(for: name).map { "; the nearest known key is \($0.name)" } ?? ""
        return "unknown key '\(shortened(name))'\(hint)"
    }

    // MARK: The environment

    private mutating func readEnvironment(
        _ environment: [String: String], _ origins: inout [String: ConfigurationPosition]
    ) -> [ConfigurationProblem] {
        var problems: [ConfigurationProblem] = []
        for (variable, text) in environment.sorted(by: { $0.key < $1.key })
        where variable.hasPrefix(ConfigurationKey.environmentPrefix) {
            let position = ConfigurationPosition.variable(variable)
            guard let key = ConfigurationKey.all.first(where: { $0.environmentVariable == variable }) else {
                if let message = NodeConfiguration.complaintAboutUnknown(variable) {
                    problems.append(ConfigurationProblem(position: position, message: message))
                }
                continue
            }
            origins[key.name] = position
            problems += key.read(ConfigurationNode(variable: text, isList: key.isList, position: position), &self)
        }
        return problems
    }

    /// A slip of the pen in a variable's name. Anything further from a key is somebody else's: Kubernetes, for one, sets
    /// `PODORU_SERVICE_HOST` beside a service of that name.
    private static func complaintAboutUnknown(_ variable: String) -> String? {
        let longestSlip = 2
        let name = variable.dropFirst(ConfigurationKey.environmentPrefix.count).lowercased()
        guard let nearest = ConfigurationKey.nearest(to: name), nearest.distance <= longestSlip else { return nil }
        return "no key belongs to this variable; the nearest known one is \(nearest.key.environmentVariable)"
    }

    // MARK: Across keys

    private func complaintsAcrossKeys(_ origins: [String: ConfigurationPosition]) -> [ConfigurationProblem] {
        var problems: [ConfigurationProblem] = []
        let add = { (key: String, message: String) in
            problems.append(ConfigurationProblem(position: origins[key] ?? .mark(line: 1, column: 1), message: message))
        }
        if nodeType == .producer, privateKey == nil {
            add("node_type", "node_type is producer, but private_key is not set; name the key file that 'podoru keygen' wrote")
        }
        if apiEnabled, apiPort == p2pPort, apiPort != 0 {
            add("api_port", "api_port and p2p_port are both \(apiPort); give them different ports")
        }
        return problems
    }
}

extension ConfigurationNode {
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
        ConfigurationProblem(position: position, message: "\(key): \(message)")
    }
}
