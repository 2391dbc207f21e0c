internal import NIOHTTP1
internal import Primitives

/// A whole HTTP request, as an endpoint sees it.
struct APIRequest: Sendable {
    var method: HTTPMethod
    /// The path's segments after the route's fixed ones, in the order of its `{names}`: percent-decoded, `%2F` included.
    var parameters: [ByteString] = []
    /// The raw text after `?`, or empty.
    var query = ""
    /// Whether it carries `Content-Type: application/json`, on a GET too.
    var isJSON = false
    /// The `Accept` header, or empty.
    var accept = ""
    /// The whole body: at most `APILimits.maxBodyBytes`.
    var body: [UInt8] = []
}
