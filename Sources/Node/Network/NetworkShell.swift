internal import Chain
internal import ChainService
internal import DequeModule
internal import EventLoop
internal import Ledger
internal import Network
internal import Peering
internal import Primitives
internal import ProtocolCore
internal import Sync
internal import Synchronization
internal import Wire

/// Who does the chain's work for the core. Calls come on the loop thread and must not block; reports go back through
/// `NetworkShell.report`.
protocol ChainExecutor: AnyObject, Sendable {
    func submit(_ command: ChainCommand)
    /// Refuses orders to make blocks for as long as it is paused, those on their way too.
    func setProductionPaused(_ isPaused: Bool)
    /// Reads blocks and has them sent: calls `NetworkShell.answer` once for each call, from any thread.
    func readBlocks(_ range: HeightRange, isSingle: Bool, for id: PeerID)
}

/// Who hears of what happened: the log, the metrics, the supervisor. Calls come on the loop thread.
protocol CoreObserver: AnyObject {
    func observe(_ fact: CoreFact, now: Moment)
}

/// The core on real sockets: bytes become frames become messages, effects become writes.
///
/// Everything runs on the loop thread: per message there is no hop, no task and no `await`.
// Unchecked: touched on the loop's thread only; `report`, `answer` and `start` hop there themselves.
final class NetworkShell: @unchecked Sendable {
    let loop: EventLoop
    var core: ProtocolCore
    let options: NetworkOptions
    let chain: any ChainExecutor
    private weak var observer: (any CoreObserver)?

    var sockets: [PeerID: PeerSocket] = [:]
    private var attempts: [Endpoint: ConnectAttempt] = [:]
    private(set) var listener: TCPListener?
    /// How late the loop was at the worst in each `NetworkOptions.frameCheckInterval`.
    private(set) var lag = Histogram(Histogram.lagBounds)
    /// When the loop took up the node.
    let startedAt: Moment
    /// Local addresses at which connections came in. At most `NetworkOptions.maxReachedAddresses`.
    private(set) var reachedAddresses: [IPAddress] = []
    private var timer: EventLoop.Timer?
    private var housekeeping: EventLoop.Timer?
    private var budget: FrameBudget
    /// Sockets whose next frame waits for the budget, the longest waiting first. At most one entry a connection.
    private var budgetQueue: Deque<PeerID> = []
    private var slots = PeerSlots()
    private(set) var isStopping = false
    /// What the core decided and is not carried out yet.
    var effects: [CoreEffect] = []
    private var isCarryingOut = false
    /// Sockets that may be read again, in order. At most a few entries a connection, of one event.
    private var resuming: Deque<PeerID> = []
    private var isResuming = false
    var answers = AnswerQueue()
    var bulk = BulkQueue()

    init(loop: EventLoop, core: ProtocolCore, options: NetworkOptions, chain: any ChainExecutor, observer: any CoreObserver) {
        self.loop = loop
        self.core = core
        self.options = options
        self.chain = chain
        self.observer = observer
        budget = FrameBudget(maxFrameBytes: core.configuration.maxFrameBytes)
        startedAt = Moment(uptime: loop.now, unixMilliseconds: loop.unixMilliseconds)
    }

    var moment: Moment { Moment(uptime: loop.now, unixMilliseconds: loop.unixMilliseconds) }

    // MARK: Life

    /// Listens and begins to dial. On the loop.
    ///
    /// - Throws: when the address is taken or not ours.
    /// - Returns: the port that it listens on.
    func start() throws(EventLoopError) -> UInt16 {
        let listener = try loop.listen(
            on: options.listenAddress, options: options.tcp, onAccept: { [self] in accepted($0) },
            onProblem: { [self] in options.onProblem("accepting connections rests: \($0)") })
        self.listener = listener
        let timer = try EventLoop.Timer(on: loop) { [self] in timerFired() }
        self.timer = timer
        housekeeping = try loop.schedule(every: NetworkOptions.frameCheckInterval) { [self] in checkFrames() }
        core.start(at: moment, into: &effects)
        carryOut()
        return listener.localAddress.port
    }

