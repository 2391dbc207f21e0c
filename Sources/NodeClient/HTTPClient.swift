internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import SystemPackage

/// A small HTTP/1.1 client for the commands: one connection a request, which ends with it.
///
/// Everything is bounded: the time from the first packet to the last byte, and the bytes of the answer.
package struct HTTPClient: Sendable {
    /// How long a whole request may take. A node answers within milliseconds; a link around the world within one second.
    package static let standardTimeout = Duration.seconds(5)
    /// Bytes of an answer's body. The largest that a command asks for is a block, 1 MiB of JSON.
    static let maxBodyBytes = 4 << 20

    package enum Method: String, Sendable {
        case get = "GET"
        case post = "POST"
        case put = "PUT"
        case delete = "DELETE"
    }

    /// An answer.
    struct Reply: Sendable {
        var status: Int
        var headers: [(name: String, value: String)]
        var body: [UInt8]

        /// The first header of that name, in whatever case.
        func header(_ name: String) -> String? {
            headers.first { $0.name.lowercased() == name.lowercased() }?.value
        }
    }

    let address: APIAddress
    var timeout = HTTPClient.standardTimeout

    /// Asks, and waits for the whole answer, whatever its status.
    ///
    /// - Parameters:
    ///   - path: begins with a slash and is encoded already.
    ///   - body: JSON, or nothing.
    ///   - maxBytes: more of a body than this is an error.
    ///   - takesBeginning: or else the rest is not waited for, and what is there is the answer.
    /// - Throws: `unreachable`, `late` or `badAnswer`.
    func request(
        _ method: Method, _ path: String, body: [UInt8]? = nil, maxBytes: Int = maxBodyBytes, takesBeginning: Bool = false
    ) async throws(APIFailure) -> Reply {
        do {
            let channel = try await connect()
            return try await exchange(method, path, body, on: channel) { promise in
                HTTPExchange(promise: promise, timeout: timeAmount, maxBytes: maxBytes, takesBeginning: takesBeginning)
            }
        } catch let failure as APIFailure {
            throw failure
        } catch let error as HTTPExchange.Fault {
            throw failure(error, path: path, maxBytes: maxBytes)
        } catch {
            throw .unreachable(address, HTTPClient.reason(error))
        }
    }

    private var timeAmount: TimeAmount { TimeAmount(timeout) }

    private func connect() async throws -> any Channel {
        // Nothing is read before somebody listens to it.
        let bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connectTimeout(timeAmount).channelOption(.autoRead, value: false)
        switch address.place {
        case .tcp(let host, let port): return try await bootstrap.connect(host: host, port: port).get()
        case .unix(let path): return try await bootstrap.connect(unixDomainSocketPath: path).get()
        }
    }

    private func exchange(
        _ method: Method, _ path: String, _ body: [UInt8]?, on channel: any Channel,
        handler: @escaping @Sendable (EventLoopPromise<Reply>) -> HTTPExchange
    ) async throws -> Reply {
        var head = HTTPRequestHead(version: .http1_1, method: HTTPMethod(rawValue: method.rawValue), uri: address.base + path)
        head.headers.add(name: "Host", value: address.authority)
        head.headers.add(name: "Connection", value: "close")
        head.headers.add(name: "Accept", value: "application/json")
        head.headers.add(name: "User-Agent", value: "podoru")
        if let body {
            head.headers.add(name: "Content-Type", value: "application/json")
            head.headers.add(name: "Content-Length", value: "\(body.count)")
        }
        let promise = channel.eventLoop.makePromise(of: Reply.self)
        let request = head
        channel.eventLoop.execute {
            do {
                let pipeline = channel.pipeline.syncOperations
                try pipeline.addHTTPClientHandlers()
                try pipeline.addHandler(handler(promise))
            } catch {
                promise.fail(error)
                return channel.close(promise: nil)
            }
            channel.setOption(.autoRead, value: true).whenFailure { _ in channel.close(promise: nil) }
            channel.write(HTTPClientRequestPart.head(request), promise: nil)
            if let body { channel.write(HTTPClientRequestPart.body(.byteBuffer(ByteBuffer(bytes: body))), promise: nil) }
            channel.writeAndFlush(HTTPClientRequestPart.end(nil), promise: nil)
        }
        return try await promise.futureResult.get()
    }

    private func failure(_ fault: HTTPExchange.Fault, path: String, maxBytes: Int) -> APIFailure {
        switch fault {
        case .late: .late(address, path: path, seconds: max(1, timeout.components.seconds))
        case .tooLong: .badAnswer(address, path: path, "the answer has more than \(maxBytes) bytes")
        case .closedEarly: .badAnswer(address, path: path, "the connection was closed before the answer was whole")
        case .notHTTP: .badAnswer(address, path: path, "what comes back is not HTTP")
        }
    }

    /// Why a connection could not be made, in the system's words.
    package static func reason(_ error: any Error) -> String {
        if let error = error as? NIOConnectionError {
            if let refusal = error.connectionErrors.first { return reason(refusal.error) }
            if error.dnsAError != nil || error.dnsAAAAError != nil { return "the name \(error.host) is not known" }
        }
        if let error = error as? IOError { return lowercaseFirst(Errno(rawValue: error.errnoCode).description) }
        if let error = error as? ChannelError, case .connectTimeout = error { return "nobody took the connection in time" }
        return "\(error)"
    }

    private static func lowercaseFirst(_ text: String) -> String { text.prefix(1).lowercased() + text.dropFirst() }
}

/// One request's way on its connection: gathers the answer, keeps the time and the bounds.
private final class HTTPExchange: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart

    enum Fault: Error {
        case late, tooLong, closedEarly, notHTTP
    }

    private let promise: EventLoopPromise<HTTPClient.Reply>
    private let timeout: TimeAmount
    private let maxBytes: Int
    private let takesBeginning: Bool
    private var reply: HTTPClient.Reply?
    private var deadline: Scheduled<Void>?
    private var isDone = false

    init(promise: EventLoopPromise<HTTPClient.Reply>, timeout: TimeAmount, maxBytes: Int, takesBeginning: Bool) {
        self.promise = promise
        self.timeout = timeout
        self.maxBytes = maxBytes
        self.takesBeginning = takesBeginning
    }

    func handlerAdded(context: ChannelHandlerContext) {
        // It may have been closed between the connection and this moment.
        guard context.channel.isActive else { return end(.failure(Fault.closedEarly), context) }
        deadline = context.eventLoop.assumeIsolated().scheduleTask(in: timeout) { self.end(.failure(Fault.late), context) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            reply = HTTPClient.Reply(status: Int(head.status.code), headers: head.headers.map { ($0.name, $0.value) }, body: [])
        case .body(let buffer):
            reply?.body.append(contentsOf: buffer.readableBytesView)
            guard let reply, reply.body.count > maxBytes else { return }
            end(takesBeginning ? .success(reply) : .failure(Fault.tooLong), context)
        case .end:
            if let reply { end(.success(reply), context) }
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        end(.failure(Fault.closedEarly), context)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case HTTPParserError.invalidEOFState: end(.failure(Fault.closedEarly), context)
        case is IOError: end(.failure(Fault.closedEarly), context)
        default: end(.failure(Fault.notHTTP), context)
        }
    }

    /// The first outcome counts.
    private func end(_ result: Result<HTTPClient.Reply, any Error>, _ context: ChannelHandlerContext) {
        guard !isDone else { return }
        isDone = true
        deadline?.cancel()
        promise.completeWith(result)
        context.close(promise: nil)
    }
}
