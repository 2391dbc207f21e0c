internal import DequeModule
public import Network
public import Primitives
public import Wire

/// All connections together: what each may read and write, and in what turn.
///
/// The rules, with their reasons:
///
/// 1. A frame that has begun may be finished: a large one reserves its whole length in the `FrameBudget` before it is gathered. *Frames
///    that wait for each other's rest would wait for ever.*
/// 2. Frames that find no room wait, the longest waiting first, and their sockets are not read meanwhile. *Whoever comes first goes on
///    first; what a peer sends meanwhile waits with the peer.*
/// 3. A frame must be whole within `NetworkLimits.frameAllowance`; time in which this node itself did not read does not count. *A peer
///    that trickles would hold a reservation for nothing.*
/// 4. A socket is read again when no reason to pause is left. What was kept comes first, one frame a turn, and sessions go on one after
///    the other. *Frames must not overtake each other, and one session's backlog nests in nobody else's turn.*
/// 5. Answers to block requests are read in the order of the requests, `SessionLimits.maxAnswersUnderWay` at a time and only while all
///    sockets together hold less than `SessionLimits.unsentBytes`. *Peers that ask and do not read cannot exhaust the memory.*
/// 6. A peer's next answer is read when its last one is on its way: below the high-water mark. *Behind a full queue a second large one
///    has no room.*
/// 7. While rule 5 keeps others waiting, the peer that took nothing for `SessionLimits.stuckChecks` checks and for which most waits is
///    dropped. *One at a time: when it is gone the others may have room enough.*
/// 8. Bulk goes out `SessionLimits.bulkBytesPerTurn` a turn, in order. *Written in one go to fifty peers, a batch is milliseconds in
///    which no ping is answered and no block relayed.*
///
/// Cost: a frame or a write is one step into a table. `check` is linear in the sessions, once a second.
public struct SessionTable: Sendable {
    private let identity: PrivateKey?
    private var slots = PeerSlots()
    private(set) var sessions = PeerArray<Session>()
    private(set) var budget: FrameBudget
    /// Sessions whose next frame waits for the budget, the longest waiting first. At most one entry a session.
    private(set) var budgetQueue: Deque<PeerID> = []
    /// Sessions that may be read again, in order. At most one entry a session.
    private(set) var resuming: Deque<PeerID> = []
    private(set) var answers = AnswerQueue()
    private(set) var bulk = BulkQueue()
    /// Bytes that peers have not taken yet, over all sessions.
    private(set) var unsentBytes = 0

    /// - Parameters:
    ///   - maxFrameBytes: `max_message_bytes`.
    ///   - identity: signs what a dialect signs.
    public init(maxFrameBytes: Int = NetworkLimits.maxFrameBytes, identity: PrivateKey? = nil) {
        budget = FrameBudget(maxFrameBytes: maxFrameBytes)
        self.identity = identity
    }

    // MARK: Life

    /// A new connection, whose socket is being read; `nil` when there are as many as there are ids. Descriptors end before.
    public mutating func open() -> PeerID? {
        guard let id = slots.open() else { return nil }
        sessions.insert(Session(id: id))
        return id
    }

    /// The core has let go of it: nothing is read from it any more.
    public mutating func close(_ id: PeerID, flushes: Bool, into effects: inout [SessionEffect]) {
        guard let position = openPosition(of: id) else { return }
        sessions[position].close(budget: &budget)
        leaveQueues(id)
        effects.append(.close(id, flushes: flushes))
    }

    /// The socket is gone. Returns whether it went by itself: then the core is to be told.
    public mutating func closed(_ id: PeerID) -> Bool {
        guard var session = sessions.remove(id) else { return false }
        slots.close(id)
        let wasOpen = !session.isClosing
        if wasOpen {
            session.close(budget: &budget)
            leaveQueues(id)
        }
        unsentBytes -= session.queue.byteCount
        return wasOpen
    }

    /// Whether the core still has it.
    public func isOpen(_ id: PeerID) -> Bool { openPosition(of: id) != nil }

    /// Where it stands, until a session is removed; `nil` when the core no longer has it.
    private func openPosition(of id: PeerID) -> Int? {
        guard let position = sessions.position(of: id), !sessions[position].isClosing else { return nil }
        return position
    }

    private mutating func leaveQueues(_ id: PeerID) {
        budgetQueue.removeAll { $0 == id }
        resuming.removeAll { $0 == id }
        answers.remove(id)
    }

    // MARK: Reading

