import Ledger
import Mempool
import Network
import Peering
import Primitives
import ProtocolCore
import Wire

/// Many whole nodes in one process: the core and the chain processor of each, an in-memory network with latency, and virtual
/// time. No socket, no thread, no clock; the same seed gives the same run.
final class SimulatedNetwork {
    struct Event {
        let time: Nanoseconds
        let sequence: UInt64
        let action: () -> Void
    }

    private(set) var nodes: [SimulatedNode] = []
    private(set) var time: Nanoseconds = .seconds(1)
    /// Wall clock at uptime 0.
    let epochMilliseconds: Int64 = 1_800_000_000_000
    /// One way, between any two nodes.
    var latency: Nanoseconds = .milliseconds(5)
    /// Messages that crossed the network, by type.
    private(set) var messages: [MessageType: Int] = [:]
    var random: SplitMix64

    private var events = EventHeap()
    private var sequence: UInt64 = 0
    private var connections: [PeerID: (node: Int, other: PeerID)] = [:]
    private var slots = PeerSlots()
    private var cut: Set<Int> = []

    init(seed: UInt64) {
        random = SplitMix64(seed: seed)
    }

    var now: Moment { Moment(uptime: time, unixMilliseconds: epochMilliseconds + time / 1_000_000) }

    // MARK: Nodes

    @discardableResult
    func add(_ make: (_ index: Int, _ network: SimulatedNetwork) throws -> SimulatedNode) rethrows -> SimulatedNode {
        let node = try make(nodes.count, self)
        nodes.append(node)
        return node
    }

    func start(_ node: SimulatedNode) {
        node.isRunning = true
        node.withCore { core, effects in core.start(at: now, into: &effects) }
    }

    /// The node is gone at once: its connections break.
    func kill(_ node: SimulatedNode) {
        node.isRunning = false
        for (id, end) in connections where end.node == node.index { disconnect(id, .connectionLost) }
    }

    /// Frames to and from the node vanish, as behind a broken link: nobody is told.
    func cutOff(_ node: SimulatedNode) { cut.insert(node.index) }
    func reconnect(_ node: SimulatedNode) { cut.remove(node.index) }

    // MARK: Time

    func after(_ delay: Nanoseconds, _ action: @escaping () -> Void) {
        sequence += 1
        events.push(Event(time: time + max(0, delay), sequence: sequence, action: action))
    }

    func run(for span: Nanoseconds) {
        run(until: time + span) { false }
    }

    /// Runs until `condition` holds, at most for `span`. Returns whether it holds.
    @discardableResult
    func run(atMost span: Nanoseconds, until condition: () -> Bool) -> Bool {
        run(until: time + span, condition)
        return condition()
    }

    private func run(until end: Nanoseconds, _ condition: () -> Bool) {
        while let next = events.first, next.time <= end {
            if condition() { return }
            events.pop()
            time = max(time, next.time)
            next.action()
        }
        if !condition() { time = max(time, end) }
    }

    // MARK: Connections

    static func endpoint(_ index: Int) -> Endpoint {
        Endpoint("10.\(index / 200).\(index % 200).1:9000")!
    }

    func dial(_ endpoint: Endpoint, from node: SimulatedNode) {
        after(latency) { [self] in
            guard node.isRunning else { return }
            let target = nodes.first { $0.endpoint == endpoint && $0.isRunning }
            guard let target, !cut.contains(target.index), !cut.contains(node.index) else {
                node.withCore { core, effects in core.dialFailed(endpoint, .refused, at: now, into: &effects) }
                return
            }
            guard let mine = slots.open(), let theirs = slots.open() else { return }
            connections[mine] = (node.index, theirs)
            connections[theirs] = (target.index, mine)
            let seen = Endpoint(host: node.endpoint.host, port: UInt16(20_000 + theirs.generation % 40_000))!
            target.withCore { core, effects in core.accepted(theirs, from: seen, at: now, into: &effects) }
            node.withCore { core, effects in core.dialSucceeded(endpoint, as: mine, remote: endpoint, at: now, into: &effects) }
        }
    }

    /// Says something over one side of a connection, signed as a node signs: the handshake alone.
    func send(_ message: Message, over id: PeerID) {
        guard let end = connections[id] else { return }
        let message = ReceivedMessage(
            .message(message), signer: message.type == .handshake ? nodes[end.node].key.address : nil, byteCount: 0)
        messages[message.type ?? .handshake, default: 0] += 1
        let other = end.other
        after(latency) { [self] in
            guard let receiver = connections[other], !cut.contains(receiver.node), !cut.contains(end.node) else { return }
            nodes[receiver.node].deliver(message, over: other)
        }
    }

    func disconnect(_ id: PeerID, _ reason: DisconnectReason) {
        guard let end = connections.removeValue(forKey: id) else { return }
        slots.close(id)
        after(latency) { [self] in
            guard let receiver = connections.removeValue(forKey: end.other) else { return }
            slots.close(end.other)
            nodes[receiver.node].withCore { core, effects in core.closed(end.other, .closedByPeer, at: now, into: &effects) }
            if nodes[receiver.node].isRunning { nodes[receiver.node].assertForgotten(end.other) }
        }
    }
}

/// A binary heap by time, then by the order of arrival.
struct EventHeap {
    private var items: [SimulatedNetwork.Event] = []

    var first: SimulatedNetwork.Event? { items.first }

    private func precedes(_ a: Int, _ b: Int) -> Bool {
        (items[a].time, items[a].sequence) < (items[b].time, items[b].sequence)
    }

    mutating func push(_ event: SimulatedNetwork.Event) {
        items.append(event)
        var child = items.count - 1
        while child > 0, precedes(child, (child - 1) / 2) {
            items.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func pop() {
        guard !items.isEmpty else { return }
        items.swapAt(0, items.count - 1)
        items.removeLast()
        var parent = 0
        while true {
            let children = [2 * parent + 1, 2 * parent + 2].filter { $0 < items.count }
            guard let least = children.min(by: { precedes($0, $1) }), precedes(least, parent) else { return }
            items.swapAt(least, parent)
            parent = least
        }
    }
}
