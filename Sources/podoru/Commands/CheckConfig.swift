internal import ArgumentParser
internal import Ledger
internal import Node
internal import Platform
internal import PodoruConfiguration
internal import SystemPackage
internal import Terminal

/// `podoru check-config FILE`: every mistake in a configuration, or `ok`.
struct CheckConfig: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check-config", abstract: "Check a configuration file.",
        discussion: """
            Prints `ok`, or every mistake with file, line and column, and then ends with code 78. Variables of the \
            environment that override keys (PODORU_…) are checked too. That the files it names are there is not required \
            here; those that are missing are noted.

            A genesis that is there is read: one that starts no chain, or has keys that are unknown or given twice, ends the \
            command with code 65.
            """)

    @Argument(
        help: ArgumentHelp("The configuration, such as node.yaml; - for standard input.", valueName: "file"),
        completion: .file(extensions: ["yaml", "yml"]))
    var file: String

    @Flag(help: "Print every key with the value that counts, defaults and the environment included, as YAML instead of `ok`.")
    var effective = false

    @Flag(help: "Print nothing where a node would start: no `ok`, no notes about files that are missing or keys that it only warns of.")
    var quiet = false

    func run() throws {
        let loaded = try ConfigurationLoader.load(file)
        let configuration = loaded.configuration
        if FileSystem.allows(.read, configuration.genesisPath) { try checkGenesis(loaded) }
        if quiet, !effective { return }
        for note in loaded.notes { StandardError.say("note: \(note)") }
        note(configuration.genesisPath, "genesis_path")
        if let key = configuration.privateKey { note(key, "private_key") }
        if effective {
            for key in ConfigurationKey.all { try StandardOutput.say("\(key.name): \(key.text(in: configuration))") }
        } else {
            try StandardOutput.say("ok")
        }
    }

    /// Reads the genesis as a node would. What a node only warns of is an error here, where somebody looks.
    private func checkGenesis(_ loaded: LoadedConfiguration) throws(CommandFailure) {
        let configuration = loaded.configuration
        let path = configuration.genesisPath
        let keyFaults: [GenesisKeyFault]
        do throws(NodeError) {
            let genesis = try Preflight.inspectGenesis(configuration)
            try Preflight.checkAuthorities(configuration, genesis.rules)
            keyFaults = genesis.keyFaults
            if let fault = genesis.timeFault, !quiet { StandardError.say("note: the genesis \(path): \(fault)") }
        } catch {
            throw CommandFailure(error, loaded.places)
        }
        // A unit asks quietly before each reload, and must not refuse what the node that runs has taken.
        guard !keyFaults.isEmpty, !quiet else { return }
        let lines = keyFaults.map { "\(path):\($0.line):\($0.column): \($0)" }
        throw CommandFailure(.badData, lines.joined(separator: "\n"), beginsWithPlace: true)
    }

    /// Says when a file that the configuration names is not there for this user.
    private func note(_ path: String, _ key: String) {
        do throws(Errno) {
            try FileSystem.check(.read, path)
        } catch {
            StandardError.say("note: \(key) names \(path), which cannot be read: \(error)")
        }
    }
}
