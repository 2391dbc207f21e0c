internal import NIOCore

/// In front of the parser: tells the connection when bytes come, so that a head has a deadline from its first byte, and throws
/// away what comes after the last answer.
final class HeadClock: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let connection: HTTPConnection

    init(_ connection: HTTPConnection) {
        self.connection = connection
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard connection.isReceiving else { return }
        connection.willRead(HeadClock.unwrapInboundIn(data))
        if connection.isReceiving { context.fireChannelRead(data) }
        connection.didRead()
    }
}
