/// What systemd knows of the node's service, read from `systemctl show`.
struct ServiceUnit: Hashable, Sendable {
    static let name = "podoru.service"

    var loadState = ""
    var activeState = ""
    var result = ""
    var isEnabled = false
    /// Empty for root.
    var user = ""
    var workingDirectory = ""
    /// The command line.
    var arguments: [String] = []
    var environment: [String: String] = [:]
    /// Where `LoadCredential=` takes each credential from.
    var credentials: [String: String] = [:]
    /// `LimitNOFILE=`, the hard one.
    var openFiles: UInt64?
    var mainProcess: Int32?
    var restarts = 0

    static let properties = [
        "LoadState", "ActiveState", "Result", "UnitFileState", "User", "WorkingDirectory", "ExecStart", "Environment", "LoadCredential",
        "LimitNOFILE", "MainPID", "NRestarts",
    ]
    static let command = ["show", name, "--no-pager"] + properties.flatMap { ["-p", $0] }

    /// Reads `NAME=value` lines; `nil` when they are none, as in an error message.
    init?(_ text: String) {
        var isOne = false
        for line in text.split(separator: "\n") {
            guard let equals = line.firstIndex(of: "=") else { continue }
            let value = String(line[line.index(after: equals)...])
            switch line[..<equals] {
            case "LoadState":
                loadState = value
                isOne = true
            case "ActiveState": activeState = value
            case "Result": result = value
            case "UnitFileState": isEnabled = value == "enabled"
            case "User": user = value
            // `!` in front: it may be missing.
            case "WorkingDirectory": workingDirectory = value.hasPrefix("!") ? String(value.dropFirst()) : value
            case "ExecStart": arguments = ServiceUnit.arguments(value)
            case "Environment":
                for word in ServiceUnit.words(value) {
                    guard let equals = word.firstIndex(of: "=") else { continue }
                    environment[String(word[..<equals])] = String(word[word.index(after: equals)...])
                }
            case "LoadCredential":
                for word in ServiceUnit.words(value) {
                    guard let colon = word.firstIndex(of: ":") else { continue }
                    credentials[String(word[..<colon])] = String(word[word.index(after: colon)...])
                }
            case "LimitNOFILE": openFiles = value == "infinity" ? .max : UInt64(value)
            case "MainPID": mainProcess = Int32(value).flatMap { $0 > 0 ? $0 : nil }
            case "NRestarts": restarts = Int(value) ?? 0
            default: break
            }
        }
        if !isOne { return nil }
    }

    var isInstalled: Bool { loadState == "loaded" }

    /// Whether the service runs a node with this configuration file.
    func runs(_ file: String) -> Bool {
        isInstalled && arguments.contains { $0 == file || $0 == "--config=\(file)" || $0 == "-config=\(file)" }
    }

    /// The folder that systemd makes for the service's credentials while it runs.
    static let credentialsFolder = "/run/credentials/\(name)/"

    /// `{ path=… ; argv[]=/usr/bin/podoru run --config F ; … }`
    private static func arguments(_ value: String) -> [String] {
        guard let start = value.firstRange(of: "argv[]=") else { return [] }
        let rest = value[start.upperBound...]
        return words(String(rest[..<(rest.firstRange(of: " ;")?.lowerBound ?? rest.endIndex)]))
    }

    /// Words between blanks; quotes keep blanks, a backslash the character behind it.
    private static func words(_ text: String) -> [String] {
        var words: [String] = []
        var word = ""
        var isQuoted = false
        var isEscaped = false
        for character in text {
            if isEscaped {
                word.append(character)
                isEscaped = false
            } else if character == "\\" {
                isEscaped = true
            } else if character == "\"" {
                isQuoted.toggle()
            } else if character == " ", !isQuoted {
                if !word.isEmpty { words.append(word) }
                word = ""
            } else {
                word.append(character)
            }
        }
        return word.isEmpty ? words : words + [word]
    }
}

/// What a look at systemd led to.
enum ServiceFacts: Hashable, Sendable {
    /// Why systemd says nothing.
    case unknown(String)
    case unit(ServiceUnit)

    /// Asks systemd. Blocks, at most for the child's deadline.
    static func look() -> ServiceFacts {
        switch ChildCommand.run("systemctl", ServiceUnit.command, within: DoctorLimits.childDeadline) {
        case .missing: return .unknown("there is no systemd")
        case .late: return .unknown("systemctl gave no answer in time")
        case .failed(let reason): return .unknown(reason)
        case .answered(let answer):
            if let unit = ServiceUnit(answer.output) { return .unit(unit) }
            let line = answer.output.split(separator: "\n").first.map(String.init) ?? "systemctl ended with \(answer.code)"
            return .unknown(line)
        }
    }

    var unit: ServiceUnit? {
        if case .unit(let unit) = self { return unit }
        return nil
    }

    /// What the service is at.
    var finding: DoctorFinding {
        let log = "`journalctl -u podoru -n 50` tells why"
        switch self {
        case .unknown(let reason):
            return .skipped(.service, reason, do: "Look at the process that runs the node by other means.")
        case .unit(let unit):
            guard unit.isInstalled else {
                let seen =
                    unit.loadState == "not-found" ? "\(ServiceUnit.name) is not installed" : "\(ServiceUnit.name) is \(unit.loadState)"
                return .skipped(.service, seen, do: "`make install` sets the service up, if the node is to run as one.")
            }
            switch unit.activeState {
            case "active", "reloading":
                guard unit.restarts >= DoctorLimits.manyRestarts else { return .ok(.service, "\(ServiceUnit.name) is active") }
                return .warning(
                    .service, "\(ServiceUnit.name) is active, and systemd has started it again \(unit.restarts) times",
                    do: "See why it ended: \(log).")
            case "failed":
                return .failure(
                    .service, "\(ServiceUnit.name) has failed (\(unit.result))",
                    do: "\(log); then mend it and run `systemctl restart podoru`.")
            case "activating", "deactivating":
                return .warning(
                    .service, "\(ServiceUnit.name) is \(unit.activeState)",
                    do: "Wait and look again; if it stays so, \(log).")
            default:
                guard unit.isEnabled else { return .ok(.service, "\(ServiceUnit.name) is installed, stopped and not enabled") }
                return .warning(
                    .service, "\(ServiceUnit.name) is enabled and does not run", do: "Start it: `systemctl start podoru`.")
            }
        }
    }
}
