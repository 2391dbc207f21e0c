internal import ChainTools
internal import Ledger
internal import Node
internal import Primitives
internal import Supervisor
internal import Wire

/// Blocks of 30 transactions through a line of three nodes, each `podoru run` in a process of its own on this machine. A peer
/// puts them in at one end, another sees them come out at the other.
///
/// One hop is the nodes' own figure, from the last byte of the block's frame to the relay handed to the sockets. Three hops are
/// what the two peers see, their own reading and waking included.
func runHopBenchmark() throws -> [BenchmarkRow] {
    let fixture = try ChainFixture.load()
    let line = try HopLine(fixture)
    defer { line.stop() }
    _ = try line.run(blocks: warmUpBlocks, gossipsFirst: true)
    _ = try line.run(blocks: warmUpBlocks, gossipsFirst: false)
    let known = try line.run(blocks: measuredBlocks, gossipsFirst: true)
    let unknown = try line.run(blocks: measuredBlocks, gossipsFirst: false)
    return [
        .atMost(1, "one hop, transactions in the mempool, p50", median(known.hops), "ms"),
        .figure("one hop, transactions in the mempool, p95", percentile(known.hops, 0.95), "ms"),
        .atMost(3, "one hop, transactions not in the mempool, p50", median(unknown.hops), "ms"),
        .figure("one hop, transactions not in the mempool, p95", percentile(unknown.hops, 0.95), "ms"),
        .atMost(10, "three hops, transactions in the mempool, p50", median(known.ends), "ms"),
        .atMost(10, "three hops, transactions not in the mempool, p50", median(unknown.ends), "ms"),
        .figure("three hops, transactions not in the mempool, p95", percentile(unknown.ends, 0.95), "ms"),
    ]
}

private let warmUpBlocks = 20
private let measuredBlocks = 150
/// Between two blocks: the nodes commit and come to rest, as they would between blocks of a real chain.
private let pauseMilliseconds: Int64 = 25

func percentile(_ values: [Double], _ part: Double) -> Double {
    let sorted = values.sorted()
    guard !sorted.isEmpty else { return .nan }
    return sorted[min(sorted.count - 1, Int(Double(sorted.count) * part))]
}

/// Three nodes in a line and a peer at each end.
private final class HopLine {
    /// From the first of the line to the last.
    private var nodes: [BenchNode] = []
    private let source: BenchPeer
    private let sink: BenchPeer
    private let file: BlockFileReader

    init(_ fixture: ChainFixture) throws {
        let chainID = fixture.genesis.hash.prefixedHex
        var nodes: [BenchNode] = []
        do {
            for _ in 0..<3 { nodes.append(try BenchNode(fixture, peers: nodes.last.map { [$0.port] } ?? [])) }
            source = try BenchPeer(port: nodes[0].port, chainID: chainID)
            sink = try BenchPeer(port: nodes[2].port, chainID: chainID)
            file = try BlockFileReader(path: fixture.chainPath)
            _ = try file.next()  // The genesis block.
        } catch {
            for node in nodes { node.stop() }
            throw error
        }
        self.nodes = nodes
        try waitForLine()
    }

    private func waitForLine() throws {
        let end = seconds() + 20
        while nodes[1].status.outbound + nodes[1].status.inbound < 2 {
            guard seconds() < end else { throw BenchmarkError("the nodes of the line did not connect") }
            for node in nodes { node.pump(milliseconds: 10) }
        }
    }

    /// Sends the next blocks, one by one, each after its transactions when they shall be in the mempool. Figures in milliseconds.
    func run(blocks count: Int, gossipsFirst: Bool) throws -> (hops: [Double], ends: [Double]) {
        let firstReports = nodes.map(\.blocks.count)
        var ends: [Double] = []
        for _ in 0..<count {
            guard let json = try file.next() else { throw BenchmarkError("the fixture's chain is too short") }
            let frame = try FrameEncoder.frame(type: .block, payload: json, timestamp: 0)
            if gossipsFirst { try gossip(json) }
            let seen = sink.blockTimes.count
            let sent = seconds()
            try source.send(frame: frame)
            try sink.wait("a block") { $0.blockTimes.count > seen }
            ends.append(((sink.blockTimes.last ?? sent) - sent) * 1000)
            try rest()
        }
        let hops = zip(nodes, firstReports).flatMap { node, first in
            node.blocks.dropFirst(first).filter { $0.origin == .gossip }.map { Double($0.hopMicroseconds) / 1000 }
        }
        guard hops.count == 3 * count else { throw BenchmarkError("\(hops.count) hops of \(3 * count) were reported") }
        return (hops, ends)
    }

    /// Sends the transactions of a block and waits until they have come through.
    private func gossip(_ json: [UInt8]) throws {
        let transactions = try PreparedBlock(unverified: json).transactions.compactMap { $0?.transaction.json }
        let batch = TransactionBatch.encode(transactions)
        guard batch.count == transactions.count else { throw BenchmarkError("the transactions need more than one message") }
        let before = sink.transactionCount
        try source.send(.transactionBatch, batch.payload)
        try sink.wait("the transactions") { $0.transactionCount >= before + transactions.count }
        try rest()
    }

    private func rest() throws {
        pauseFor(milliseconds: pauseMilliseconds)
        try source.pump(milliseconds: 0)
        for node in nodes { node.pump(milliseconds: 0) }
    }

    func stop() {
        for node in nodes.reversed() { node.stop() }
    }
}
