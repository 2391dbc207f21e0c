internal import NIOCore
internal import NIOHTTP1
internal import Network

/// One client's connection: requests in, answers out, in order, with every deadline. On the API's thread only.
///
/// A request is complete before it is answered. What came behind it waits; while anything waits, or the client does not take
/// its answers, no more is read.
final class HTTPConnection: ChannelDuplexHandler, RemovableChannelHandler, LiveConnection {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    let state: ServerState
    let profile: ListenerProfile
    /// The other side's address; `nil` on the admin socket.
    let peer: IPAddress?
    /// Its number among the server's connections.
    var id: UInt64 = 0
    /// `nil` before and after its time in the pipeline.
    private(set) var context: ChannelHandlerContext?

    /// The request whose body is being received.
    var incoming: IncomingRequest?
    /// The requests that are complete.
    private(set) var turns: Turns
    private var isAdvancing = false
    private var readIsHeld = false

    /// How far the connection is on its way to its end.
    enum Ending {
        case open
        /// No more requests are taken; it ends when the last is answered.
        case afterAnswers
        /// The last answer is written; what comes is thrown away.
        case lingering(since: NIODeadline)
        case closed
    }

    private(set) var ending = Ending.open
    /// The head that is being received.
    private(set) var head = HeadProgress()
    /// How long it may do nothing: a head's time from the accept, more from each answer on.
    private(set) var idleUntil: NIODeadline
    private var stall = WriteStall()

    init(state: ServerState, profile: ListenerProfile, peer: IPAddress?) {
        self.state = state
        self.profile = profile
        self.peer = peer
        let now = state.loop.now
        turns = Turns(at: now)
        idleUntil = now + state.limits.headDeadline
    }

    var limits: APILimits { state.limits }

