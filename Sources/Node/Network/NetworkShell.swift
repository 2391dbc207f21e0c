internal import Chain
internal import EventLoop
internal import Network
internal import Peering
internal import Primitives
internal import ProtocolCore
internal import Session

/// The swarm on real sockets: libuv's callbacks become its events, its effects become calls to libuv. Nothing is decided here.
///
/// Everything runs on the loop thread: per message there is no hop, no task and no `await`.
// Unchecked: touched on the loop's thread only; `report`, `answer` and `start` hop there themselves.
final class NetworkShell: @unchecked Sendable {
    private enum Phase { case idle, carryingOut, stopped }

    let loop: EventLoop
    let options: NetworkOptions
    let chain: any ChainExecutor
    private(set) var swarm: Swarm
    private weak var observer: (any CoreObserver)?
    private var phase = Phase.idle
    private var sockets = PeerArray<PeerSocket>()
    private let dialler: Dialler
    private(set) var listener: TCPListener?
    private var timer: EventLoop.Timer?
    private var housekeeping: EventLoop.Timer?
    /// Reused, so that an event allocates no list.
    private var effects: [ShellEffect] = []
    /// How late the loop was at the worst in each `SessionLimits.checkInterval`.
    private(set) var lag = Histogram(Histogram.lagBounds)
    /// When the loop took up the node.
    let startedAt: Moment

    init(loop: EventLoop, core: ProtocolCore, options: NetworkOptions, chain: any ChainExecutor, observer: any CoreObserver) {
        self.loop = loop
        self.options = options
        self.chain = chain
        self.observer = observer
        swarm = Swarm(core: core, identity: options.identity)
        dialler = Dialler(loop: loop, options: options)
        startedAt = .current
    }

    var moment: Moment { .current }
    var isStopping: Bool { phase == .stopped }

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
        timer = try EventLoop.Timer(on: loop) { [self] in tell { $0.tick(at: $1, into: &$2) } }
        housekeeping = try loop.schedule(every: .nanoseconds(SessionLimits.checkInterval)) { [self] in check() }
        tell { $0.start(at: $1, into: &$2) }
        return listener.localAddress.port
    }

    /// Stops listening and dialling, and closes the peers after what was sent to them. On the loop.
    func stop() {
        phase = .stopped
        listener?.close()
        timer?.cancel()
        housekeeping?.cancel()
        dialler.stop()
        for socket in sockets { socket.close(flushes: true) }
        observer = nil
    }

    /// Tells the core something, and carries out what comes of it. On the loop.
    func tell<Answer, Failure: Error>(
        _ body: (inout ProtocolCore, Moment, inout [CoreEffect]) throws(Failure) -> Answer
    ) throws(Failure) -> Answer {
        defer { carryOut() }
        return try swarm.tell { core, effects throws(Failure) in try body(&core, moment, &effects) }
    }

    /// Takes the chain worker's reports, in order. From any thread.
    func report(_ reports: [ChainReport]) {
        loop.execute { [self] in
            guard !isStopping else { return }
            for report in reports { tell { $0.chainReported(report, at: $1, into: &$2) } }
        }
    }

    /// Sends a peer the blocks it asked for; `nil` when they could not be read. From any thread.
    func answer(_ id: PeerID, frame: [UInt8]?) {
        loop.execute { [self] in happened { $0.blocksRead(id, frame: frame, at: $1) } }
    }

    /// Something happened to a socket: the swarm hears of it, and what it decides is carried out.
    func happened(_ event: (inout Swarm, Moment) -> Void) {
        guard !isStopping else { return }
        event(&swarm, moment)
        carryOut()
    }
}

// MARK: - Sockets

extension NetworkShell {
    private func accepted(_ connection: TCPConnection) {
        let local = connection.localAddress.flatMap { Endpoint($0).address }
        adopt(connection) { $0.accepted(from: Endpoint(connection.remoteAddress), at: local, now: $1) }
    }

