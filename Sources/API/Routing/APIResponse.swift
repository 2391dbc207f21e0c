internal import NIOHTTP1
internal import Primitives

/// What an endpoint answers. The server adds CORS, lengths and the rest.
struct APIResponse: Sendable {
    var status: HTTPResponseStatus
    /// Beside `Content-Type`.
    var headers: HTTPHeaders = [:]
    var contentType = "application/json"
    var body: [UInt8]

    init(status: HTTPResponseStatus = .ok, contentType: String = "application/json", body: [UInt8]) {
        self.status = status
        self.contentType = contentType
        self.body = body
    }

    /// `{"success":true,"data":…}`, the data written by `data`.
    static func success(
        status: HTTPResponseStatus = .ok, capacity: Int = 512, _ data: (inout JSONWriter) throws -> Void
    ) rethrows -> APIResponse {
        var json = JSONWriter(capacity: capacity)
        try json.object { json in
            json.member("success", true)
            try json.member("data", data)
        }
        json.raw("\n")
        return APIResponse(status: status, body: json.bytes)
    }

    /// The same for data that is an object, its members written by `members`.
    static func object(
        status: HTTPResponseStatus = .ok, capacity: Int = 512, _ members: (inout JSONWriter) throws -> Void
    ) rethrows -> APIResponse {
        try success(status: status, capacity: capacity) { json in try json.object(members) }
    }
}

/// Why a request is not served: becomes `{"success":false,"error":…}` with this status.
struct APIError: Error, Sendable {
    var status: HTTPResponseStatus
    /// For the client: what is wrong and, where it helps, what to do.
    var message: String
    var headers: HTTPHeaders = [:]

    init(_ status: HTTPResponseStatus, _ message: String, headers: HTTPHeaders = [:]) {
        self.status = status
        self.message = message
        self.headers = headers
    }

    var response: APIResponse {
        var json = JSONWriter(capacity: 64 + message.utf8.count)
        json.object { json in
            json.member("success", false)
            json.member("error", message)
        }
        json.raw("\n")
        var response = APIResponse(status: status, body: json.bytes)
        response.headers = headers
        return response
    }
}

extension HTTPResponseStatus {
    /// 413 in the words of RFC 9110; NIO has those of RFC 7231.
    static let contentTooLarge = HTTPResponseStatus.custom(code: 413, reasonPhrase: "Content Too Large")
}