    // MARK: The pipeline

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        releaseBodies()
        self.context = nil
    }

    func channelInactive(context: ChannelHandlerContext) {
        ending = .closed
        releaseBodies()
        context.fireChannelInactive()
    }

    private func releaseBodies() {
        state.releaseBody(turns.dropAll())
        dropIncoming()
    }

    private func dropIncoming() {
        if let incoming { state.releaseBody(incoming.exchange.reserved) }
        incoming = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard isReceiving else { return }
        switch HTTPConnection.unwrapInboundIn(data) {
        case .head(let head):
            self.head.end()
            receive(head)
        case .body(let bytes): receive(bytes)
        case .end: endIncoming()
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        advance()
        context.fireChannelReadComplete()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        advance()
        context.fireChannelWritabilityChanged()
    }

    /// Holds back a read that is asked for while enough is here.
    func read(context: ChannelHandlerContext) {
        if mayRead(context) { context.read() } else { readIsHeld = true }
    }

    /// Nothing is read while a request waits: what came with the one before, in one read of at most 64 KiB, is all that is kept.
    private func mayRead(_ context: ChannelHandlerContext) -> Bool {
        if case .lingering = ending { return true }
        return !turns.isAwaited && context.channel.isWritable
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case let fault as HTTPParserError:
            guard isReceiving else { return }
            refuse(APIError(fault, head.peek, isInRequestLine: head.isInLine, isInBody: incoming != nil, limits: limits))
        case is ByteToMessageDecoderError: break  // What follows a fault that is answered already.
        default: context.close(promise: nil)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed = event { return inputClosed(context) }
        context.fireUserInboundEventTriggered(event)
    }

    /// The client sends no more. It may still read, as `nc` does.
    private func inputClosed(_ context: ChannelHandlerContext) {
        if case .lingering = ending { return context.close(promise: nil) }
        dropIncoming()
        head.end()
        if turns.isIdle { return context.close(promise: nil) }
        ending = .afterAnswers
        advance()
    }

    // MARK: What is received

    /// Whether what comes is still looked at.
    var isReceiving: Bool {
        if case .open = ending { true } else { false }
    }

    /// Bytes are about to be parsed.
    func willRead(_ bytes: ByteBuffer) {
        if !head.willRead(bytes, isBody: incoming != nil, at: state.loop.now) { refuse(.noVersionInLine) }
    }

    /// They are parsed.
    func didRead() { head.didRead() }

    /// A request is complete, or what it is answered with is known.
    func enqueue(_ exchange: Exchange) {
        if exchange.isLast { ending = .afterAnswers }
        turns.append(exchange)
    }

    /// Answers with an error, throws away what comes, and ends.
    func refuse(_ error: APIError) {
        var exchange = incoming?.exchange ?? Exchange(work: .answer(error.response))
        exchange.work = .answer(error.response)
        exchange.isLast = true
        exchange.lingers = true
        incoming = nil
        head.end()
        enqueue(exchange)
        advance()
    }

    // MARK: Answers, in order

    /// Begins what waits, as long as the client takes the answers.
    private func advance() {
        guard !isAdvancing, let context else { return }
        isAdvancing = true
        var budget = limits.requestsInARow
        while budget > 0, context.channel.isWritable, let next = turns.next(at: state.loop.now) {
            budget -= 1
            make(next)
            guard self.context != nil else { return }
        }
        isAdvancing = false
        context.flush()
        if budget == 0, turns.isAwaited {
            let me = NIOLoopBound(self, eventLoop: context.eventLoop)
            context.eventLoop.execute { me.value.advance() }
        }
        continueIfAwaited(context)
        if readIsHeld, mayRead(context) {
            readIsHeld = false
            context.read()
        }
    }

    private func continueIfAwaited(_ context: ChannelHandlerContext) {
        guard turns.isIdle, incoming?.awaitsContinue == true else { return }
        incoming?.awaitsContinue = false
        context.writeAndFlush(HTTPConnection.wrapOutboundOut(ByteBuffer(string: AnswerEncoder.goOn)), promise: nil)
    }

    private func make(_ exchange: Exchange) {
        switch exchange.work {
        case .answer(let response): answer(response)
        case .route(let route, let request): run(route, request)
        case .upgrade(let head): tryUpgrade(head)
        }
    }

    private func tryUpgrade(_ head: HTTPRequestHead) {
        guard let context else { return }
        // The socket reads on from here.
        if readIsHeld { context.read() }
        readIsHeld = false
        do throws(APIError) {
            try upgrade(head, context)
        } catch {
            answer(error.response)
        }
    }

    /// Runs a handler at once, on this thread. One that waits for nothing has answered when this returns.
    private func run(_ route: Route, _ request: APIRequest) {
        let me = NIOLoopBound(self, eventLoop: state.loop)
        let (executor, logger, turn) = (state.executor, state.logger, turns.number)
        let loop = state.loop
        Task.immediate(executorPreference: executor) {
            let response = await route.answer(request, logger: logger)
            if loop.inEventLoop {
                me.value.finish(turn, response)
            } else {
                executor.perform { me.value.finish(turn, response) }
            }
        }
    }

    private func finish(_ turn: UInt64, _ response: APIResponse) {
        guard turn == turns.number, turns.current != nil else { return }
        answer(response)
        advance()
    }

    private func answer(_ response: APIResponse) {
        guard let context, var exchange = turns.current else { return }
        if state.isStopping { exchange.isLast = true }
        let buffer = AnswerEncoder.encode(
            response, for: exchange, cors: profile.cors, date: state.date.current(), allocator: context.channel.allocator)
        if !profile.isAdmin { state.counters.answered(status: response.status) }
        state.releaseBody(exchange.reserved)
        turns.end()
        idleUntil = state.loop.now + limits.idleDeadline
        if exchange.isLast {
            writeLast(buffer, lingers: exchange.lingers, context)
        } else {
            context.write(HTTPConnection.wrapOutboundOut(buffer), promise: nil)
            if case .afterAnswers = ending, !turns.isAwaited { closeOnceWritten(context) }
        }
    }

    // MARK: Ends

    private func writeLast(_ buffer: ByteBuffer, lingers: Bool, _ context: ChannelHandlerContext) {
        state.releaseBody(turns.dropWaiting())
        ending = lingers ? .lingering(since: state.loop.now) : .afterAnswers
        let written = context.eventLoop.makePromise(of: Void.self)
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        written.futureResult.whenComplete { _ in
            bound.value.close(mode: lingers ? .output : .all, promise: nil)
        }
        context.writeAndFlush(HTTPConnection.wrapOutboundOut(buffer), promise: written)
    }

    private func closeOnceWritten(_ context: ChannelHandlerContext) {
        writeLast(ByteBuffer(), lingers: false, context)
    }

    func quiesce() {
        guard case .open = ending, let context else { return }
        ending = .afterAnswers
        if turns.isIdle { context.close(promise: nil) }
    }

    func close() {
        context?.close(promise: nil)
    }

    /// Whether the client has not read what is written to it for too long.
    func isStalled(_ channel: any Channel, at now: NIODeadline) -> Bool { stall.isOver(channel, at: now, limits) }

    /// The answer takes too long: the client is told, and what comes of it is dropped.
    func abandon() {
        turns.abandon()
        answer(APIError(.serviceUnavailable, "the answer took longer than \(limits.answerDeadline.seconds) s").response)
    }
}
