internal import Node
internal import Primitives

/// What the devnet knows of its nodes, gathered from their reports: heads, and the times at which each saw each block.
struct DevnetBoard {
    /// Blocks whose arrival times are kept. A block reaches all nodes within milliseconds; this is minutes of them.
    private static let trackedBlocks = 512
    /// Times kept for the percentiles, newest first out. Enough for a devnet of an hour at one block a second.
    private static let maximumSamples = 16_384

    struct NodeLine {
        var name: String
        /// Its P2P port on 127.0.0.1.
        var port: UInt16
        /// The URL of its API; `nil` without one.
        var api: String?
        var isReady = false
        var status = NodeReport.Status()
        var exitCode: Int32?
        /// The newest block that it told of; sync tells of the last of a range only.
        var lastHeight: UInt64 = 0
        var blocksBySync: UInt64 = 0
    }

    private(set) var nodes: [NodeLine]
    private(set) var propagation = Samples(limit: maximumSamples)
    private(set) var hops = Samples(limit: maximumSamples)
    private(set) var transactionsSeen: UInt64 = 0
    private var firstSeen: [Hash32: UInt64] = [:]
    private var seenOrder: [Hash32] = []
    private var counted: UInt64 = 0

    init(nodes: [(name: String, port: UInt16, api: String?)]) {
        self.nodes = nodes.map { NodeLine(name: $0.name, port: $0.port, api: $0.api) }
    }

    mutating func take(_ report: NodeReport, from node: Int) {
        switch report {
        case .ready:
            nodes[node].isReady = true
        case .status(let status):
            nodes[node].status = status
        case .block(let block):
            take(block, from: node)
        }
    }

    mutating func ended(_ node: Int, exitCode: Int32) {
        nodes[node].exitCode = exitCode
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

    /// The head that all the running nodes have, when they have one.
    var commonHead: (height: UInt64, hash: Hash32)? {
        let running = nodes.filter { $0.isReady && $0.exitCode == nil }
        guard let first = running.first, first.status.hash != .zero else { return nil }
        guard running.allSatisfy({ $0.status.hash == first.status.hash }) else { return nil }
        return (first.status.height, first.status.hash)
    }

    /// The table, a line each.
    func lines(elapsed: String, note: String) -> [String] {
        let hasAPI = nodes.contains { $0.api != nil }
        func row(_ cells: (name: String, port: String, api: String, height: String, head: String, peers: String, mempool: String)) -> String
        {
            column(cells.name, 11) + column(cells.port, 7) + (hasAPI ? column(cells.api, 23) : "") + column(cells.height, 8)
                + column(cells.head, 12) + column(cells.peers, 11) + column(cells.mempool, 9)
        }
        var lines = ["podoru devnet  \(elapsed)  \(note)", ""]
        lines.append(row(("node", "p2p", "api", "height", "head", "peers", "mempool")) + "state")
        for node in nodes {
            lines.append(
                row(
                    (
                        node.name, "\(node.port)", node.api ?? "", "\(node.status.height)", String(node.status.hash.hex.prefix(10)),
                        "\(node.status.inbound + node.status.outbound) (\(node.status.outbound) out)", "\(node.status.mempool)"
                    )) + state(of: node))
        }
        lines.append("")
        lines.append("hop (frame received to relayed)    \(hops.summary)")
        lines.append("propagation (first node to others) \(propagation.summary)")
        lines.append("transactions in blocks             \(transactionsSeen)")
        if let api = nodes.first(where: { $0.api != nil && $0.exitCode == nil })?.api {
            lines.append("")
            lines.append("ask a node: curl \(api)/api/v1/node/info")
            lines.append("watch one:  \(CommandLine.arguments[0]) status --watch --api \(api)")
        }
        return lines
    }

    private func state(of node: NodeLine) -> String {
        if let code = node.exitCode { return "ended, exit code \(code)" }
        guard node.isReady else { return "not started" }
        if node.status.isSyncing {
            let rate = node.status.decisyncRate / 10
            return "syncing to \(node.status.target), \(rate) blocks/s"
        }
        if node.blocksBySync == 0 { return "in step" }
        return "in step (\(node.blocksBySync) \(node.blocksBySync == 1 ? "block" : "blocks") by sync)"
    }

    private func column(_ text: String, _ width: Int) -> String {
        text.count >= width ? text + " " : text + String(repeating: " ", count: width - text.count)
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
