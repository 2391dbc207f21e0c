/// What systemd knows of the node's service, read from `systemctl show`.
struct ServiceUnit: Hashable, Sendable {
    /// The service of a machine with one node.
    static let standardName = "podoru.service"

    var name = ServiceUnit.standardName
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
    /// The files of `EnvironmentFile=`.
    var environmentFiles: [String] = []
    var sandbox = ServiceSandbox()
    /// `LimitNOFILE=`, the hard one.
    var openFiles: UInt64?
    var mainProcess: Int32?
    var restarts = 0

    private static let properties = [
        "Id", "LoadState", "ActiveState", "Result", "UnitFileState", "User", "WorkingDirectory", "ExecStart", "Environment",
        "EnvironmentFiles", "LoadCredential", "LimitNOFILE", "MainPID", "NRestarts",
    ]

    /// Asks for the units that may run the node of a configuration: the one of a machine with one node, and the one of several that is
    /// named like the file.
    static func command(for file: String) -> [String] {
        ["show", "--no-pager", standardName] + [instance(of: file)].compactMap(\.self)
            + (properties + ServiceSandbox.properties).flatMap { ["-p", $0] }
    }

    /// `podoru@b.service` for `/etc/podoru/b.yaml`; none where systemd would write the name otherwise.
    private static func instance(of file: String) -> String? {
        let name = file.split(separator: "/").last ?? ""
        guard name.hasSuffix(".yaml") else { return nil }
        let stem = name.dropLast(5)
        let isPlain = stem.utf8.allSatisfy { UInt8(ascii: "a")...UInt8(ascii: "z") ~= $0 || UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
        return stem.isEmpty || !isPlain ? nil : "podoru@\(stem).service"
    }

    /// All units of an answer, which an empty line parts.
    static func all(in text: String) -> [ServiceUnit] {
        text.split(separator: "\n\n").compactMap { ServiceUnit(String($0)) }
    }

    /// Reads `NAME=value` lines; `nil` when they are none, as in an error message.
    init?(_ text: String) {
        var isOne = false
        for line in text.split(separator: "\n") {
            guard let equals = line.firstIndex(of: "=") else { continue }
            let value = String(line[line.index(after: equals)...])
            switch line[..<equals] {
            case "Id": name = value
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
                for word in ServiceUnit.words(value) { take(variable: word) }
            case "EnvironmentFiles":
                // `/etc/default/podoru (ignore_errors=yes)`
                if let path = ServiceUnit.words(value).first { environmentFiles.append(path) }
            case "LoadCredential":
                for word in ServiceUnit.words(value) { take(credential: word) }
            case "LimitNOFILE": openFiles = value == "infinity" ? .max : UInt64(value)
            case "MainPID": mainProcess = Int32(value).flatMap { $0 > 0 ? $0 : nil }
            case "NRestarts": restarts = Int(value) ?? 0
            default: sandbox.read(line[..<equals], ServiceUnit.words(value))
            }
        }
        if !isOne { return nil }
    }

    private mutating func take(variable word: some StringProtocol) {
        guard let equals = word.firstIndex(of: "=") else { return }
        environment[String(word[..<equals])] = String(word[word.index(after: equals)...])
    }

    /// `ID:PATH`; a path alone is asked for by its id at other places.
    private mutating func take(credential word: some StringProtocol) {
        guard let colon = word.firstIndex(of: ":") else { return }
        credentials[String(word[..<colon])] = String(word[word.index(after: colon)...])
    }

    /// Takes in the credentials as they stand in the unit's files (`systemctl cat`): some versions of `systemctl show` write
    /// `[unprintable]` instead of them.
    mutating func readCredentials(inFiles text: String) {
        let instance = name.firstIndex(of: "@").map { name[name.index(after: $0)...].prefix { $0 != "." } } ?? ""
        for line in text.split(separator: "\n") where line.hasPrefix("LoadCredential=") {
            let value = line.dropFirst("LoadCredential=".count).replacing("%i", with: instance)
            if value.isEmpty { credentials = [:] } else { take(credential: value) }
        }
    }

    /// Takes in the variables of a file of `EnvironmentFile=`, which stand above those of `Environment=`.
    mutating func readVariables(inFile text: String) {
        for line in text.split(separator: "\n") where !line.hasPrefix("#") && !line.hasPrefix(";") {
            guard let equals = line.firstIndex(of: "=") else { continue }
            let value = ServiceUnit.words(String(line[line.index(after: equals)...]).replacing("'", with: "\"")).joined(separator: " ")
            take(variable: "\(line[..<equals])=\(value)")
        }
    }

    var isInstalled: Bool { loadState == "loaded" }

    /// Whether the service runs a node with this configuration file.
    func runs(_ file: String) -> Bool {
        isInstalled && arguments.contains { $0 == file || $0 == "--config=\(file)" || $0 == "-config=\(file)" }
    }

    /// The folder that systemd makes for a service's credentials while it runs.
    static func credentialsFolder(of name: String) -> String { "/run/credentials/\(name)/" }

    /// As an operator types it.
    var shortName: String { name.hasSuffix(".service") ? String(name.dropLast(".service".count)) : name }

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
