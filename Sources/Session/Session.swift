public import Network
internal import Primitives
internal import Wire

/// One connection: its half-received frame, what keeps it from being read, and how far its answer and its queue are.
///
///     reading ──pause──▶ paused(reasons) ──last reason gone──▶ resuming ──what was kept is taken──▶ reading
///        │                   │   ▲                                │ │
///        │                   │   └────────────── pause ───────────┘ │
///        └───────────────────┴──────────── close ───────────────────┴──────────▶ closing
struct Session: Identifiable, Sendable {
    enum Intake: Hashable, Sendable {
        /// The socket is read.
        case reading
        /// It is not, for at least one reason.
        case paused(PauseReasons, since: Nanoseconds)
        /// It may be read again, and its turn to go on with what was kept is still to come.
        case resuming
        /// The core has let go of it; what still arrives is dropped.
        case closing
    }

    struct PauseReasons: OptionSet, Hashable, Sendable {
        let rawValue: UInt8

        /// The core has enough of the peer's messages for now.
        static let heldBack = PauseReasons(rawValue: 1)
        /// Its next frame waits for the budget.
        static let budget = PauseReasons(rawValue: 2)
    }

    /// Where the answer to a block request is. The core wants one at a time for each peer.
    enum Answer: Hashable, Sendable {
        case none
        /// In the queue of all peers' requests.
        case waiting(HeightRange, isSingle: Bool)
        /// Being read from the disk.
        case underWay
        /// On its way to the socket.
        case writing
        /// In the socket's queue, which is above its high-water mark.
        case queued
    }

    let id: PeerID
    private(set) var intake = Intake.reading
    private(set) var transport = Transport()
    /// How the peer speaks.
    let dialect = Dialect.podoru
    var answer = Answer.none
    private(set) var queue = WriteProgress()
    /// What was read before a stop and is taken since, from `keptStart` on. Older than what the transport keeps.
    private var kept: [UInt8] = []
    private var keptStart = 0

    init(id: PeerID) {
        self.id = id
    }

    var isClosing: Bool { intake == .closing }

    var isPaused: Bool {
        if case .paused = intake { true } else { false }
    }

    func isPaused(for reason: PauseReasons) -> Bool {
        if case .paused(let reasons, _) = intake { reasons.contains(reason) } else { false }
    }

    // MARK: Reading

    mutating func limitFrames(to byteCount: Int) {
        transport.limitFrames(to: byteCount)
    }

    /// The next frame of `rest`, which came from the socket or was kept.
    mutating func next(_ rest: inout UnsafeRawBufferPointer, budget: inout FrameBudget, at now: Moment) -> Transport.Step {
        transport.next(&rest, budget: &budget, now: now.uptime)
    }

    /// Keeps what was read and may not be taken now.
    mutating func keep(_ rest: UnsafeRawBufferPointer) {
        transport.keep(rest)
    }

    /// The bytes that bring a frame to this peer.
    mutating func seal(_ frame: [UInt8]) -> [UInt8] { transport.seal(frame) }

    mutating func pause(for reason: PauseReasons, at now: Moment) {
        switch intake {
        case .reading, .resuming: intake = .paused(reason, since: now.uptime)
        case .paused(let reasons, let since): intake = .paused(reasons.union(reason), since: since)
        case .closing: break
        }
    }

    /// One reason to pause is gone. Returns whether it was the last one.
    mutating func unpause(for reason: PauseReasons, at now: Moment) -> Bool {
        guard case .paused(let reasons, let since) = intake, reasons.contains(reason) else { return false }
        guard reasons == reason else {
            intake = .paused(reasons.subtracting(reason), since: since)
            return false
        }
        // The wait was ours, not the peer's.
        transport.extendFrameClock(by: now.uptime - since)
        intake = .resuming
        return true
    }

    /// Its turn has come: moves out what was kept, the oldest first, so that it can be read while everything else changes.
    mutating func goOn() -> KeptBytes {
        intake = .reading
        if kept.isEmpty { return KeptBytes(id: id, bytes: transport.takeKept(), start: 0) }
        defer { (kept, keptStart) = ([], 0) }
        return KeptBytes(id: id, bytes: kept, start: keptStart)
    }

    /// Takes back what was not used up. Returns whether the socket may be read.
    mutating func putBack(_ rest: KeptBytes) -> Bool {
        if rest.start < rest.bytes.count { (kept, keptStart) = (rest.bytes, rest.start) }
        guard intake == .reading else { return false }
        if kept.isEmpty, transport.keptByteCount == 0 { return true }
        intake = .resuming
        return false
    }

    mutating func close(budget: inout FrameBudget) {
        intake = .closing
        answer = .none
        (kept, keptStart) = ([], 0)
        transport.discard(budget: &budget)
    }

    // MARK: Writing

    mutating func queueIs(_ byteCount: Int) {
        queue.byteCount = byteCount
    }

    /// Looks at the queue, once in `SessionLimits.checkInterval`. Returns whether it is stuck.
    mutating func checkQueue() -> Bool {
        queue.check()
    }

    func checkInvariants() -> [String] {
        var broken: [String] = []
        func expect(_ holds: Bool, _ what: String) { if !holds { broken.append("\(id), \(intake): \(what)") } }
        expect(transport.checkInvariants(), "its transport is out of order")
        expect(keptStart <= kept.count && queue.byteCount >= 0, "a count is out of its range")
        switch intake {
        case .reading:
            expect(kept.isEmpty && transport.keptByteCount == 0, "something is kept")
            expect(transport.waitingByteCount == nil, "its frame waits for the budget")
        case .paused(let reasons, _):
            expect(!reasons.isEmpty, "for no reason")
        case .resuming: break
        case .closing:
            expect(kept.isEmpty && transport.bufferedByteCount == 0 && answer == .none, "it holds something")
        }
        return broken
    }
}

/// Bytes that a session read before it was stopped, the first `start` of which are taken.
public struct KeptBytes: Sendable {
    public let id: PeerID
    public let bytes: [UInt8]
    public var start: Int
}

/// Whether the other side takes what waits in the socket's queue.
struct WriteProgress: Hashable, Sendable {
    /// In the queue when it was last told.
    var byteCount = 0
    private var lastChecked = 0
    /// How often in a row the queue had not shrunk.
    private var checksWithoutProgress = 0

    mutating func check() -> Bool {
        checksWithoutProgress = byteCount > 0 && byteCount >= lastChecked ? checksWithoutProgress + 1 : 0
        lastChecked = byteCount
        return checksWithoutProgress >= SessionLimits.stuckChecks
    }
}
