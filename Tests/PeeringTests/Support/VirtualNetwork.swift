import Network
import Primitives
import TestKit
import Testing
import Wire

@testable import Peering

/// Nodes in one process with a clock of its own: every node is a `PeerManager`, a connection is two queues, and what is
/// sent arrives after the latency, in order. The same seed gives the same run.
struct VirtualNetwork {
    struct Node {
        var manager: PeerManager
        let place: Endpoint
        var isAlive = true
        /// The earliest tick that is in the queue.
        var nextTick = Nanoseconds.max
        /// When each peer became ready and was gone, for tests that ask how long something took.
        var gone: [(id: PeerID, reason: DisconnectReason, at: Nanoseconds)] = []
    }

    /// One end of a connection.
    struct End {
        let node: Int
        let other: PeerID
        var isOpen = true
    }

    enum Message {
        case handshake(Handshake)
        case request
        case list([Endpoint])
        case ping(UInt64)
        case pong(UInt64)
        case end
    }

    enum Event {
        case tick(Int)
        case reach(dialler: Int, Endpoint)
        case connected(Int, Endpoint, PeerID, remote: Endpoint)
        case refused(Int, Endpoint)
        case message(to: PeerID, Message)
    }

    private(set) var nodes: [Node] = []
    private var ends: [PeerID: End] = [:]
    private var places: [Endpoint: Int] = [:]
    private var time = VirtualTime<Event>(uptime: .seconds(1000), unixMilliseconds: 0)
    private var generator: SplitMix64
    private var slots = PeerSlots()
    /// Nodes in different parts hear nothing of each other.
    var part: (Int) -> Int = { _ in 0 }
    /// After how many events invariants are looked at; each look costs a walk over the node's address book.
    var checkEvery = 97
    private(set) var findings: [String] = []

    init(seed: UInt64) {
        generator = SplitMix64(seed: seed)
    }

    var moment: Moment { time.now }
    var now: Nanoseconds { time.uptime }
    var eventCount: Int { time.eventCount }

    /// Adds a node at `place` and starts it.
    mutating func add(at place: Endpoint, configure: (inout PeerConfiguration) -> Void) {
        let index = nodes.count
        var local = localNode(UInt64(index + 1), listen: ":\(place.port)")
        local.nonce = generator.next()
        var configuration = PeerConfiguration(local: local)
        configure(&configuration)
        nodes.append(Node(manager: PeerManager(configuration: configuration, seed: generator.next()), place: place))
        places[place] = index
        var effects: [PeerEffect] = []
        nodes[index].manager.start(at: moment, into: &effects)
        carryOut(effects, of: index)
    }

    /// The node stops without a word: its sockets stay open on the other side and are silent.
    mutating func kill(_ index: Int) {
        nodes[index].isAlive = false
    }

    mutating func run(for span: Nanoseconds) {
        let end = now + span
        while let event = time.next(until: end) { handle(event) }
        time.pass(until: end)
    }

    // MARK: Events

    private mutating func handle(_ event: Event) {
        switch event {
        case .tick(let index):
            nodes[index].nextTick = .max
            act(index) { $0.tick(at: $1, into: &$2) }
        case .reach(let dialler, let target): reach(target, from: dialler)
        case .connected(let index, let dialled, let id, let remote):
            act(index) { $0.dialSucceeded(dialled, as: id, remote: remote, at: $1, into: &$2) }
        case .refused(let index, let dialled):
            act(index) { $0.dialFailed(dialled, .refused, at: $1, into: &$2) }
        case .message(let id, let message):
            guard let end = ends[id], end.isOpen else { return }
            deliver(message, to: id, at: end)
        }
    }

    /// A dial arrives where it was meant to go.
    private mutating func reach(_ target: Endpoint, from dialler: Int) {
        guard let index = places[target], part(index) == part(dialler) else { return }
        guard nodes[index].isAlive else {
            send(.refused(dialler, target))
            return
        }
        guard let near = slots.open(), let far = slots.open() else { return }
        ends[near] = End(node: dialler, other: far)
        ends[far] = End(node: index, other: near)
        send(.connected(dialler, target, near, remote: target))
        let port = UInt16(30_000 + near.generation % 30_000)
        let remote = Endpoint(host: nodes[dialler].place.host, port: port) ?? target
        act(index) { $0.accepted(far, from: remote, at: $1, into: &$2) }
    }

