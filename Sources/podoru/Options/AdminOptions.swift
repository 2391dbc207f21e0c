internal import ArgumentParser
internal import NodeClient
internal import PodoruConfiguration
internal import Terminal

/// Which node.
struct AdminOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The admin socket of the node.", valueName: "path"), completion: .file())
    var socket: String?
    @Option(
        help: ArgumentHelp("Take the socket from the node's configuration instead.", valueName: "file"),
        completion: .file(extensions: ["yaml", "yml"]))
    var config: String?

    func validate() throws {
        if (socket == nil) == (config == nil) { throw ValidationError("say which node: either --socket PATH or --config FILE") }
    }

    func client() throws -> AdminClient {
        if let socket { return try AdminClient(socket: socket) }
        let file = config ?? ""
        guard let path = try ConfigurationLoader.load(file).configuration.apiAdminSocket else {
            throw CommandFailure(.configuration, "\(file) has no `api_admin_socket`: that node takes no orders while it runs")
        }
        return try AdminClient(socket: path)
    }
}