    /// Stops listening and dialling, and closes the peers after what was sent to them. On the loop.
    func stop() {
        isStopping = true
        listener?.close()
        timer?.cancel()
        housekeeping?.cancel()
        for attempt in attempts.values { attempt.cancel() }
        attempts = [:]
        for socket in sockets.values { socket.connection.close(flushingWithin: NetworkOptions.flushDeadline) }
        observer = nil
    }

    /// Takes the chain worker's reports, in order. From any thread.
    func report(_ reports: [ChainReport]) {
        loop.execute { [self] in
            guard !isStopping else { return }
            for report in reports {
                core.chainReported(report, at: moment, into: &effects)
                carryOut()
            }
        }
    }

    /// Sends a peer the blocks it asked for; `nil` when they could not be read. From any thread.
    func answer(_ id: PeerID, frame: [UInt8]?) {
        loop.execute { [self] in
            guard !isStopping else { return }
            answers.underWay -= 1
            if let frame, let socket = sockets[id], !socket.isClosing {
                core.sent(.blockResponse, byteCount: frame.count, to: [id])
                write(frame, to: socket)
                // The next answer is read when this one is on its way: behind a full queue a second large one has no room.
                socket.isAnswerQueued = socket.connection.isAboveHighWater
            }
            if sockets[id]?.isAnswerQueued != true { core.blocksSent(id, at: moment, into: &effects) }
            carryOut()
        }
    }

    /// Takes reloaded settings. On the loop.
    func reconfigure(_ configuration: CoreConfiguration) {
        core.reconfigure(configuration, at: moment, into: &effects)
        carryOut()
    }

    // MARK: Connections

    private func accepted(_ connection: TCPConnection) {
        guard let socket = adopt(connection) else { return }
        noteReached(at: connection.localAddress)
        core.accepted(socket.id, from: Endpoint(connection.remoteAddress), at: moment, into: &effects)
        carryOut()
    }

    /// Where this host was reached says under which address others know it, on a listener that is bound to all of them.
    private func noteReached(at local: SocketAddress?) {
        guard let address = local.flatMap({ Endpoint($0).address }), !reachedAddresses.contains(address) else { return }
        guard reachedAddresses.count < NetworkOptions.maxReachedAddresses else { return }
        reachedAddresses.append(address)
    }

    /// Gives a connection its id; `nil` when there are as many as there are ids, and then it is closed. Descriptors end before.
    private func adopt(_ connection: TCPConnection) -> PeerSocket? {
        guard let id = slots.open() else {
            connection.close()
            return nil
        }
        let socket = PeerSocket(id: id, connection: connection, shell: self)
        sockets[id] = socket
        connection.delegate = socket
        connection.startReading()
        return socket
    }

    private func dial(_ endpoint: Endpoint) {
        guard !isStopping, attempts[endpoint] == nil else { return }
        attempts[endpoint] = loop.connect(
            host: endpoint.host, port: endpoint.port, timeout: options.dialTimeout, options: options.tcp
        ) { [self] result in
            let isWanted = attempts.removeValue(forKey: endpoint) != nil
            guard !isStopping, isWanted else {
                if case .success(let connection) = result { connection.close() }
                return
            }
            switch result {
            case .success(let connection):
                guard let socket = adopt(connection) else {
                    core.dialFailed(endpoint, .other("too many connections are open"), at: moment, into: &effects)
                    break
                }
                core.dialSucceeded(
                    endpoint, as: socket.id, remote: Endpoint(connection.remoteAddress), at: moment, into: &effects)
            case .failure(let error):
                core.dialFailed(endpoint, DialFailure(error), at: moment, into: &effects)
            }
            carryOut()
        }
    }

    func closed(_ socket: PeerSocket, _ reason: CloseReason) {
        guard sockets.removeValue(forKey: socket.id) != nil else { return }
        // What is reported below still names it; its slot goes to the next connection that comes, which is later.
        slots.close(socket.id)
        socket.transport.discard(budget: &budget)
        if socket.isWaitingForBudget { budgetQueue.removeAll { $0 == socket.id } }
        guard !isStopping else { return }
        if !socket.isClosing {
            let reason: DisconnectReason = reason == .ended || reason == .requested ? .closedByPeer : .connectionLost
            core.closed(socket.id, reason, at: moment, into: &effects)
        }
        carryOut()
    }

