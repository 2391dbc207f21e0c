internal import Logging
internal import NIOCore
internal import NIOHTTP1
internal import NIOWebSocket

/// The way from HTTP to a WebSocket (RFC 6455, 4.2).
enum WebSocketUpgrade {
    static let path = "/api/v1/ws"

    /// Answers a request that asks for no WebSocket.
    static let route = Route(.GET, path) { _ in throw required("this path is a WebSocket") }

    private static func required(_ message: String) -> APIError {
        APIError(.upgradeRequired, message, headers: ["Upgrade": "websocket", "Sec-WebSocket-Version": "13"])
    }

    /// - Throws: 426 or 400 when it is no proper request for a WebSocket, 403 when its page may not use the API.
    static func check(_ head: HTTPRequestHead, cors: CORSPolicy?) throws(APIError) {
        guard head.method == .GET, head.headers[canonicalForm: "Upgrade"].contains(where: { $0.lowercased() == "websocket" }) else {
            throw required("this path is a WebSocket; no other protocol is spoken here")
        }
        guard head.version == .http1_1, head.headers[canonicalForm: "Connection"].contains(where: { $0.lowercased() == "upgrade" }) else {
            throw APIError(.badRequest, "a WebSocket needs HTTP/1.1 and Connection: Upgrade")
        }
        guard head.headers["Sec-WebSocket-Version"] == ["13"] else {
            throw required("the only version of WebSocket here is 13")
        }
        let keys = head.headers["Sec-WebSocket-Key"]
        // 16 bytes in base64.
        guard keys.count == 1, keys[0].utf8.count == 24, keys[0].hasSuffix("==") else {
            throw APIError(.badRequest, "Sec-WebSocket-Key must be 16 bytes in base64")
        }
        // A browser sends the page's origin, and asks nobody first: an unlisted page could listen with the user's address.
        if let cors, let origin = head.headers.first(name: "Origin"), !cors.allows(origin) {
            throw APIError(.forbidden, "api_cors_origins does not list this page's origin")
        }
    }

    /// The answer that makes it a WebSocket, with the accept key as NIOWebSocket computes it. On the channel's loop.
    static func answer(_ head: HTTPRequestHead, _ channel: any Channel) -> ByteBuffer? {
        let upgrader = NIOWebSocketServerUpgrader(
            shouldUpgrade: { channel, _ in channel.eventLoop.makeSucceededFuture([:]) },
            upgradePipelineHandler: { channel, _ in channel.eventLoop.makeSucceededVoidFuture() })
        var fields: HTTPHeaders?
        // Nothing in it waits: the future is complete when it comes.
        upgrader.buildUpgradeResponse(channel: channel, upgradeRequest: head, initialResponseHeaders: [:])
            .assumeIsolated().whenSuccess { fields = $0 }
        guard let accept = fields?.first(name: "Sec-WebSocket-Accept") else { return nil }
        return ByteBuffer(
            string:
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: \(accept)\r\n\r\n")
    }
}

extension HTTPConnection {
    /// Becomes a WebSocket.
    ///
    /// - Throws: why it cannot; the connection is as before then.
    func upgrade(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) throws(APIError) {
        try WebSocketUpgrade.check(head, cors: profile.cors)
        guard let hub = state.hub, !hub.isFull, !state.isStopping else {
            throw APIError(.serviceUnavailable, "the node has as many WebSocket clients as it may", headers: ["Retry-After": "5"])
        }
        guard let answer = WebSocketUpgrade.answer(head, context.channel) else {
            throw APIError(.badRequest, "the request is no proper WebSocket handshake")
        }
        let socket = WebSocketConnection(state: state, hub: hub, client: client(of: head))
        do {
            // Bytes that came behind the request go on to the frame decoder when the parser leaves.
            let pipeline = context.pipeline.syncOperations
            try pipeline.addHandler(ByteToMessageHandler(WebSocketFrameDecoder(maxFrameSize: limits.messageBytes)))
            try pipeline.addHandler(socket)
            context.writeAndFlush(HTTPConnection.wrapOutboundOut(answer), promise: nil)
            state.replace(id, with: socket)
            let parser = try pipeline.context(handlerType: ByteToMessageHandler<HTTPRequestDecoder>.self)
            let clock = try pipeline.context(handlerType: HeadClock.self)
            for handler in [context, clock, parser] { pipeline.removeHandler(context: handler, promise: nil) }
        } catch {
            state.logger.error("a connection did not become a WebSocket: \(error)")
            context.close(promise: nil)
        }
    }
}
