internal import Logging
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import Network

/// Listens, and sets up each accepted connection. No task lives as long as a connection: everything about it happens in its handlers on
/// the API's thread.
struct HTTPListener: Sendable {
    /// As lines of the log name it.
    let name: String
    let state: ServerState
    let profile: ListenerProfile
    /// Descriptors that it leaves to others.
    let room: @Sendable () -> DescriptorRoom

    /// A listener that is to be bound.
    ///
    /// - Parameter backlog: connections that may wait to be accepted.
    func bootstrap(on group: MultiThreadedEventLoopGroup, backlog: Int32) -> ServerBootstrap {
        ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: backlog)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let rest = AcceptRest(name, limits: state.limits, room: room, logger: state.logger)
                    try channel.pipeline.syncOperations.addHandler(rest)
                }
            }
            .childChannelInitializer { channel in channel.eventLoop.makeCompletedFuture { try setUp(channel) } }
            .childChannelOption(.allowRemoteHalfClosure, value: true)
    }

    /// On the channel's loop.
    private func setUp(_ channel: any Channel) throws {
        let admission = state.admit(isAdmin: profile.isAdmin, hasPlace: state.limits.room.hasPlace(for: channel))
        channel.closeFuture.whenComplete { _ in state.leave(admission) }
        // Fails on a Unix socket, which has no such delay.
        try? channel.syncOptions?.setOption(.tcpOption(.tcp_nodelay), value: 1)
        let pipeline = channel.pipeline.syncOperations
        switch admission {
        case .dropped: channel.close(promise: nil)
        case .refused:
            let refusal = Refusal(state: state, cors: profile.cors)
            let id = state.look(after: refusal)
            channel.closeFuture.whenComplete { _ in state.forget(id) }
            try pipeline.addHandler(refusal)
        case .admitted, .admin:
            let peer = profile.isAdmin ? nil : IPAddress(channel.remoteAddress)
            let connection = HTTPConnection(state: state, profile: profile, peer: peer)
            var limits = NIOHTTPDecoderLimitConfiguration()
            limits.maxHeaderFieldSize = state.limits.headBytes
            limits.maxHeaderListSize = state.limits.headBytes
            limits.maxHeaderFieldCount = state.limits.headerFields
            try pipeline.addHandler(HeadClock(connection))
            try pipeline.addHandler(
                ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes, limitConfiguration: limits)))
            try pipeline.addHandler(connection)
            let id = state.look(after: connection)
            connection.id = id
            channel.closeFuture.whenComplete { _ in state.forget(id) }
        }
    }
}

/// A connection over the cap: told so at once and closed.
final class Refusal: ChannelInboundHandler, LiveConnection {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let state: ServerState
    private let cors: CORSPolicy?
    private let since: NIODeadline
    private var context: ChannelHandlerContext?

    init(state: ServerState, cors: CORSPolicy?) {
        self.state = state
        self.cors = cors
        since = state.loop.now
    }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelActive(context: ChannelHandlerContext) {
        self.context = context
        let error = APIError(.serviceUnavailable, "the server has as many connections as it may", headers: ["Retry-After": "1"])
        var exchange = Exchange(work: .answer(error.response))
        exchange.isLast = true
        let buffer = AnswerEncoder.encode(
            error.response, for: exchange, cors: cors, date: state.date.current(), allocator: context.channel.allocator)
        state.counters.answered(status: error.status)
        let written = context.eventLoop.makePromise(of: Void.self)
        let channel = context.channel
        written.futureResult.whenComplete { _ in channel.close(mode: .output, promise: nil) }
        context.writeAndFlush(Refusal.wrapOutboundOut(buffer), promise: written)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {}

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed = event { context.close(promise: nil) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func sweep(at now: NIODeadline) {
        if now - since > state.limits.lingerDeadline { close() }
    }

    func quiesce() { close() }

    func close() { context?.close(promise: nil) }
}