    func congestionChanged(_ socket: PeerSocket, isCongested: Bool) {
        guard !isStopping, !socket.isClosing else { return }
        core.setCongested(socket.id, isCongested, at: moment, into: &effects)
        if !isCongested, socket.isAnswerQueued {
            socket.isAnswerQueued = false
            core.blocksSent(socket.id, at: moment, into: &effects)
        }
        // Not from within the socket's own write.
        if !isCarryingOut { loop.execute { [self] in carryOut() } }
    }

    // MARK: Reading

    func read(_ bytes: UnsafeRawBufferPointer, from socket: PeerSocket) {
        guard !socket.isClosing else { return }
        core.bytesReceived(socket.id, count: bytes.count, at: moment)
        var rest = bytes
        takeFrames(&rest, from: socket)
        arm()
    }

    /// Takes frames off `rest` until it is used up or the peer is held back; what is left is kept.
    private func takeFrames(_ rest: inout UnsafeRawBufferPointer, from socket: PeerSocket) {
        while !socket.isClosing {
            if socket.isPaused {
                socket.transport.keep(rest)
                return
            }
            let now = moment
            switch socket.transport.next(&rest, budget: &budget, now: now.uptime) {
            case .needMore: return
            case .frame(let frame): take(frame, from: socket, at: now)
            case .waitingForBudget: waitForBudget(socket)
            case .violation(let violation): core.violated(socket.id, violation, at: now, into: &effects)
            }
            carryOut()
        }
    }

    private func take(_ frame: Frame, from socket: PeerSocket, at now: Moment) {
        do throws(Violation) {
            let message = try frame.withUnsafeBytes { bytes throws(Violation) in try Dialect.podoru.decode(bytes) }
            core.received(message, from: socket.id, at: now, into: &effects)
        } catch {
            core.violated(socket.id, error, at: now, into: &effects)
        }
        if !core.frameTaken(socket.id, at: now, into: &effects) { holdBack(socket) }
    }

    private func holdBack(_ socket: PeerSocket) {
        socket.isHeldBack = true
        pauseReading(socket)
    }

    private func pauseReading(_ socket: PeerSocket) {
        if socket.pausedSince == nil { socket.pausedSince = loop.now }
        socket.connection.pauseReading()
    }

    private func resume(_ socket: PeerSocket) {
        guard let pausedSince = socket.pausedSince, !socket.isPaused, !socket.isClosing else { return }
        socket.pausedSince = nil
        socket.transport.extendFrameClock(by: loop.now - pausedSince)
        let kept = socket.transport.takeKept()
        kept.withUnsafeBytes { bytes in
            var rest = bytes
            takeFrames(&rest, from: socket)
        }
        if !socket.isPaused, !socket.isClosing { socket.connection.resumeReading() }
    }

    // MARK: The frame budget

    private func waitForBudget(_ socket: PeerSocket) {
        socket.isWaitingForBudget = true
        pauseReading(socket)
        budgetQueue.append(socket.id)
    }

    /// Takes the longest waiting out of the queue, when there is room for it.
    private func nextBudgetWaiter() -> PeerID? {
        while let id = budgetQueue.first {
            if let socket = sockets[id], let count = socket.transport.waitingByteCount {
                guard budget.canReserve(count) else { return nil }
                socket.isWaitingForBudget = false
            }
            return budgetQueue.removeFirst()
        }
        return nil
    }

    /// Closes peers whose frame is overdue, or who keep others from their answers.
    private func checkFrames() {
        guard !isStopping else { return }
        let now = moment
        lag.observe(loop.takeWorstLoopLag())
        for socket in sockets.values where !socket.isClosing {
            if socket.isPaused {
                core.notRead(socket.id, at: now)
            } else if let violation = socket.transport.overdue(at: now.uptime) {
                core.violated(socket.id, violation, at: now, into: &effects)
            }
        }
        if let id = stuckReader() { core.slowReader(id, at: now, into: &effects) }
        carryOut()
    }

