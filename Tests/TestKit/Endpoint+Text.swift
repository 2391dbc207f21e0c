public import Network

extension Endpoint {
    /// The endpoint that a test writes as people do; one that is none ends the test run.
    public static func of(_ text: String) -> Endpoint { Endpoint(text)! }
}
