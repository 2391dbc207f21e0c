package import PodoruConfiguration
package import Terminal

extension APIAddress {
    /// Where a node with this configuration answers, asked from the same machine.
    package init(configuration: NodeConfiguration, file: String) throws(CommandFailure) {
        guard configuration.apiEnabled else {
            throw CommandFailure(.configuration, "\(file) has `api_enabled: false`: that node has no API to ask")
        }
        let host: String
        switch configuration.apiBindAddr {
        case "0.0.0.0": host = "127.0.0.1"
        case "::": host = "::1"
        default: host = configuration.apiBindAddr
        }
        self.init(host: host, port: configuration.apiPort)
    }
}
