internal import HTTPTypes

/// The way from HTTP to a WebSocket.
enum WebSocketUpgrade {
    static let path = "/api/v1/ws"

    /// Answers a request that does not become a WebSocket.
    static let route = Route(.get, path) { _ in
        throw APIError(.upgradeRequired, "this path is a WebSocket", headers: [.upgrade: "websocket"])
    }
}
