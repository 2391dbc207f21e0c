internal import Ledger
internal import Platform
internal import PodoruConfiguration
internal import Primitives
internal import SystemPackage
internal import Terminal

/// The node that is examined: its configuration as the process that runs it reads it, and the user who runs it.
package struct DoctorSubject: Sendable {
    var file: String
    /// Its paths are those that the node's process uses.
    var configuration: NodeConfiguration
    /// Where its keys were set.
    var places: ConfigurationPlaces
    /// Who runs the node.
    var user: SystemUser
    /// Why we believe so, as `by podoru.service`.
    var userReason: String
    /// The service, when it runs this configuration.
    var unit: ServiceUnit?

    /// The configuration of the service, else one in this folder.
    package static let standardFiles = ["/etc/podoru/node.yaml", "node.yaml"]

    /// The first of them that this user may read, else one that is hidden from this user: that it is not there nobody can say.
    package static var standardFile: String? {
        standardFiles.first { FileSystem.allows(.read, $0) }
            ?? standardFiles.first { if case .failure(.missing) = FileFacts.of($0) { false } else { true } }
    }

    /// Reads the configuration, or says all that is wrong with it. Blocks.
    static func read(_ file: String, _ service: ServiceFacts) -> Result<DoctorSubject, DoctorMistakes> {
        let path = absolute(file, in: FileSystem.currentFolder)
        let unit = service.unit.flatMap { $0.runs(path) ? $0 : nil }
        // What the service's environment says counts for the node, and ours counts for who looks at another one by hand.
        var environment = ProcessEnvironment.variables()
        for (name, value) in unit?.environment ?? [:] where name.hasPrefix(ConfigurationKey.environmentPrefix) {
            environment[name] = value
        }
        do throws(ConfigurationFailure) {
            let loaded = try LoadedConfiguration(file: file, environment: environment)
            var configuration = loaded.configuration
            let folder = unit.map(\.workingDirectory) ?? ""
            if !folder.isEmpty { configuration.resolvePaths(in: folder) }
            let (user, reason) = owner(of: configuration, unit)
            return .success(
                DoctorSubject(
                    file: file, configuration: configuration, places: loaded.places, user: user, userReason: reason, unit: unit))
        } catch {
            return .failure(DoctorMistakes(file: file, failure: error))
        }
    }

    private static func owner(of configuration: NodeConfiguration, _ unit: ServiceUnit?) -> (SystemUser, String) {
        let current = SystemUser.current
        if let unit {
            if unit.user.isEmpty { return (SystemUser(id: 0), "by \(unit.name)") }
            if let user = SystemUser(named: unit.user) ?? UInt32(unit.user).map({ SystemUser(id: $0) }) {
                return (user, "by \(unit.name)")
            }
        }
        // Root looks after nodes of others: whose the data are, theirs is the node.
        if current.id == 0, case .success(let folder) = FileFacts.of(configuration.dataDir), folder.owner != 0 {
            return (SystemUser(id: folder.owner), "by the owner of data_dir")
        }
        return (current, "by whoever runs this command")
    }

    /// A path from the root on, as this process reads it.
    static func absolute(_ path: String) -> String { absolute(path, in: FileSystem.currentFolder) }

    fileprivate static func absolute(_ path: String, in folder: String) -> String {
        if path.hasPrefix("/") { return path }
        return folder + "/" + (path.hasPrefix("./") ? String(path.dropFirst(2)) : path)
    }

    /// What keeps the node from reading a file: the sandbox of its service, or owners and modes.
    func obstacle(to path: String) -> String? {
        if let unit, unit.sandbox.access(to: path) == .hidden { return "it is hidden from \(unit.name), as ProtectHome= of the unit says" }
        return FileFacts.obstacle(to: path, for: user)
    }

    /// What was read, in a line.
    var finding: DoctorFinding {
        if let obstacle = obstacle(to: DoctorSubject.absolute(file)) {
            return .failure(
                .configuration, "\(obstacle), so \(user.name), who runs the node (\(userReason)), cannot read \(file)",
                do: "Let \(user.name) read it: `chgrp \(user.name) \(file) && chmod 640 \(file)`, and `chmod` the folders above it.")
        }
        let peers = StatusText.count(UInt64(configuration.bootstrapPeers.count), "bootstrap peer")
        let kind = configuration.nodeType == .producer ? "producer" : "full node"
        return .ok(.configuration, "a \(kind) with \(peers), run as \(user.name) (\(userReason))")
    }
}

/// A configuration that cannot be used.
struct DoctorMistakes: Error, Sendable {
    var file: String
    var failure: ConfigurationFailure

    /// One finding a mistake, with file, line and column.
    var findings: [DoctorFinding] {
        switch failure {
        case .unreadable(_, let code, _):
            let remedy =
                Errno(rawValue: code) == .permissionDenied
                ? "Run the command with sudo, or as the user that runs the node."
                : "Name the node's configuration with --config FILE."
            let seen = Errno(rawValue: code) == .permissionDenied ? "\(file) may not be read by this user" : failure.description
            return [.failure(.configuration, seen, do: remedy)]
        case .invalid(let errors):
            return errors.map { error in
                .failure(.configuration, error.description, do: "Correct it there; man podoru.yaml describes every key.")
            }
        }
    }
}

extension NodeConfiguration {
    /// Makes the paths those of a process that runs in `folder`.
    fileprivate mutating func resolvePaths(in folder: String) {
        genesisPath = DoctorSubject.absolute(genesisPath, in: folder)
        dataDir = DoctorSubject.absolute(dataDir, in: folder)
        privateKey = privateKey.map { DoctorSubject.absolute($0, in: folder) }
    }
}
