internal import ArgumentParser
internal import NodeClient
internal import Platform
internal import PodoruConfiguration

/// Where the node is that a command asks.
struct NodeOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The node's API: http://host:port or unix:/path. PODORU_API, or http://127.0.0.1:8545, unless given.", valueName: "url"))
    var api: String?
    @Option(
        help: ArgumentHelp("Take the address from a node's configuration instead.", valueName: "file"),
        completion: .file(extensions: ["yaml", "yml"]))
    var config: String?

    func validate() throws {
        if api != nil, config != nil { throw ValidationError("give either --api or --config") }
    }

    func address() throws -> APIAddress {
        if let config { return try APIAddress(configuration: ConfigurationLoader.load(config).configuration, file: config) }
        if let text = api ?? ProcessVariables[PodoruVariable.api.rawValue], !text.isEmpty { return try APIAddress(text) }
        return .standard
    }
}