    /// Takes the next frame off the front of `rest`, which was just read from the socket. What may not be taken now is kept.
    public mutating func take(
        _ rest: inout UnsafeRawBufferPointer, from id: PeerID, at now: Moment, into effects: inout [SessionEffect]
    ) -> Taken {
        guard let position = openPosition(of: id) else {
            rest = UnsafeRawBufferPointer(start: nil, count: 0)
            return .nothing
        }
        guard sessions[position].intake == .reading else {
            sessions[position].keep(rest)
            rest = UnsafeRawBufferPointer(start: nil, count: 0)
            return .nothing
        }
        switch sessions[position].next(&rest, budget: &budget, at: now) {
        case .frame(let frame): return .frame(frame)
        case .violation(let violation): return .violation(violation)
        case .needMore: return .nothing
        case .waitingForBudget:
            pause(id, for: .budget, at: now, into: &effects)
            budgetQueue.append(id)
            return .nothing
        }
    }

    /// The core's `limitFrames`.
    public mutating func limitFrames(_ id: PeerID, to byteCount: Int) {
        sessions.update(id) { $0.limitFrames(to: byteCount) }
    }

    /// The core holds the peer back: nothing is taken from it until `resume`.
    public mutating func holdBack(_ id: PeerID, at now: Moment, into effects: inout [SessionEffect]) {
        pause(id, for: .heldBack, at: now, into: &effects)
    }

    /// The core lets the peer go on.
    public mutating func resume(_ id: PeerID, at now: Moment) {
        if sessions.update(id, { $0.unpause(for: .heldBack, at: now) }) == true { resuming.append(id) }
    }

    private mutating func pause(_ id: PeerID, for reason: Session.PauseReasons, at now: Moment, into effects: inout [SessionEffect]) {
        guard let position = openPosition(of: id) else { return }
        let (wasPaused, wasResuming) = (sessions[position].isPaused, sessions[position].intake == .resuming)
        sessions[position].pause(for: reason, at: now)
        if wasResuming { resuming.removeAll { $0 == id } }
        if !wasPaused { effects.append(.pauseReading(id)) }
    }

    /// How this peer speaks.
    public func dialect(of id: PeerID) -> Dialect {
        sessions.position(of: id).map { sessions[$0].dialect } ?? .podoru
    }

    // MARK: Going on

    /// The next session whose turn it is to go on, and what it has kept, also when that is nothing: run `take` once over it, then
    /// `goOn(with:)`.
    public mutating func nextToGoOn(at now: Moment) -> KeptBytes? {
        if resuming.isEmpty { letBudgetWaiterGo(at: now) }
        guard let id = resuming.popFirst() else { return nil }
        return sessions.update(id) { $0.goOn() }
    }

    /// The longest waiting for the budget need no longer wait for it, when there is room for it.
    private mutating func letBudgetWaiterGo(at now: Moment) {
        while resuming.isEmpty, let id = budgetQueue.first {
            if let position = sessions.position(of: id), let count = sessions[position].transport.waitingByteCount,
                !budget.canReserve(count)
            {
                return
            }
            budgetQueue.removeFirst()
            if sessions.update(id, { $0.unpause(for: .budget, at: now) }) == true { resuming.append(id) }
        }
    }

    public mutating func goOn(with rest: KeptBytes, into effects: inout [SessionEffect]) {
        guard let position = openPosition(of: rest.id) else { return }
        if sessions[position].putBack(rest) {
            effects.append(.resumeReading(rest.id))
        } else if sessions[position].intake == .resuming {
            resuming.prepend(rest.id)
        }
    }

    // MARK: Writing

    /// Encodes a message for the first of its receivers and all who speak as it does. All of them share the frame's bytes.
    public func encode(_ message: Message, for receivers: [PeerID], at now: Moment) -> Encoded {
        let dialect = receivers.first.map(dialect(of:)) ?? .podoru
        let frame = dialect.encode(message, timestamp: now.unixSeconds, identity: identity)
        if receivers.allSatisfy({ self.dialect(of: $0) == dialect }) { return Encoded(frame: frame, receivers: receivers, others: []) }
        return Encoded(
            frame: frame, receivers: receivers.filter { self.dialect(of: $0) == dialect },
            others: receivers.filter { self.dialect(of: $0) != dialect })
    }