    // MARK: Effects

    private func timerFired() {
        guard !isStopping else { return }
        core.tick(at: moment, into: &effects)
        carryOut()
    }

    /// Carries out what the core decided, in the order in which it did: what carrying out brings about comes after it.
    /// Then goes on with what may be read or answered again.
    func carryOut() {
        guard !isCarryingOut else { return }
        isCarryingOut = true
        while !effects.isEmpty {
            var batch: [CoreEffect] = []
            swap(&batch, &effects)
            for effect in batch { carryOut(effect) }
            // Back with its room, so that an event allocates no list.
            batch.removeAll(keepingCapacity: true)
            if effects.isEmpty { swap(&batch, &effects) }
        }
        isCarryingOut = false
        dispatchAnswers()
        goOn()
        arm()
    }

    /// Reads sockets again: those that the core let go, and those for whose frame the budget has room. Each takes its frames,
    /// whose effects are carried out before the next; further sockets queue up behind, so this does not nest.
    private func goOn() {
        guard !isResuming else { return }
        isResuming = true
        defer { isResuming = false }
        while let id = resuming.popFirst() ?? nextBudgetWaiter() {
            if let socket = sockets[id] { resume(socket) }
        }
    }

    private func carryOut(_ effect: CoreEffect) {
        switch effect {
        case .dial(let endpoint): dial(endpoint)
        case .cancelDial(let endpoint): attempts.removeValue(forKey: endpoint)?.cancel()
        case .send(let message, let receivers, let lane): send(message, to: receivers, lane)
        case .limitFrames(let id, let byteCount): sockets[id]?.transport.limitFrames(to: byteCount)
        case .close(let id, let reason): close(id, reason)
        case .pauseReading(let id): if let socket = sockets[id] { holdBack(socket) }
        case .resumeReading(let id):
            sockets[id]?.isHeldBack = false
            resuming.append(id)
        case .chain(let command): chain.submit(command)
        case .readBlocks(let range, let isSingle, let id):
            answers.waiting.append(AnswerQueue.Request(id: id, range: range, isSingle: isSingle))
        case .stampRelay(let receivedAt): core.blockHandedOn(receivedAt: receivedAt, at: moment)
        case .fact(let fact): observer?.observe(fact, now: moment)
        }
    }

    /// Encodes a message once for all its receivers, and hands it to their sockets. One that cannot be encoded is a bug of whoever made
    /// it, and goes nowhere.
    private func send(_ message: Message, to receivers: [PeerID], _ lane: Lane) {
        guard let frame = Dialect.podoru.encode(message, timestamp: moment.unixSeconds, identity: options.identity) else { return }
        core.sent(message.type, byteCount: frame.count, to: receivers)
        for id in receivers {
            switch lane {
            case .now: if let socket = sockets[id], !socket.isClosing { write(frame, to: socket) }
            case .bulk: queueBulk(frame, to: id)
            }
        }
    }

    func write(_ frame: [UInt8], to socket: PeerSocket) {
        if socket.connection.write(socket.transport.seal(frame)) { return }
        // The queue is full: this peer alone is dropped.
        if socket.connection.isOpen { core.slowReader(socket.id, at: moment, into: &effects) }
    }

    private func close(_ id: PeerID, _ reason: DisconnectReason) {
        guard let socket = sockets[id], !socket.isClosing else { return }
        socket.isClosing = true
        // What is reported below still names it; its slot goes to the next connection that comes, which is later.
        slots.close(socket.id)
        socket.transport.discard(budget: &budget)
        if socket.isWaitingForBudget { budgetQueue.removeAll { $0 == id } }
        // A peer that does not read gets no flush; others hear what was said before the end.
        if reason == .slowReader {
            socket.connection.close()
        } else {
            socket.connection.close(flushingWithin: NetworkOptions.flushDeadline)
        }
    }

    /// Sets the timer for what the core does next.
    private func arm() {
        guard !isStopping, let timer else { return }
        if let deadline = core.nextDeadline(at: moment) { timer.set(at: deadline) } else { timer.unset() }
    }
}
