internal import DequeModule
internal import NIOCore
internal import NIOHTTP1
internal import Network
internal import Wire

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
    /// Complete requests that wait for their turn.
    private var waiting: Deque<Exchange> = []
    /// The request that is being answered.
    private var current: Exchange?
    /// Counts the answers, so that one that comes after its deadline is known.
    private var turn: UInt64 = 0
    private var isAdvancing = false
    private var readIsHeld = false

    /// How far the connection is on its way to its end.
    private enum Ending {
        case open
        /// No more requests are taken; it ends when the last is answered.
        case afterAnswers
        /// The last answer is written; what comes is thrown away.
        case lingering(since: NIODeadline)
        case closed
    }

    private var ending = Ending.open
    /// The head that is being received.
    private var head = HeadProgress()
    /// When the last answer was written, or the connection accepted.
    private var idleSince: NIODeadline
    private var turnBegan: NIODeadline
    private var hasServed = false
    private var stall = WriteStall()

    init(state: ServerState, profile: ListenerProfile, peer: IPAddress?) {
        self.state = state
        self.profile = profile
        self.peer = peer
        idleSince = state.loop.now
        turnBegan = idleSince
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
        for exchange in waiting { state.releaseBody(exchange.reserved) }
        if let incoming { state.releaseBody(incoming.exchange.reserved) }
        if let current { state.releaseBody(current.reserved) }
        waiting = []
        incoming = nil
        current = nil
        turn += 1
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

    private func mayRead(_ context: ChannelHandlerContext) -> Bool {
        if case .lingering = ending { return true }
        return waiting.isEmpty && context.channel.isWritable
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
        switch event {
        case ChannelEvent.inputClosed: inputClosed(context)
        case is ChannelShouldQuiesceEvent: quiesce()
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    /// The client sends no more. It may still read, as `nc` does.
    private func inputClosed(_ context: ChannelHandlerContext) {
        if case .lingering = ending { return context.close(promise: nil) }
        if let incoming { state.releaseBody(incoming.exchange.reserved) }
        incoming = nil
        head.end()
        if current == nil, waiting.isEmpty { return context.close(promise: nil) }
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
        waiting.append(exchange)
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
        while current == nil, budget > 0, context.channel.isWritable, let next = waiting.popFirst() {
            budget -= 1
            begin(next)
            guard self.context != nil else { return }
        }
        isAdvancing = false
        context.flush()
        if budget == 0, !waiting.isEmpty {
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
        guard current == nil, waiting.isEmpty, incoming?.awaitsContinue == true else { return }
        incoming?.awaitsContinue = false
        context.writeAndFlush(HTTPConnection.wrapOutboundOut(ByteBuffer(string: AnswerEncoder.goOn)), promise: nil)
    }

    private func begin(_ exchange: Exchange) {
        current = exchange
        turn += 1
        turnBegan = state.loop.now
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
        let (loop, logger, turn) = (state.loop, state.logger, turn)
        Task.immediate(executorPreference: state.executor) {
            let response = await route.answer(request, logger: logger)
            if loop.inEventLoop {
                me.value.finish(turn, response)
            } else {
                loop.execute { me.value.finish(turn, response) }
            }
        }
    }

    private func finish(_ turn: UInt64, _ response: APIResponse) {
        guard turn == self.turn, current != nil else { return }
        answer(response)
        advance()
    }

    private func answer(_ response: APIResponse) {
        guard let context, var exchange = current else { return }
        if state.isStopping { exchange.isLast = true }
        let buffer = AnswerEncoder.encode(
            response, for: exchange, cors: profile.cors, date: state.date.current(), allocator: context.channel.allocator)
        if !profile.isAdmin { state.counters.answered(status: response.status) }
        state.releaseBody(exchange.reserved)
        current = nil
        hasServed = true
        idleSince = state.loop.now
        if exchange.isLast {
            writeLast(buffer, lingers: exchange.lingers, context)
        } else {
            context.write(HTTPConnection.wrapOutboundOut(buffer), promise: nil)
            if case .afterAnswers = ending, waiting.isEmpty { closeOnceWritten(context) }
        }
    }

    // MARK: Ends

    private func writeLast(_ buffer: ByteBuffer, lingers: Bool, _ context: ChannelHandlerContext) {
        for exchange in waiting { state.releaseBody(exchange.reserved) }
        waiting = []
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
        if current == nil, waiting.isEmpty { context.close(promise: nil) }
    }

    func close() {
        context?.close(promise: nil)
    }

    func sweep(at now: NIODeadline) {
        guard let context else { return }
        if case .lingering(let since) = ending {
            if now - since > limits.lingerDeadline { context.close(promise: nil) }
            return
        }
        if stall.isOver(context.channel, at: now, limits) { return context.close(promise: nil) }
        if current != nil {
            if now - turnBegan > limits.answerDeadline { abandon() }
        } else if let incoming {
            guard now - incoming.headEnded > limits.bodyDeadline else { return }
            refuse(APIError(.requestTimeout, "the body did not come within \(limits.bodyDeadline.seconds) s"))
        } else if let began = head.began {
            guard now - began > limits.headDeadline else { return }
            refuse(APIError(.requestTimeout, "the head did not come within \(limits.headDeadline.seconds) s"))
        } else if waiting.isEmpty, now - idleSince > (hasServed ? limits.idleDeadline : limits.headDeadline) {
            context.close(promise: nil)
        }
    }

    /// The answer takes too long: the client is told, and what comes of it is dropped.
    private func abandon() {
        turn += 1
        current?.isLast = true
        current?.lingers = true
        answer(APIError(.serviceUnavailable, "the answer took longer than \(limits.answerDeadline.seconds) s").response)
    }
}

extension TimeAmount {
    /// Whole seconds, for people.
    var seconds: Int64 { nanoseconds / 1_000_000_000 }
}