    private mutating func deliver(_ message: Message, to id: PeerID, at end: End) {
        act(end.node) { manager, moment, effects in
            switch message {
            case .handshake(let handshake):
                let signer = handshake.nodeID.flatMap { Address(ByteString($0)) }
                manager.handshakeReceived(id, handshake, signedBy: signer, at: moment, into: &effects)
            case .end: manager.closed(id, reason: .closedByPeer, at: moment, into: &effects)
            default:
                guard manager.messageReceived(id, at: moment, into: &effects) else { return }
                switch message {
                case .request: manager.peerListRequested(id, at: moment, into: &effects)
                case .list(let endpoints): manager.peerListReceived(id, endpoints, at: moment, into: &effects)
                case .ping(let nonce): manager.pingReceived(id, Ping(nonce: nonce, height: 0), at: moment, into: &effects)
                case .pong(let nonce): manager.pongReceived(id, Ping(nonce: nonce, height: 0), at: moment)
                case .handshake, .end: break
                }
            }
        }
        if case .end = message { close(id) }
    }

    /// Lets a node act, and carries out what it wants.
    private mutating func act(_ index: Int, _ body: (inout PeerManager, Moment, inout [PeerEffect]) -> Void) {
        guard nodes[index].isAlive else { return }
        var effects: [PeerEffect] = []
        body(&nodes[index].manager, moment, &effects)
        carryOut(effects, of: index)
        guard eventCount % checkEvery == 0 else { return }
        findings += nodes[index].manager.checkInvariants().map { "node \(index): \($0)" }
    }

    // MARK: Effects

    private mutating func carryOut(_ effects: [PeerEffect], of index: Int) {
        for effect in effects {
            switch effect {
            case .dial(let target): send(.reach(dialler: index, target))
            case .sendHandshake(let id): send(.handshake(nodes[index].manager.configuration.local.handshake(height: 0)), over: id)
            case .sendPeerListRequest(let id): send(.request, over: id)
            case .sendPeerList(let id, let endpoints): send(.list(endpoints), over: id)
            case .sendPing(let id, let nonce): send(.ping(nonce), over: id)
            case .sendPong(let id, let nonce): send(.pong(nonce), over: id)
            case .close(let id, _):
                send(.end, over: id)
                close(id)
            case .peerGone(let id, let reason): nodes[index].gone.append((id, reason, now))
            case .cancelDial, .peerReady, .fact: break
            }
        }
        guard let deadline = nodes[index].manager.nextDeadline, deadline < nodes[index].nextTick else { return }
        nodes[index].nextTick = max(deadline, now)
        time.schedule(.tick(index), at: deadline)
    }

    /// 20 ms to anywhere; equal for all, so that what is sent first arrives first.
    private mutating func send(_ event: Event) {
        time.schedule(event, after: .milliseconds(20))
    }

    private mutating func send(_ message: Message, over id: PeerID) {
        guard let end = ends[id], end.isOpen, let other = ends[end.other], part(other.node) == part(end.node) else { return }
        send(.message(to: end.other, message))
    }

    /// The connection is gone at this end, and another may have its slot.
    private mutating func close(_ id: PeerID) {
        ends[id]?.isOpen = false
        if let node = ends[id]?.node, nodes[node].isAlive {
            findings += nodes[node].manager.remnants(of: id).map { "node \(node) kept \($0) of \(id)" }
        }
        slots.close(id)
    }

    // MARK: What came of it

    var living: [Int] { nodes.indices.filter { nodes[$0].isAlive } }

    /// The node at the other end.
    func node(behind id: PeerID) -> Int? { ends[id].flatMap { ends[$0.other] }?.node }

    /// The nodes to which `index` has a ready connection, once for each connection.
    func neighbours(of index: Int) -> [Int] {
        nodes[index].manager.readyPeers.compactMap { node(behind: $0.id) }
    }

    /// Living nodes that can be reached from the first of `members` over ready connections.
    func reachable(within members: [Int]) -> Set<Int> {
        guard let first = members.first else { return [] }
        var reached: Set = [first]
        var front = [first]
        while let index = front.popLast() {
            for neighbour in neighbours(of: index) where members.contains(neighbour) && reached.insert(neighbour).inserted {
                front.append(neighbour)
            }
        }
        return reached
    }

    /// Pairs of living nodes that do not agree whether they are connected, or are connected more than once.
    func disagreements() -> [String] {
        living.flatMap { index in
            neighbours(of: index).filter { nodes[$0].isAlive }.compactMap { other in
                let there = neighbours(of: other).count { $0 == index }
                let here = neighbours(of: index).count { $0 == other }
                return here == 1 && there == 1 ? nil : "\(index) and \(other): \(here) and \(there) connections"
            }
        }
    }
}
