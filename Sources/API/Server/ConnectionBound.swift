public import PodoruConfiguration

extension APIServer {
    /// Connections that a server of this configuration may have open at once, those included that are told that there are too
    /// many; 0 without an API. For whoever makes room for them.
    public static func maxConnections(_ configuration: NodeConfiguration) -> Int {
        guard configuration.apiEnabled else { return 0 }
        let limits = APILimits()
        return configuration.apiMaxConnections + limits.refusals + limits.adminConnections
    }
}
