internal import HTTPTypes
internal import Node
internal import Primitives

/// Every endpoint of the TCP port (`api.md`), apart from the WebSocket.
func apiRoutes(_ context: APIContext) -> [Route] {
    [
        Route(.get, "/api/v1/node/health") { _ in
            guard let status = await context.node.status() else {
                throw APIError(.serviceUnavailable, "the node has stopped")
            }
            return .success { json in
                json.raw("{\"status\":\"healthy\",\"height\":")
                json.integer(status.height)
                json.raw("}")
            }
        }
    ]
}
