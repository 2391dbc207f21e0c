import Network
import Primitives
import Sync
import TestKit
import Testing

/// How a simulated peer answers.
enum Behaviour: CaseIterable {
    case honest
    /// A thirtieth of the speed.
    case slow
    /// Answers a few times, then never again.
    case stalling
    /// One to five blocks, whatever was asked for.
    case short
    /// Has the chain, claims more.
    case boastful
    /// Has nothing, claims 10^18.
    case empty
    /// One block in a range is invalid, every third time.
    case badBlocks
    /// Sends something else, every third time.
    case malformed
    /// On another chain from some height on.
    case forked
    /// Goes after a while and comes back under another number.
    case vanishing
    /// Sends answers that nobody asked for, and cuts them.
    case babbling
}

/// One manager, its peers and its worker on a virtual clock. Everything follows from the seed.
struct SyncSimulation {
    struct Peer {
        let behaviour: Behaviour
        var claim: UInt64
        let latency: Nanoseconds
        let blocksPerSecond: Double
        let forkHeight: UInt64
        var answered = 0
        /// When its wire is free.
        var freeAt: Nanoseconds = 0
        var owed = 0
        var isFaulted = false
    }

    /// What an answer holds.
    struct Answer {
        var range: HeightRange
        var count: Int
        var badHeight: UInt64?
        var isMalformed = false
        var forkHeight: UInt64?
    }

    enum Event {
        case answer(PeerID, Answer?)
        case prepared(SyncTicket)
        case applied(SyncTicket)
        case leave(PeerID)
        case join(Behaviour)
        case wake
    }

    let chainHeight: UInt64
    var sync: SyncManager
    var random: SplitMix64
    private var time = VirtualTime<Event>(uptime: 1)
    var now: Moment { time.now }
    var peers: [PeerID: Peer] = [:]
    var tickets: [SyncTicket: Answer] = [:]
    var workerHeight: UInt64 = 0
    var workerFreeAt: Nanoseconds = 0
    var slots = PeerSlots()
    var joins = 0
    var finishedAt: Nanoseconds?
    var faults: [String: Int] = [:]
    var heightsAskedFor = 0
    var mostInFlight = 0
    var mostHeld = 0
    var problems: [String] = []

    init(seed: UInt64, chainHeight: UInt64, behaviours: [Behaviour]) {
        random = SplitMix64(seed: seed)
        self.chainHeight = chainHeight
        sync = SyncManager(height: 0, at: time.now)
        for behaviour in behaviours { schedule(.join(behaviour), after: .milliseconds(.random(in: 0...3000, using: &random))) }
    }

    // MARK: The run

    /// Runs until the whole chain is applied and the node says so, or `limit` has passed.
    mutating func run(limit: Nanoseconds) {
        var steps = 0
        while finishedAt == nil, steps < 200_000, problems.isEmpty {
            steps += 1
            let deadline = sync.nextDeadline
            guard let next = time.nextTime, deadline.map({ next <= $0 }) ?? true else {
                guard let deadline, deadline <= limit else { break }
                time.pass(until: deadline)
                handle { $0.tick(at: $1, into: &$2) }
                if let next = sync.nextDeadline, next <= now.uptime { problems.append("the deadline \(next) does not move") }
                continue
            }
            guard let event = time.next(until: limit) else { break }
            process(event)
        }
        if finishedAt == nil { problems.append("not finished at \(now.uptime / 1_000_000) ms, height \(sync.height), \(steps) steps") }
    }

    private mutating func schedule(_ event: Event, after span: Nanoseconds) { time.schedule(event, after: span) }

    private mutating func process(_ event: Event) {
        switch event {
        case .join(let behaviour): join(behaviour)
        case .leave(let id): leave(id)
        case .wake: break
        case .answer(let id, let answer):
            guard peers[id] != nil else { return }
            if answer != nil { peers[id]?.owed -= 1 }
            let bytes = payload(answer.map { $0.count == 0 && !$0.isMalformed ? 2 : max($0.count, 1) * 12_000 } ?? 500)
            handle(answer) { $0.responseReceived(id, payload: bytes, at: $1, into: &$2) }
        case .prepared(let ticket):
            guard let answer = tickets[ticket] else { return }
            if answer.isMalformed {
                tickets[ticket] = nil
                handle { $0.rangeMalformed(ticket, at: $1, into: &$2) }
            } else {
                if answer.count == 0 { tickets[ticket] = nil }
                handle { $0.rangePrepared(ticket, count: answer.count, at: $1, into: &$2) }
            }
        case .applied(let ticket): apply(ticket)
        }
    }

    // MARK: The worker

    private mutating func apply(_ ticket: SyncTicket) {
        guard let answer = tickets.removeValue(forKey: ticket) else { return }
        let last = answer.range.first + UInt64(answer.count - 1)
        guard answer.range.first <= workerHeight + 1 else {
            return handle { $0.rangeRejected(ticket, atHeight: answer.range.first, .otherChain, at: $1, into: &$2) }
        }
        if let bad = answer.badHeight, bad > workerHeight, bad <= last {
            workerHeight = bad - 1
            return handle { $0.rangeRejected(ticket, atHeight: bad, .invalidBlock, at: $1, into: &$2) }
        }
        if let fork = answer.forkHeight, fork <= last {
            let at = max(fork, workerHeight + 1)
            if at <= last {
                workerHeight = at - 1
                return handle { $0.rangeRejected(ticket, atHeight: at, .otherChain, at: $1, into: &$2) }
            }
        }
        workerHeight = max(workerHeight, last)
        let height = workerHeight
        handle { $0.rangeApplied(ticket, newHeight: height, at: $1, into: &$2) }
    }

