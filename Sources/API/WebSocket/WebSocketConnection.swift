internal import NIOCore
internal import NIOWebSocket
internal import Network
internal import Primitives
internal import Wire

/// One WebSocket client: its frames checked to the letter of RFC 6455, events out. On the API's thread only.
final class WebSocketConnection: ChannelInboundHandler, LiveConnection {
    typealias InboundIn = WebSocketFrame
    typealias OutboundOut = ByteBuffer

    private let state: ServerState
    private let hub: EventHub
    private let client: IPAddress?
    private var context: ChannelHandlerContext?
    private(set) var subscription = Subscription()

    private enum Phase {
        case open
        /// Our close frame is written; the client's is awaited.
        case closing(since: NIODeadline)
        case closed
    }

    private var phase = Phase.open
    /// The frames of a message that has not ended; `nil` between messages.
    private var message: Message?
    private var lastHeard: NIODeadline
    private var lastPing: NIODeadline
    private var stall = WriteStall()

    private struct Message {
        var bytes: [UInt8] = []
        let isText: Bool
    }

    /// The codes of RFC 6455, 7.4.1, that are used here.
    private enum Code {
        static let goingAway: UInt16 = 1001
        static let protocolError: UInt16 = 1002
        static let badText: UInt16 = 1007
        static let policy: UInt16 = 1008
        static let tooBig: UInt16 = 1009
    }

    init(state: ServerState, hub: EventHub, client: IPAddress?) {
        self.state = state
        self.hub = hub
        self.client = client
        lastHeard = state.loop.now
        lastPing = lastHeard
    }

    // MARK: The pipeline

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        hub.add(self)
    }

    func handlerRemoved(context: ChannelHandlerContext) { leave() }

    func channelInactive(context: ChannelHandlerContext) {
        leave()
        context.fireChannelInactive()
    }

    private func leave() {
        phase = .closed
        context = nil
        hub.remove(self)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed = event { return context.close(promise: nil) }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case NIOWebSocketError.invalidFrameLength: end(Code.tooBig, "a message is larger than 4 KiB")
        case is NIOWebSocketError: end(Code.protocolError, "a control frame is fragmented or too long")
        case is ByteToMessageDecoderError: break  // What follows a fault.
        default: context.close(promise: nil)
        }
    }

    // MARK: Frames in

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        lastHeard = state.loop.now
        let frame = WebSocketConnection.unwrapInboundIn(data)
        if case .closing = phase {
            if frame.opcode == .connectionClose { context.close(promise: nil) }
            return
        }
        guard case .open = phase else { return }
        guard frame.maskKey != nil else { return end(Code.protocolError, "a client's frames must be masked") }
        guard !frame.rsv1, !frame.rsv2, !frame.rsv3 else { return end(Code.protocolError, "a reserved bit is set") }
        let payload = Array(frame.unmaskedData.readableBytesView)
        switch frame.opcode {
        case .text, .binary:
            guard message == nil else { return end(Code.protocolError, "a message begins within another") }
            message = Message(isText: frame.opcode == .text)
            receive(payload, isLast: frame.fin)
        case .continuation:
            guard message != nil else { return end(Code.protocolError, "there is no message to continue") }
            receive(payload, isLast: frame.fin)
        case .ping: pong(payload)
        case .pong: break
        case .connectionClose: closed(payload)
        default: end(Code.protocolError, "an opcode is reserved")
        }
    }

    private func receive(_ payload: [UInt8], isLast: Bool) {
        message?.bytes += payload
        guard let message, message.bytes.count <= state.limits.messageBytes else {
            return end(Code.tooBig, "a message is larger than 4 KiB")
        }
        guard isLast else { return }
        self.message = nil
        guard message.isText else { return }
        guard String(validating: message.bytes, as: UTF8.self) != nil else { return end(Code.badText, "a text is not UTF-8") }
        guard state.takeRequest(of: client) == nil else { return end(Code.policy, "too many messages a second") }
        subscription.take(message.bytes)
    }

    private func pong(_ payload: [UInt8]) {
        guard let context, isKeepingUp(context) else { return }
        context.writeAndFlush(WebSocketConnection.wrapOutboundOut(FrameWriter.frame(.pong, payload)), promise: nil)
    }

    /// The client closes: its code is sent back, as the RFC wants.
    private func closed(_ payload: [UInt8]) {
        guard payload.count >= 2 else {
            return payload.isEmpty ? finish(FrameWriter.frame(.connectionClose)) : end(Code.protocolError, "half a close code")
        }
        let code = UInt16(payload[0]) << 8 | UInt16(payload[1])
        guard WebSocketConnection.isCode(code) else { return end(Code.protocolError, "no such close code") }
        guard String(validating: payload.dropFirst(2), as: UTF8.self) != nil else { return end(Code.badText, "a reason is not UTF-8") }
        finish(FrameWriter.frame(.connectionClose, payload.prefix(2)))
    }

    /// Whether a peer may send this close code (RFC 6455, 7.4).
    private static func isCode(_ code: UInt16) -> Bool {
        switch code {
        case 1000...1003, 1007...1014, 3000...4999: true
        default: false
        }
    }

    // MARK: Frames out

    /// Writes events. A client that takes none is dropped, alone.
    func tell(_ frames: ByteBuffer) {
        guard let context, case .open = phase, isKeepingUp(context) else { return }
        context.writeAndFlush(WebSocketConnection.wrapOutboundOut(frames), promise: nil)
    }

    private func isKeepingUp(_ context: ChannelHandlerContext) -> Bool {
        guard context.channel.bufferedBytes > state.limits.clientBacklogBytes else { return true }
        context.close(promise: nil)
        return false
    }

    // MARK: Ends

    /// Closes from our side, and waits a moment for the client's close frame.
    private func end(_ code: UInt16, _ reason: StaticString) {
        guard let context, case .open = phase else { return }
        phase = .closing(since: state.loop.now)
        message = nil
        context.writeAndFlush(WebSocketConnection.wrapOutboundOut(FrameWriter.close(code, reason)), promise: nil)
    }

    /// The closing handshake is complete with this frame.
    private func finish(_ frame: ByteBuffer) {
        guard let context else { return }
        phase = .closing(since: state.loop.now)
        let written = context.eventLoop.makePromise(of: Void.self)
        let channel = context.channel
        written.futureResult.whenComplete { _ in channel.close(promise: nil) }
        context.writeAndFlush(WebSocketConnection.wrapOutboundOut(frame), promise: written)
    }

    func quiesce() { end(Code.goingAway, "the node is stopping") }

    func close() { context?.close(promise: nil) }

    func sweep(at now: NIODeadline) {
        guard let context else { return }
        if case .closing(let since) = phase {
            if now - since > state.limits.closeDeadline { context.close(promise: nil) }
            return
        }
        if stall.isOver(context.channel, at: now, state.limits) || now - lastHeard > state.limits.silenceDeadline {
            return context.close(promise: nil)
        }
        guard now - lastPing > state.limits.pingInterval else { return }
        lastPing = now
        context.writeAndFlush(WebSocketConnection.wrapOutboundOut(FrameWriter.frame(.ping)), promise: nil)
    }
}
