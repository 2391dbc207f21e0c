internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix

/// The least that NIO serves: its HTTP/1 pipeline as it comes, and a handler that answers `Hello` to whatever is asked, on one thread as the
/// API has it.
final class HelloServer {
    let port: UInt16
    private let listener: any Channel

    init() throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        listener = try ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 256)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(withErrorHandling: true)
                    try channel.pipeline.syncOperations.addHandler(Greeter())
                }
            }
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .bind(host: "127.0.0.1", port: 0).wait()
        port = UInt16(listener.localAddress?.port ?? 0)
    }

    private final class Greeter: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        private static let text = "Hello"

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            guard case .end = Greeter.unwrapInboundIn(data) else { return }
            let fields: HTTPHeaders = ["Content-Type": "text/plain; charset=utf-8", "Content-Length": "\(Greeter.text.utf8.count)"]
            let head = HTTPResponseHead(version: .http1_1, status: .ok, headers: fields)
            context.write(Greeter.wrapOutboundOut(.head(head)), promise: nil)
            context.write(Greeter.wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: Greeter.text)))), promise: nil)
            context.write(Greeter.wrapOutboundOut(.end(nil)), promise: nil)
        }

        func channelReadComplete(context: ChannelHandlerContext) { context.flush() }
    }

    /// Ends the serving. The thread idles until the process ends: connections that are being closed still schedule work on it.
    func stop() {
        listener.close(promise: nil)
    }
}