    // MARK: Peers

    private mutating func join(_ behaviour: Behaviour) {
        joins += 1
        guard let id = slots.open() else { return }
        let speed = Double.random(in: 500...3000, using: &random)
        let claim: UInt64 =
            switch behaviour {
            case .boastful: chainHeight + UInt64.random(in: 1...5000, using: &random)
            case .empty: 1_000_000_000_000_000_000
            default: chainHeight
            }
        peers[id] = Peer(
            behaviour: behaviour, claim: claim, latency: .milliseconds(.random(in: 1...150, using: &random)),
            blocksPerSecond: behaviour == .slow ? speed / 30 : speed,
            forkHeight: .random(in: 1...max(chainHeight, 1), using: &random))
        if behaviour == .vanishing { schedule(.leave(id), after: .milliseconds(.random(in: 50...4000, using: &random))) }
        handle { $0.peerReady(id, height: claim, at: $1, into: &$2) }
    }

    private mutating func leave(_ id: PeerID) {
        guard let peer = peers.removeValue(forKey: id) else { return }
        handle { $0.peerGone(id, at: $1, into: &$2) }
        problems += sync.remnants(of: id)
        slots.close(id)
        if joins < 60 { schedule(.join(peer.behaviour), after: .milliseconds(.random(in: 100...5000, using: &random))) }
    }

    private mutating func serve(_ range: HeightRange, to id: PeerID) {
        guard var peer = peers[id] else { return }
        peer.owed += 1
        if peer.isFaulted { problems.append("\(id) is asked after a fault that ends its use") }
        if peer.owed > 2, peer.behaviour != .babbling { problems.append("\(peer.owed) requests to \(id)") }
        if range.count > 100 || range.last > peer.claim { problems.append("\(range) is asked of \(id)") }
        if range.first <= sync.height { problems.append("\(range) is asked for at height \(sync.height)") }
        peer.answered += 1
        let answer = makeAnswer(range, peer)
        if !(peer.behaviour == .stalling && peer.answered > 3) {
            let work = Nanoseconds(Double(answer.count) * 1e9 / peer.blocksPerSecond) + .milliseconds(1)
            peer.freeAt = max(peer.freeAt, now.uptime + peer.latency) + work
            schedule(.answer(id, answer), after: peer.freeAt - now.uptime)
        }
        if peer.behaviour == .babbling, peer.answered > 4 { schedule(.answer(id, nil), after: peer.latency) }
        peers[id] = peer
    }

    private mutating func makeAnswer(_ range: HeightRange, _ peer: Peer) -> Answer {
        let isThird = peer.answered % 3 == 0
        let has = peer.behaviour == .empty || range.first > chainHeight ? 0 : min(range.count, Int(chainHeight - range.first) + 1)
        var answer = Answer(range: range, count: has)
        switch peer.behaviour {
        case .short: answer.count = min(has, .random(in: 1...5, using: &random))
        case .badBlocks where isThird && has > 0: answer.badHeight = range.first + UInt64.random(in: 0..<UInt64(has), using: &random)
        case .malformed where isThird: answer.isMalformed = true
        case .forked: answer.forkHeight = peer.forkHeight
        default: break
        }
        return answer
    }

    // MARK: Effects

    private mutating func handle(_ payload: Answer? = nil, _ body: (inout SyncManager, Moment, inout [SyncEffect]) -> Void) {
        var effects: [SyncEffect] = []
        body(&sync, now, &effects)
        problems += sync.checkInvariants()
        mostInFlight = max(mostInFlight, sync.status.requestsInFlight)
        mostHeld = max(mostHeld, sync.status.rangesHeld)
        for effect in effects { carryOut(effect, payload) }
    }

    private mutating func carryOut(_ effect: SyncEffect, _ payload: Answer?) {
        switch effect {
        case .request(let id, let range, _):
            heightsAskedFor += range.count
            serve(range, to: id)
        case .prepare(let ticket, let id, let range, _):
            // Babble that comes while an answer is owed is taken for it, and shifts those behind it.
            let isAnswer = payload?.range == range
            tickets[ticket] = isAnswer ? payload : Answer(range: range, count: 0, isMalformed: true)
            if !isAnswer, peers[id]?.behaviour != .babbling { problems.append("\(range) is prepared from something else") }
            schedule(.prepared(ticket), after: .milliseconds(20))
        case .apply(let ticket):
            workerFreeAt = max(workerFreeAt, now.uptime) + .microseconds(600) * Int64(tickets[ticket]?.count ?? 0)
            schedule(.applied(ticket), after: workerFreeAt - now.uptime)
        case .discard(let ticket): tickets[ticket] = nil
        case .fault(let id, let fault):
            faults[String("\(fault)".prefix { $0.isLetter || $0 == " " }), default: 0] += 1
            guard fault.endsConnection, peers[id] != nil else { return }
            peers[id]?.isFaulted = true
            if peers[id]?.behaviour == .honest { problems.append("an honest peer is faulted: \(fault)") }
            schedule(.leave(id), after: 0)
        case .finished(let height) where height == chainHeight: finishedAt = now.uptime
        case .started, .finished, .progress: break
        }
    }
}

extension SyncFault {
    /// Whether the manager asks the peer nothing any more.
    fileprivate var endsConnection: Bool {
        switch self {
        case .stalled, .malformed, .badBlock, .unsolicitedResponse: true
        case .slow, .shortAnswer, .heightLie, .impossibleHeight, .otherChain: false
        }
    }
}
