import Network
import Peering
import Primitives
import ProtocolCore
import Session
import TestKit
import Wire

/// Many whole nodes in one process: the core, the sessions and the chain processor of each, sockets with queues, marks and latency, and
/// virtual time. No thread, no clock, no system call; the same seed gives the same run.
final class SimulatedNetwork {
    private(set) var nodes: [SimulatedNode] = []
    private var clock = VirtualTime<() -> Void>()
    var time: Nanoseconds { clock.uptime }
    /// Wall clock at uptime 0.
    var epochMilliseconds: Int64 { clock.epoch }
    /// One way, between any two nodes.
    var latency: Nanoseconds = .milliseconds(5)
    var random: SplitMix64

    private var connections = 0
    private var cut: Set<Int> = []

    init(seed: UInt64) {
        random = SplitMix64(seed: seed)
    }

    var now: Moment { clock.now }

    /// Messages of a type that nodes have sent, since each was opened.
    func sent(_ type: MessageType) -> UInt64 { nodes.reduce(0) { $0 + $1.core.counters.sent[type].messages } }

    // MARK: Nodes

    @discardableResult
    func add(_ make: (_ index: Int, _ network: SimulatedNetwork) throws -> SimulatedNode) rethrows -> SimulatedNode {
        let node = try make(nodes.count, self)
        nodes.append(node)
        return node
    }

    func start(_ node: SimulatedNode) { node.start() }

    /// The node is gone at once: its connections break.
    func kill(_ node: SimulatedNode) { node.kill() }

    /// Frames to and from the node vanish, as behind a broken link: nobody is told.
    func cutOff(_ node: SimulatedNode) { cut.insert(node.index) }
    func reconnect(_ node: SimulatedNode) { cut.remove(node.index) }
    func isCut(_ node: SimulatedNode) -> Bool { cut.contains(node.index) }

    // MARK: Time

    func after(_ delay: Nanoseconds, _ action: @escaping () -> Void) {
        clock.schedule(action, after: delay)
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
        while let next = clock.nextTime, next <= end {
            if condition() { return }
            clock.next()?()
        }
        if !condition() { clock.pass(until: end) }
    }

    // MARK: Connections

    static func endpoint(_ index: Int) -> Endpoint {
        Endpoint("10.\(index / 200).\(index % 200).1:9000")!
    }

    func dial(_ endpoint: Endpoint, from node: SimulatedNode) {
        after(latency) { [self] in
            guard node.isRunning else { return }
            let target = nodes.first { $0.endpoint == endpoint && $0.isRunning }
            guard let target, !isCut(target), !isCut(node) else {
                node.dialFailed(endpoint)
                return
            }
            connections += 1
            let (mine, theirs) = SimulatedSocket.pair(node, target, in: self)
            for socket in [mine, theirs] { socket.isCut = { [self] in isCut(node) || isCut(target) } }
            target.accepted(theirs, from: Endpoint(host: node.endpoint.host, port: UInt16(20_000 + connections % 40_000))!)
            node.dialSucceeded(endpoint, mine)
        }
    }

    /// A stranger connects to a node, each from a network of its own.
    func connect(_ stranger: SimulatedStranger, to node: SimulatedNode) {
        connections += 1
        let (mine, theirs) = SimulatedSocket.pair(stranger, node, in: self)
        stranger.socket = mine
        node.accepted(theirs, from: Endpoint("\(20 + connections % 100).\(connections / 100).1.1:40000")!)
    }
}
