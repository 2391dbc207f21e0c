public import Network
public import Peering
public import Primitives
public import Session
internal import Wire

/// The core with its connections: bytes and time go in, what sockets and the chain worker are to do comes out. What the node runs on libuv
/// a simulation runs in virtual time.
///
/// Whoever drives it tells it what happened, then calls `work` and carries out what that returns, until there is nothing left:
///
///     var rest = bytes
///     repeat {
///         isMore = swarm.read(&rest, from: id, at: now)
///         while swarm.work(at: now, into: &effects) { … }
///     } while isMore
///
/// So what a frame brings about is done before the next frame is taken, and what carrying out brings about comes after all that was
/// decided before. Not thread safe: one owner, the loop thread or a simulation.
public struct Swarm: Sendable {
    public private(set) var core: ProtocolCore
    /// Local addresses at which connections came in.
    public private(set) var reached = ReachedAddresses()
    private var sessions: SessionTable
    /// What the core and the sessions decided and nobody has carried out yet. Reused, so that an event allocates no list.
    private var coreEffects: [CoreEffect] = []
    private var sessionEffects: [SessionEffect] = []

    /// - Parameter identity: signs what a dialect signs, so that nobody else can take this node's name.
    public init(core: ProtocolCore, identity: PrivateKey?) {
        self.core = core
        sessions = SessionTable(maxFrameBytes: core.configuration.maxFrameBytes, identity: identity)
    }

    /// Tells the core something that concerns no connection, or asks it for something.
    public mutating func tell<Answer, Failure: Error>(
        _ body: (inout ProtocolCore, _ effects: inout [CoreEffect]) throws(Failure) -> Answer
    ) throws(Failure) -> Answer {
        try body(&core, &coreEffects)
    }

    /// Carries on: everything that was decided becomes effects; when that is nothing, the next answers are ordered, and then the next
    /// kept frame of a peer that may be read again is taken. Returns false when all is done.
    public mutating func work(at now: Moment, into effects: inout [ShellEffect]) -> Bool {
        if coreEffects.isEmpty, sessionEffects.isEmpty {
            sessions.dispatchAnswers(into: &sessionEffects)
            guard !sessionEffects.isEmpty || goOn(at: now) else { return false }
        }
        pass(at: now, into: &effects)
        return true
    }

    // MARK: Connections

    /// A connection came in, at an address of this host where that is known. Returns `nil` when it is to be closed at once.
    public mutating func accepted(from remote: Endpoint, at local: IPAddress?, now: Moment) -> PeerID? {
        guard let id = sessions.open() else { return nil }
        if let local { reached.note(local) }
        core.accepted(id, from: remote, at: now, into: &coreEffects)
        return id
    }

    /// A dial came through; `remote` is the address that the name led to. Returns `nil` when the connection is to be closed at once.
    public mutating func dialSucceeded(_ endpoint: Endpoint, remote: Endpoint, at now: Moment) -> PeerID? {
        guard let id = sessions.open() else {
            core.dialFailed(endpoint, .other("too many connections are open"), at: now, into: &coreEffects)
            return nil
        }
        core.dialSucceeded(endpoint, as: id, remote: remote, at: now, into: &coreEffects)
        return id
    }

    /// The socket is gone, by the other side or because this side closed it.
    public mutating func closed(_ id: PeerID, _ reason: DisconnectReason, at now: Moment) {
        if sessions.closed(id) { core.closed(id, reason, at: now, into: &coreEffects) }
    }

    // MARK: Reading

    /// Bytes were read from a socket; `read` takes the messages from them.
    public mutating func bytesArrived(_ count: Int, from id: PeerID, at now: Moment) {
        guard sessions.isOpen(id) else { return }
        core.bytesReceived(id, count: count, at: now)
    }

    /// Takes the next message off the front of `rest`. Returns whether there may be a further one; otherwise `rest` is used up or kept.
    public mutating func read(_ rest: inout UnsafeRawBufferPointer, from id: PeerID, at now: Moment) -> Bool {
        switch sessions.take(&rest, from: id, at: now, into: &sessionEffects) {
        case .nothing: return false
        case .violation(let violation):
            core.violated(id, violation, at: now, into: &coreEffects)
            return false
        case .frame(let frame):
            take(frame, from: id, at: now)
            return !rest.isEmpty
        }
    }

    private mutating func take(_ frame: Frame, from id: PeerID, at now: Moment) {
        let dialect = sessions.dialect(of: id)
        do throws(Violation) {
            let message = try frame.withUnsafeBytes { bytes throws(Violation) in try dialect.decode(bytes) }
            core.received(message, from: id, at: now, into: &coreEffects)
        } catch {
            core.violated(id, error, at: now, into: &coreEffects)
        }
        if !core.frameTaken(id, at: now, into: &coreEffects) { sessions.holdBack(id, at: now, into: &sessionEffects) }
    }

    private mutating func goOn(at now: Moment) -> Bool {
        guard var kept = sessions.nextToGoOn(at: now) else { return false }
        let (id, start) = (kept.id, kept.start)
        kept.start = kept.bytes.withUnsafeBytes { bytes in
            var rest = UnsafeRawBufferPointer(rebasing: bytes[start...])
            _ = read(&rest, from: id, at: now)
            return bytes.count - rest.count
        }
        sessions.goOn(with: kept, into: &sessionEffects)
        return true
    }