    /// Sends a whole frame to those of `receivers` that are open: now, or when its turn comes.
    public mutating func send(_ frame: [UInt8], to receivers: [PeerID], _ lane: Lane, into effects: inout [SessionEffect]) {
        for id in receivers {
            guard let position = openPosition(of: id) else { continue }
            switch lane {
            case .now: effects.append(.write(id, frame: sessions[position].seal(frame)))
            case .bulk: if bulk.append(frame, to: id) { effects.append(.nextTurn) }
            }
        }
        if bulk.isOverfull { writeBulk(.max, into: &effects) }
    }

    /// The sockets have had a turn since `SessionEffect.nextTurn`.
    public mutating func turn(into effects: inout [SessionEffect]) {
        writeBulk(SessionLimits.bulkBytesPerTurn, into: &effects)
        if bulk.endTurn() { effects.append(.nextTurn) }
    }

    private mutating func writeBulk(_ byteLimit: Int, into effects: inout [SessionEffect]) {
        var byteCount = 0
        while byteCount < byteLimit, let (id, frame) = bulk.next() {
            guard let position = openPosition(of: id) else { continue }
            effects.append(.write(id, frame: sessions[position].seal(frame)))
            byteCount += frame.count
        }
    }

    /// A frame was handed to the socket, or refused by it because its queue is full. `queue` is what waits in the socket now.
    public mutating func wrote(_ id: PeerID, queue: SocketQueue, isRefused: Bool) -> Written {
        queueChanged(id, to: queue.byteCount)
        guard let position = openPosition(of: id) else { return .noted }
        if isRefused { return .refused }
        guard sessions[position].answer == .writing else { return .noted }
        sessions[position].answer = queue.isAboveHighWater ? .queued : .none
        return queue.isAboveHighWater ? .noted : .answered
    }

    /// The socket's queue has so many bytes now.
    public mutating func queueChanged(_ id: PeerID, to byteCount: Int) {
        guard let position = sessions.position(of: id) else { return }
        unsentBytes += byteCount - sessions[position].queue.byteCount
        sessions[position].queueIs(byteCount)
    }

    /// The socket's queue fell to its low-water mark. Returns whether with it the peer's answer is on its way.
    public mutating func fellToLowWater(_ id: PeerID) -> Bool {
        guard let position = openPosition(of: id), sessions[position].answer == .queued else { return false }
        sessions[position].answer = .none
        return true
    }

    // MARK: Answers

    /// The core wants a peer's block request answered.
    public mutating func answer(_ id: PeerID, with range: HeightRange, isSingle: Bool) {
        guard let position = openPosition(of: id) else { return }
        sessions[position].answer = .waiting(range, isSingle: isSingle)
        answers.append(id)
    }

    /// Has the next answers read, as far as there is room for them.
    public mutating func dispatchAnswers(into effects: inout [SessionEffect]) {
        while let id = answers.next(unsentBytes: unsentBytes) {
            guard let position = openPosition(of: id), case .waiting(let range, let isSingle) = sessions[position].answer else {
                answers.wasRead()
                continue
            }
            sessions[position].answer = .underWay
            effects.append(.readBlocks(id, range, isSingle: isSingle))
        }
    }

    /// An answer was read; `nil` when it could not be. Returns whether the peer may have the next one already.
    public mutating func blocksRead(_ id: PeerID, frame: [UInt8]?, into effects: inout [SessionEffect]) -> Bool {
        answers.wasRead()
        guard let position = openPosition(of: id) else { return false }
        sessions[position].answer = frame == nil ? .none : .writing
        if let frame { effects.append(.write(id, frame: sessions[position].seal(frame))) }
        return frame == nil
    }

    // MARK: Looking after it

    /// Looks for frames that are overdue and for who keeps others from their answers. Once in `SessionLimits.checkInterval`.
    ///
    /// - Parameter queuedBytes: what waits in a socket's queue now.
    public mutating func check(at now: Moment, queuedBytes: (PeerID) -> Int, into findings: inout [Finding]) {
        var worst: (id: PeerID, byteCount: Int)?
        for position in sessions.indices {
            let id = sessions[position].id
            queueChanged(id, to: queuedBytes(id))
            guard !sessions[position].isClosing else { continue }
            if sessions[position].isPaused {
                findings.append(.notRead(id))
            } else if let violation = sessions[position].transport.overdue(at: now.uptime) {
                findings.append(.overdue(id, violation))
            }
            let byteCount = sessions[position].queue.byteCount
            if sessions[position].checkQueue(), byteCount > worst?.byteCount ?? 0 { worst = (id, byteCount) }
        }
        if let worst, answers.lacksRoom(unsentBytes: unsentBytes) { findings.append(.stuck(worst.id)) }
    }
}
