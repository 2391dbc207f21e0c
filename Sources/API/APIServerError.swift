internal import NIOCore
internal import Node
public import PodoruConfiguration
internal import SystemPackage

/// Why the API could not start, for whoever runs the node.
public struct APIServerError: Error, Sendable {
    public enum Kind: Hashable, Sendable {
        /// The TCP address cannot be listened on.
        case address
        /// The admin socket cannot be made.
        case adminSocket
    }

    public let kind: Kind
    public let reason: String
    public let remedy: String
    public let properties: [ConfigurationProperty]

    init(_ kind: Kind, _ reason: String, remedy: String, _ property: ConfigurationProperty) {
        self.kind = kind
        self.reason = reason
        self.remedy = remedy
        properties = [property]
    }

    static func adminSocket(_ reason: String, remedy: String) -> APIServerError {
        APIServerError(.adminSocket, reason, remedy: remedy, \.apiAdminSocket)
    }

    /// The TCP listener could not be opened.
    init(listeningFor configuration: NodeConfiguration, _ error: any Error) {
        let code = (error as? IOError).map { Errno(rawValue: $0.errnoCode) }
        let said = code?.description ?? "\(error)"
        let reason = "the HTTP API cannot listen on \(configuration.apiBindAddr) port \(configuration.apiPort): \(said)"
        switch code {
        case .addressInUse:
            self.init(.address, reason, remedy: "stop the program that has the port, or choose another `api_port`", \.apiPort)
        case .addressNotAvailable:
            self.init(.address, reason, remedy: "choose an address of this machine as `api_bind_addr`", \.apiBindAddr)
        case .permissionDenied:
            self.init(.address, reason, remedy: NodeError.lowPort("api_port"), \.apiPort)
        default: self.init(.address, reason, remedy: "choose another `api_bind_addr` or `api_port`", \.apiBindAddr)
        }
    }
}

extension APIServerError: ConfigurationObjection {}

extension APIServerError: CustomStringConvertible {
    public var description: String { "\(reason); \(remedy)" }
}
