internal import ChainService
internal import Logging
internal import NIOHTTP1
internal import Node

/// One endpoint: a method, a path, and what answers.
struct Route: Sendable {
    typealias Handler = @Sendable (APIRequest) async throws -> APIResponse

    let method: HTTPMethod
    /// `/api/v1/block/{hash}`: a `{name}` stands for one whole segment that is not empty.
    let path: String
    /// Throws `APIError`; anything else becomes a 500 that is logged, or a 503 when the node has stopped.
    let handler: Handler

    init(_ method: HTTPMethod, _ path: String, _ handler: @escaping Handler) {
        self.method = method
        self.path = path
        self.handler = handler
    }
}

extension Route {
    /// Runs the handler; every error becomes an answer.
    func answer(_ request: APIRequest, logger: Logger) async -> APIResponse {
        do {
            return try await handler(request)
        } catch let error as APIError {
            return error.response
        } catch is NodeStopped {
            return APIError(.serviceUnavailable, "the node is stopping").response
        } catch {
            logger.error("\(method.rawValue) \(path) failed: \(error)")
            return APIError(.internalServerError, "the node could not answer; its log says why").response
        }
    }
}