    // MARK: Writing

    /// What became of a `write`, and what waits in the socket now.
    public mutating func wrote(_ id: PeerID, queue: SocketQueue, isRefused: Bool, at now: Moment) {
        switch sessions.wrote(id, queue: queue, isRefused: isRefused) {
        case .noted: break
        case .refused: core.slowReader(id, at: now, into: &coreEffects)
        case .answered: core.blocksSent(id, at: now, into: &coreEffects)
        }
    }

    /// The socket's queue shrank to so many bytes.
    public mutating func drained(_ id: PeerID, to byteCount: Int) {
        sessions.queueChanged(id, to: byteCount)
    }

    /// The socket's queue rose above its high-water mark, or fell to the low one.
    public mutating func congestionChanged(_ id: PeerID, isCongested: Bool, at now: Moment) {
        guard sessions.isOpen(id) else { return }
        core.setCongested(id, isCongested, at: now, into: &coreEffects)
        if !isCongested, sessions.fellToLowWater(id) { core.blocksSent(id, at: now, into: &coreEffects) }
    }

    /// `SessionEffect.nextTurn` is here.
    public mutating func turn() {
        sessions.turn(into: &sessionEffects)
    }

    /// An answer to `SessionEffect.readBlocks`: a whole frame, or `nil` when it could not be made.
    public mutating func blocksRead(_ id: PeerID, frame: [UInt8]?, at now: Moment) {
        if let frame, sessions.isOpen(id) { core.sent(.blockResponse, byteCount: frame.count, to: [id]) }
        if sessions.blocksRead(id, frame: frame, into: &sessionEffects) { core.blocksSent(id, at: now, into: &coreEffects) }
    }

    // MARK: Time

    /// The earliest uptime at which the core's `tick` has something to do; `nil` when nothing is scheduled.
    public func nextDeadline(at now: Moment) -> Nanoseconds? { core.nextDeadline(at: now) }

    /// Looks after frames and queues. Once in `SessionLimits.checkInterval`.
    public mutating func check(at now: Moment, queuedBytes: (PeerID) -> Int) {
        var findings: [SessionTable.Finding] = []
        sessions.check(at: now, queuedBytes: queuedBytes, into: &findings)
        for finding in findings {
            switch finding {
            case .notRead(let id): core.notRead(id, at: now)
            case .overdue(let id, let violation): core.violated(id, violation, at: now, into: &coreEffects)
            case .stuck(let id): core.slowReader(id, at: now, into: &coreEffects)
            }
        }
    }

    // MARK: Effects

    private mutating func pass(at now: Moment, into effects: inout [ShellEffect]) {
        passSessionEffects(into: &effects)
        for effect in coreEffects {
            pass(effect, at: now, into: &effects)
            if !sessionEffects.isEmpty { passSessionEffects(into: &effects) }
        }
        coreEffects.removeAll(keepingCapacity: true)
    }

    private mutating func passSessionEffects(into effects: inout [ShellEffect]) {
        for effect in sessionEffects { effects.append(.socket(effect)) }
        sessionEffects.removeAll(keepingCapacity: true)
    }

    private mutating func pass(_ effect: CoreEffect, at now: Moment, into effects: inout [ShellEffect]) {
        switch effect {
        case .send(let message, let receivers, let lane): send(message, to: receivers, lane, at: now)
        case .limitFrames(let id, let byteCount): sessions.limitFrames(id, to: byteCount)
        case .pauseReading(let id): sessions.holdBack(id, at: now, into: &sessionEffects)
        case .resumeReading(let id): sessions.resume(id, at: now)
        // A peer that does not read gets no flush; others hear what was said before the end.
        case .close(let id, let reason): sessions.close(id, flushes: reason != .slowReader, into: &sessionEffects)
        case .readBlocks(let range, let isSingle, let id): sessions.answer(id, with: range, isSingle: isSingle)
        case .dial(let endpoint): effects.append(.dial(endpoint))
        case .cancelDial(let endpoint): effects.append(.cancelDial(endpoint))
        case .chain(let command): effects.append(.chain(command))
        case .stampRelay(let receivedAt): effects.append(.stampRelay(receivedAt: receivedAt))
        case .fact(let fact): effects.append(.fact(fact))
        }
    }

    /// Encodes a message once for each dialect among its receivers.
    private mutating func send(_ message: Message, to receivers: [PeerID], _ lane: Lane, at now: Moment) {
        var left = receivers
        while !left.isEmpty {
            let encoded = sessions.encode(message, for: left, at: now)
            if let frame = encoded.frame {
                core.sent(message.type, byteCount: frame.count, to: encoded.receivers)
                sessions.send(frame, to: encoded.receivers, lane, into: &sessionEffects)
            }
            left = encoded.others
        }
    }
}

// What tests ask after each step.
extension Swarm {
    /// Sentences about what does not hold between two calls. Costs a walk over everything.
    package func checkInvariants() -> [String] { core.checkInvariants() + sessions.checkInvariants() }

    /// What is left of a connection whose socket has gone.
    package func remnants(of id: PeerID) -> [String] { core.remnants(of: id) + sessions.remnants(of: id) }
}
