internal import PodoruConfiguration

/// Which web pages may read answers (`api.md`, `api_cors_origins`): header lines that are made once.
struct CORSPolicy: Sendable {
    private let allowsAny: Bool
    private let origins: Set<String>

    /// A day. Browsers cap it by themselves (Chrome at two hours).
    private static let preflight =
        "Access-Control-Allow-Methods: GET, HEAD, POST, OPTIONS\r\nAccess-Control-Allow-Headers: "
        + "Content-Type, Accept, Authorization, Cache-Control, X-Requested-With\r\nAccess-Control-Max-Age: 86400\r\n"

    init(origins: [String]) {
        allowsAny = origins.contains("*")
        self.origins = Set(origins)
    }

    /// The header lines of an answer to a request with this `Origin`. Never with credentials: the API has none.
    func lines(origin: String?) -> String {
        if allowsAny { return "Access-Control-Allow-Origin: *\r\n" }
        guard let origin, allows(origin) else { return "Vary: Origin\r\n" }
        return "Access-Control-Allow-Origin: \(origin)\r\nVary: Origin\r\n"
    }

    /// What an answer to `OPTIONS` has beside.
    func preflightLines(origin: String?) -> String {
        allowsAny || origin.map(allows) ?? false ? CORSPolicy.preflight : ""
    }

    /// Whether pages of this origin may use the API.
    func allows(_ origin: String) -> Bool { allowsAny || origins.contains(origin) }
}
