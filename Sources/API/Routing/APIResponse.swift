internal import HTTPTypes
internal import Primitives

/// What an endpoint answers. The server adds CORS, lengths and the rest.
struct APIResponse: Sendable {
    var status: HTTPResponse.Status
    /// Beside `Content-Type`.
    var headers: HTTPFields = [:]
    var contentType = "application/json"
    var body: [UInt8]

    init(status: HTTPResponse.Status = .ok, contentType: String = "application/json", body: [UInt8]) {
        self.status = status
        self.contentType = contentType
        self.body = body
    }

    /// `{"success":true,"data":…}`, the data written by `write`.
    static func success(status: HTTPResponse.Status = .ok, capacity: Int = 512, _ write: (inout JSONWriter) throws -> Void) rethrows
        -> APIResponse
    {
        var writer = JSONWriter(capacity: capacity)
        writer.raw("{\"success\":true,\"data\":")
        try write(&writer)
        writer.raw("}\n")
        return APIResponse(status: status, body: writer.bytes)
    }
}

/// Why a request is not served: becomes `{"success":false,"error":…}` with this status.
struct APIError: Error, Sendable {
    var status: HTTPResponse.Status
    /// For the client: what is wrong and, where it helps, what to do.
    var message: String
    var headers: HTTPFields = [:]

    init(_ status: HTTPResponse.Status, _ message: String, headers: HTTPFields = [:]) {
        self.status = status
        self.message = message
        self.headers = headers
    }

    var response: APIResponse {
        var writer = JSONWriter(capacity: 64 + message.utf8.count)
        writer.raw("{\"success\":false,\"error\":")
        writer.string(ByteString(message))
        writer.raw("}\n")
        var response = APIResponse(status: status, body: writer.bytes)
        response.headers = headers
        return response
    }
}
