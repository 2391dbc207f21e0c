internal import ChainService
internal import Logging
internal import NIOHTTP1
internal import Node

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