    private func dial(_ endpoint: Endpoint) {
        dialler.dial(endpoint) { [self] result in
            switch result {
            case .success(let connection):
                adopt(connection) { $0.dialSucceeded(endpoint, remote: Endpoint(connection.remoteAddress), at: $1) }
            case .failure(let error):
                tell { $0.dialFailed(endpoint, DialFailure(error), at: $1, into: &$2) }
            }
        }
    }

    private func adopt(_ connection: TCPConnection, _ event: (inout Swarm, Moment) -> PeerID?) {
        if let id = event(&swarm, moment) {
            let socket = PeerSocket(id: id, connection: connection, shell: self)
            sockets.insert(socket)
            connection.delegate = socket
            connection.startReading()
        } else {
            connection.close()
        }
        carryOut()
    }

    /// Takes messages off what was just read, each with its consequences before the next.
    func read(_ bytes: UnsafeRawBufferPointer, from id: PeerID) {
        guard !isStopping else { return }
        swarm.bytesArrived(bytes.count, from: id, at: moment)
        var rest = bytes
        var isMore = true
        while isMore {
            isMore = swarm.read(&rest, from: id, at: moment)
            carryOut()
        }
    }

    func closed(_ id: PeerID, _ reason: CloseReason) {
        sockets.remove(id)
        let reason: DisconnectReason = reason == .ended || reason == .requested ? .closedByPeer : .connectionLost
        happened { $0.closed(id, reason, at: $1) }
    }

    private func check() {
        guard !isStopping else { return }
        lag.observe(loop.takeWorstLoopLag())
        happened { $0.check(at: $1) { [sockets] id in sockets[id]?.connection.queuedBytes ?? 0 } }
    }
}

// MARK: - Effects

extension NetworkShell {
    /// Carries out what the swarm decided, in the order in which it did: what carrying out brings about comes after it.
    private func carryOut() {
        guard phase == .idle else { return }
        phase = .carryingOut
        while true {
            let now = moment
            guard swarm.work(at: now, into: &effects) else { break }
            for effect in effects { carryOut(effect, at: now) }
            effects.removeAll(keepingCapacity: true)
        }
        phase = .idle
        arm()
    }

    private func carryOut(_ effect: ShellEffect, at now: Moment) {
        switch effect {
        case .socket(let effect): carryOut(effect, at: now)
        case .dial(let endpoint): dial(endpoint)
        case .cancelDial(let endpoint): dialler.cancel(endpoint)
        case .chain(let command): chain.submit(command)
        case .stampRelay(let receivedAt): swarm.tell { core, _ in core.blockHandedOn(receivedAt: receivedAt, at: moment) }
        case .fact(let fact): observer?.observe(fact, now: moment)
        }
    }

    private func carryOut(_ effect: SessionEffect, at now: Moment) {
        switch effect {
        case .write(let id, let frame):
            guard let connection = sockets[id]?.connection else { return }
            let isTaken = connection.write(frame)
            let queue = SocketQueue(byteCount: connection.queuedBytes, isAboveHighWater: connection.isAboveHighWater)
            swarm.wrote(id, queue: queue, isRefused: !isTaken && connection.isOpen, at: now)
        case .pauseReading(let id): sockets[id]?.connection.pauseReading()
        case .resumeReading(let id): sockets[id]?.connection.resumeReading()
        case .close(let id, let flushes): sockets[id]?.close(flushes: flushes)
        case .readBlocks(let id, let range, let isSingle): chain.readBlocks(range, isSingle: isSingle, for: id)
        case .nextTurn: loop.executeNextTurn { [self] in happened { swarm, _ in swarm.turn() } }
        }
    }

    /// Sets the timer for what the core does next.
    private func arm() {
        guard !isStopping, let timer else { return }
        if let deadline = swarm.nextDeadline(at: moment) { timer.set(at: deadline) } else { timer.unset() }
    }
}
