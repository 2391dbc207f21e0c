internal import Node
internal import Platform
internal import Primitives
internal import Supervisor

/// What the devnet knows of its nodes, gathered from their reports: heads, and the times at which each saw each block.
struct DevnetBoard {
    /// Blocks whose arrival times are kept. A block reaches all nodes within milliseconds; this is minutes of them.
    private static let trackedBlocks = 512
    /// Times kept for the percentiles, newest first out. Enough for a devnet of an hour at one block a second.
    private static let maxSamples = 16_384
    /// Milliseconds without a report after which a node does not answer: eight reports that did not come.
    private static let silence: Int64 = 2000
    /// Blocks that a node may be behind the highest of the others and still be in step: one on its way, one being applied.
    private static let tolerance: UInt64 = 2

    /// One node: the process that runs, or how the last one ended.
    struct NodeLine {
        var name: String
        /// Its P2P port on 127.0.0.1.
        var port: UInt16
        /// The URL of its API; `nil` without one.
        var api: String?
        /// The process that runs; `nil` before the first and after the last.
        var processID: Int32?
        /// Whether that process listens.
        var isReady = false
        /// When it last reported, in milliseconds of the clock's uptime.
        var lastHeard: Int64 = 0
        var status = NodeReport.Status()
        /// How the last process ended.
        var ending: ChildEnding?
        /// When the next one starts; `nil` when none does.
        var returnsAt: Int64?
        /// The newest block that it told of; sync tells of the last of a range only.
        var lastHeight: UInt64 = 0
        var blocksBySync: UInt64 = 0
    }

    /// How a node fares.
    enum State: Equatable {
        case notStarted, starting, inStep
        case noAnswer(seconds: Int64)
        case syncing(to: UInt64, blocksPerSecond: UInt64)
        case behind(UInt64)
        /// `returnsIn`: seconds until it is started again, where it is.
        case down(ChildEnding, returnsIn: Int64?)
    }

    private(set) var nodes: [NodeLine]
    private(set) var propagation = Samples(limit: maxSamples)
    private(set) var hops = Samples(limit: maxSamples)
    private(set) var transactionsSeen: UInt64 = 0
    /// The nodes' ports to which the devnet's own traffic is connected, as a peer.
    var trafficPorts: Set<UInt16> = []
    private var firstSeen: [Hash32: UInt64] = [:]
    private var seenOrder: [Hash32] = []
    private var counted: UInt64 = 0

    init(nodes: [(name: String, port: UInt16, api: String?)]) {
        self.nodes = nodes.map { NodeLine(name: $0.name, port: $0.port, api: $0.api) }
    }

    mutating func take(_ report: NodeReport, from node: Int, at now: Int64) {
        nodes[node].lastHeard = now
        switch report {
        case .ready:
            nodes[node].isReady = true
        case .status(let status):
            nodes[node].status = status
        case .block(let block):
            take(block, from: node)
        }
    }

    mutating func started(_ node: Int, processID: Int32) {
        nodes[node].processID = processID
        nodes[node].isReady = false
        nodes[node].ending = nil
        nodes[node].returnsAt = nil
    }

    mutating func ended(_ node: Int, _ ending: ChildEnding, returnsAt: Int64?) {
        nodes[node].processID = nil
        nodes[node].isReady = false
        nodes[node].ending = ending
        nodes[node].returnsAt = returnsAt
    }

    private mutating func take(_ block: NodeReport.BlockSeen, from node: Int) {
        let before = nodes[node].lastHeight
        nodes[node].lastHeight = max(before, block.height)
        if block.origin == .sync {
            nodes[node].blocksBySync += nodes[node].lastHeight - before
            return
        }
        if let first = firstSeen[block.hash] {
            // Reports of several nodes reach us in any order; the time is the node's own.
            propagation.add(block.atMicroseconds > first ? block.atMicroseconds - first : 0)
        } else {
            firstSeen[block.hash] = block.atMicroseconds
            seenOrder.append(block.hash)
            if seenOrder.count > DevnetBoard.trackedBlocks { firstSeen[seenOrder.removeFirst()] = nil }
        }
        if block.height > counted {
            counted = block.height
            transactionsSeen += block.transactions
        }
        if block.origin == .gossip, block.hopMicroseconds > 0 { hops.add(block.hopMicroseconds) }
    }

    // MARK: What it says

    private func isSilent(_ node: NodeLine, at now: Int64) -> Bool { now - node.lastHeard > DevnetBoard.silence }

    /// The head that all nodes have, when all of them answer and have one.
    func commonHead(at now: Int64) -> (height: UInt64, hash: Hash32)? {
        guard let first = nodes.first, first.status.hash != .zero else { return nil }
        guard nodes.allSatisfy({ $0.isReady && !isSilent($0, at: now) && $0.status.hash == first.status.hash }) else { return nil }
        return (first.status.height, first.status.hash)
    }

    func state(of node: Int, at now: Int64) -> State {
        let node = nodes[node]
        if let ending = node.ending {
            return .down(ending, returnsIn: node.returnsAt.map { max(0, $0 - now + 999) / 1000 })
        }
        guard node.processID != nil else { return .notStarted }
        guard node.isReady else { return .starting }
        if isSilent(node, at: now) { return .noAnswer(seconds: (now - node.lastHeard) / 1000) }
        if node.status.isSyncing { return .syncing(to: node.status.target, blocksPerSecond: node.status.decisyncRate / 10) }
        let best = nodes.filter { $0.isReady && !isSilent($0, at: now) }.map(\.status.height).max() ?? 0
        return best > node.status.height + DevnetBoard.tolerance ? .behind(best - node.status.height) : .inStep
    }

    /// The nodes that a node is connected to; its peers without the devnet's own.
    func peerCount(of node: Int) -> UInt64 {
        let status = nodes[node].status
        let peers = status.inbound + status.outbound
        return trafficPorts.contains(nodes[node].port) && peers > 0 ? peers - 1 : peers
    }
}

/// A bounded set of durations in microseconds.
struct Samples {
    private let limit: Int
    private var values: [UInt64] = []
    private var next = 0

    init(limit: Int) {
        self.limit = limit
    }

    mutating func add(_ value: UInt64) {
        if values.count < limit {
            values.append(value)
        } else {
            values[next] = value
            next = (next + 1) % limit
        }
    }

    var count: Int { values.count }

    /// The value below which `percent` of the samples lie; `nil` without samples.
    func percentile(_ percent: Int) -> UInt64? {
        guard !values.isEmpty else { return nil }
        return values.sorted()[min(values.count - 1, values.count * percent / 100)]
    }

    var summary: String {
        guard let middle = percentile(50), let high = percentile(99) else { return "none yet" }
        return "p50 \(Samples.text(middle))  p99 \(Samples.text(high))  (\(count) measured)"
    }

    private static func text(_ microseconds: UInt64) -> String {
        microseconds < 1000 ? "\(microseconds) µs" : "\(microseconds / 1000).\(microseconds % 1000 / 100) ms"
    }
}
