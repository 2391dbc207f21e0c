internal import NIOCore
internal import NIOHTTP1
internal import Network
internal import Primitives
internal import Wire

/// From the parser's parts to complete requests.
extension HTTPConnection {
    func receive(_ head: HTTPRequestHead) {
        var exchange = Exchange(work: .answer(APIError(.badRequest, "").response))
        exchange.isHead = head.method == .HEAD
        exchange.isOld = head.version == .http1_0
        exchange.origin = head.headers.first(name: "Origin")
        exchange.isLast = !head.isKeepAlive || state.isStopping
        // The parser stops behind a request that asks for another protocol, whether it gets it or not.
        if head.headers.contains(name: "Upgrade") || head.method == .CONNECT { exchange.isLast = true }
        incoming = IncomingRequest(exchange: exchange, isWanted: false, headEnded: state.loop.now)
        do throws(APIError) {
            try checkFraming(head)
        } catch {
            return refuse(error)
        }
        do throws(APIError) {
            try prepare(head)
            incoming?.isWanted = true
        } catch {
            incoming?.exchange.work = .answer(error.response)
        }
        awaitBody(head)
    }

    /// What makes the rest of the connection unreadable or too much to read.
    private func checkFraming(_ head: HTTPRequestHead) throws(APIError) {
        guard head.uri.utf8.count <= limits.targetBytes else {
            throw APIError(.uriTooLong, "the request target is longer than \(limits.targetBytes) bytes")
        }
        let hosts = head.headers["Host"]
        guard hosts.count == 1 || (hosts.isEmpty && head.version == .http1_0) else {
            throw APIError(.badRequest, "an HTTP/1.1 request needs one Host header")
        }
        guard hosts.allSatisfy({ $0.utf8.allSatisfy(HTTPConnection.mayStandInHost) }) else {
            throw APIError(.badRequest, "the Host header is not a name or address with or without a port")
        }
        let codings = head.headers["Transfer-Encoding"]
        guard codings.isEmpty || head.version != .http1_0 else {
            throw APIError(.badRequest, "HTTP/1.0 has no Transfer-Encoding")
        }
        guard codings.isEmpty || (codings.count == 1 && codings[0].lowercased() == "chunked") else {
            throw APIError(.notImplemented, "the only transfer coding here is chunked")
        }
        let expectations = head.headers["Expect"]
        guard expectations.isEmpty || (expectations.count == 1 && expectations[0].lowercased() == "100-continue") else {
            throw APIError(.expectationFailed, "the only expectation here is 100-continue")
        }
        guard contentLength(head) <= limits.bodyBytes else { throw tooLarge }
    }

    /// The length that the head gives for the body; 0 without one. The parser has seen that it is a number: what `Int` does not take is
    /// too large for it.
    private func contentLength(_ head: HTTPRequestHead) -> Int {
        guard let field = head.headers.first(name: "Content-Length") else { return 0 }
        return Int(field.prefix { $0 != " " && $0 != "\t" }) ?? .max
    }

    /// The characters of a name, of an address of either family in its brackets, and of a port (RFC 3986, 3.2.2).
    private static func mayStandInHost(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
        default: "-._~%!$&'()*+;=:[]".utf8.contains(byte)
        }
    }

    private var tooLarge: APIError {
        APIError(.contentTooLarge, "the body is larger than \(limits.bodyBytes) bytes")
    }

    /// Finds what answers the request, before its body comes.
    private func prepare(_ head: HTTPRequestHead) throws(APIError) {
        if let wait = state.takeRequest(of: client(of: head)) {
            throw APIError(
                .tooManyRequests, "more than \(limits.requestsPerSecond) requests a second from this address (`api_requests_per_second`)",
                headers: ["Retry-After": String(wait)])
        }
        guard head.method != .CONNECT else {
            throw APIError(.methodNotAllowed, "this server is no proxy: it takes \(Router.methods)", headers: ["Allow": Router.methods])
        }
        if head.method == .OPTIONS, profile.cors != nil {
            var preflight = APIResponse(status: .noContent, body: [])
            preflight.headers.add(name: "Allow", value: Router.methods)
            incoming?.exchange.isPreflight = true
            incoming?.exchange.work = .answer(preflight)
            return
        }
        let target = try RequestTarget(head.uri)
        let match = try profile.router.match(head.method, target)
        try checkCoding(head)
        var request = APIRequest(method: head.method, parameters: match.parameters, query: target.query)
        request.isJSON = head.headers["Content-Type"].contains { $0.lowercased().hasPrefix("application/json") }
        request.accept = head.headers["Accept"].joined(separator: ", ")
        let isSocket = match.route.path == WebSocketUpgrade.path && head.headers.contains(name: "Upgrade")
        incoming?.exchange.work = isSocket ? .upgrade(head) : .route(match.route, request)
    }

    /// Who asks: the other side of the connection, or whom a trusted proxy names.
    func client(of head: HTTPRequestHead) -> IPAddress? {
        peer.map { state.client(of: $0, head) }
    }

    /// A body is read as it is. Where none comes, the field says nothing.
    private func checkCoding(_ head: HTTPRequestHead) throws(APIError) {
        guard let coding = head.headers[canonicalForm: "Content-Encoding"].first(where: { $0.lowercased() != "identity" }) else { return }
        guard head.headers.contains(name: "Transfer-Encoding") || contentLength(head) > 0 else { return }
        throw APIError(
            .unsupportedMediaType, "a body in the coding \(coding.prefix(32)) is not read here; send it as it is",
            headers: ["Accept-Encoding": "identity"])
    }

    /// Lets the body come, or answers at once when the client waits with it for a word of ours.
    private func awaitBody(_ head: HTTPRequestHead) {
        guard head.headers.contains(name: "Expect"), head.version != .http1_0 else { return }
        if let request = incoming, !request.isWanted {
            // It may send the body or not: what comes cannot be told apart.
            incoming?.exchange.isLast = true
            incoming?.exchange.lingers = true
            endIncoming()
        } else {
            incoming?.awaitsContinue = true
        }
    }

    func receive(_ bytes: ByteBuffer) {
        guard incoming != nil else { return }
        incoming?.awaitsContinue = false
        incoming?.received += bytes.readableBytes
        guard (incoming?.received ?? 0) <= limits.bodyBytes else { return refuse(tooLarge) }
        guard incoming?.isWanted == true else { return }
        guard state.reserveBody(bytes.readableBytes) else {
            let error = APIError(
                .serviceUnavailable, "the server holds as many request bodies as it may; try again", headers: ["Retry-After": "1"])
            return refuse(error)
        }
        incoming?.exchange.reserved += bytes.readableBytes
        incoming?.body.append(contentsOf: bytes.readableBytesView)
    }

    /// The request is complete.
    func endIncoming() {
        guard let request = incoming else { return }
        incoming = nil
        var exchange = request.exchange
        if case .route(let route, var whole) = exchange.work {
            whole.body = request.body
            exchange.work = .route(route, whole)
        }
        enqueue(exchange)
    }
}
