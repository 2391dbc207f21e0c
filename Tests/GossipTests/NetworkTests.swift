import Gossip
import Network
import Primitives
import TestKit
import Testing

/// An undirected graph of nodes 0 … n-1.
struct Topology: CustomStringConvertible {
    let description: String
    let count: Int
    let edges: [(Int, Int)]

    static func line(_ count: Int) -> Topology {
        Topology(description: "line of \(count)", count: count, edges: (1..<count).map { ($0 - 1, $0) })
    }
    static func ring(_ count: Int) -> Topology {
        Topology(description: "ring of \(count)", count: count, edges: (0..<count).map { ($0, ($0 + 1) % count) })
    }
    /// A random tree, so that all are connected, and random edges beside it.
    static func random(_ count: Int, degree: Int, seed: UInt64) -> Topology {
        var random = SplitMix64(seed: seed)
        var edges = (1..<count).map { (Int.random(in: 0..<$0, using: &random), $0) }
        var taken = Set(edges.map { $0.0 * count + $0.1 })
        while edges.count < count * degree / 2 {
            let (a, b) = (Int.random(in: 0..<count, using: &random), Int.random(in: 0..<count, using: &random))
            if a < b, taken.insert(a * count + b).inserted { edges.append((a, b)) }
        }
        return Topology(description: "random graph of \(count), degree \(degree), seed \(seed)", count: count, edges: edges)
    }

    static let all =
        [line(2), line(4), line(50), ring(3), ring(50)]
        + (1...6).map { random(50, degree: 3 + Int($0), seed: UInt64($0) * 31) }
}

/// Nodes that gossip over links with delays, in virtual time. Connection b of node a is its link to node b.
struct GossipNetwork {
    struct Node {
        var blocks = BlockGossip()
        var transactions = TransactionGossip()
        var blockValidations: [Hash32: Int] = [:]
        var transactionChecks: [Hash32: Int] = [:]
        var wakesAt: Nanoseconds?
    }
    enum Event {
        case block(Hash32, [UInt8], from: Int, to: Int)
        case validated(Hash32, isValid: Bool, node: Int)
        case transactions([GossipTransaction], from: Int, to: Int)
        case checked(GossipTransaction, node: Int)
        case wake(Int)
    }

    var nodes: [Node]
    var random: SplitMix64
    private var time = VirtualTime<Event>(uptime: 0)
    var now: Moment { time.now }
    var blockMessages = 0
    var transactionCopies = 0
    var transactionMessages = 0
    /// The bytes that are valid for a block.
    static let validPayload: [UInt8] = Array("block".utf8)

    init(_ topology: Topology, seed: UInt64, batches: (Int) -> Bool = { _ in true }) {
        nodes = Array(repeating: Node(), count: topology.count)
        random = SplitMix64(seed: seed)
        for (a, b) in topology.edges {
            for (node, peer) in [(a, b), (b, a)] {
                var effects: [TransactionGossipEffect] = []
                nodes[node].blocks.peerReady(id(peer))
                nodes[node].transactions.peerReady(id(peer), acceptsBatches: batches(peer), at: now, into: &effects)
            }
        }
    }

    mutating func schedule(_ event: Event, after span: Nanoseconds) {
        time.schedule(event, after: span)
    }

    /// Links keep their order: everyone's delay is one number per pair.
    func delay(_ a: Int, _ b: Int) -> Nanoseconds {
        .milliseconds(Int64(1 + (min(a, b) * 37 + max(a, b) * 101) % 80))
    }

    mutating func run() {
        while let event = time.next() { process(event) }
    }

    mutating func process(_ event: Event) {
        switch event {
        case .block(let hash, let payload, let from, let to):
            if nodes[to].blocks.blockArrived(hash, payload: payload, from: id(from), at: now) == .validate {
                validate(hash, payload, at: to)
            }
        case .validated(let hash, let isValid, let node):
            if isValid {
                relay(hash, from: node)
            } else if let next = nodes[node].blocks.blockRejected(hash, .body, at: now).next {
                validate(hash, next.payload, at: node)
            }
        case .transactions(let transactions, let from, let to):
            for transaction in transactions {
                if nodes[to].transactions.transactionArrived(transaction.id, from: id(from), at: now) == .check {
                    nodes[to].transactionChecks[transaction.id, default: 0] += 1
                    schedule(.checked(transaction, node: to), after: .microseconds(100))
                }
            }
        case .checked(let transaction, let node):
            transactions(node) { $0.transactionAccepted(transaction, at: $1, into: &$2) }
        case .wake(let node):
            nodes[node].wakesAt = nil
            transactions(node) { $0.tick(at: $1, into: &$2) }
        }
    }

    mutating func validate(_ hash: Hash32, _ payload: [UInt8], at node: Int) {
        nodes[node].blockValidations[hash, default: 0] += 1
        let time = Nanoseconds.microseconds(.random(in: 500...3000, using: &random))
        schedule(.validated(hash, isValid: payload == Self.validPayload, node: node), after: time)
    }

    mutating func relay(_ hash: Hash32, from node: Int) {
        for target in nodes[node].blocks.blockAccepted(hash, at: now) {
            blockMessages += 1
            let to = Int(target.slot)
            schedule(.block(hash, Self.validPayload, from: node, to: to), after: delay(node, to))
        }
    }

    mutating func transactions(
        _ node: Int, _ body: (inout TransactionGossip, Moment, inout [TransactionGossipEffect]) -> Void
    ) {
        var effects: [TransactionGossipEffect] = []
        body(&nodes[node].transactions, now, &effects)
        for effect in effects {
            let (items, receivers) =
                switch effect {
                case .transaction(let transaction, let receivers): ([transaction], receivers)
                case .batch(let batch, let receivers): (batch, receivers)
                }
            for receiver in receivers {
                transactionMessages += 1
                transactionCopies += items.count
                let to = Int(receiver.slot)
                schedule(.transactions(items, from: node, to: to), after: delay(node, to))
            }
        }
        if let deadline = nodes[node].transactions.nextDeadline, nodes[node].wakesAt.map({ deadline < $0 }) ?? true {
            nodes[node].wakesAt = deadline
            schedule(.wake(node), after: max(deadline - now.uptime, 0))
        }
    }
}

@Suite struct NetworkTests {
    @Test(arguments: Topology.all)
    func everyNodeValidatesEachBlockOnce(_ topology: Topology) {
        var network = GossipNetwork(topology, seed: 5)
        for block in 0..<20 {
            network.relay(hash(block), from: block * 7 % topology.count)
            network.run()
        }
        for (index, node) in network.nodes.enumerated() {
            for block in 0..<20 {
                let expected = block * 7 % topology.count == index ? 0 : 1
                #expect(node.blockValidations[hash(block), default: 0] == expected, "\(topology), node \(index)")
            }
            #expect(node.blocks.checkInvariants() == [])
        }
        let redundancy = Double(network.blockMessages) / Double(20 * (topology.count - 1))
        print("blocks, \(topology): \(network.blockMessages / 20) messages a block, \(redundancy) copies a node")
        // Over each link once in each direction at most; and every node but the first needs one.
        #expect(network.blockMessages <= 20 * topology.edges.count * 2)
        #expect(network.blockMessages >= 20 * (topology.count - 1))
    }

    @Test func onALineNothingIsSentTwice() {
        var network = GossipNetwork(.line(30), seed: 1)
        network.relay(hash(1), from: 0)
        network.run()
        #expect(network.blockMessages == 29)
    }

    @Test(arguments: Topology.all)
    func everyNodeChecksEachTransactionOnce(_ topology: Topology) {
        var network = GossipNetwork(topology, seed: 9)
        Self.submit(60, to: &network)
        for (index, node) in network.nodes.enumerated() {
            for number in 0..<60 {
                let expected = number * 11 % topology.count == index ? 0 : 1
                #expect(node.transactionChecks[hash(number), default: 0] == expected, "\(topology), node \(index)")
            }
            #expect(node.transactions.checkInvariants() == [])
        }
        print("transactions, \(topology): \(network.transactionCopies) copies in \(network.transactionMessages) messages")
        #expect(network.transactionCopies <= 60 * topology.edges.count * 2)
        #expect(network.transactionCopies >= 60 * (topology.count - 1))
    }

    @Test func nodesWithAndWithoutBatchesLiveTogether() {
        let topology = Topology.random(50, degree: 6, seed: 12)
        var network = GossipNetwork(topology, seed: 3) { $0 % 2 == 0 }
        Self.submit(60, to: &network)
        for (index, node) in network.nodes.enumerated() {
            #expect(node.transactionChecks.values.allSatisfy { $0 == 1 })
            #expect(node.transactionChecks.count == 60 - (0..<60).count { $0 * 11 % 50 == index })
        }
    }

    /// Transactions to nodes all over, 2 ms apart.
    static func submit(_ count: Int, to network: inout GossipNetwork) {
        for number in 0..<count {
            let node = number * 11 % network.nodes.count
            network.schedule(.checked(transaction(number), node: node), after: .milliseconds(Int64(number) * 2))
        }
        network.run()
    }

    @Test(arguments: (1...20).map { UInt64($0) * 101 })
    func forgedBodiesUnderAGoodHeaderDoNotStopABlock(seed: UInt64) {
        let topology = Topology.random(50, degree: 8, seed: seed)
        var network = GossipNetwork(topology, seed: seed)
        var random = SplitMix64(seed: seed)
        network.relay(hash(1), from: 0)
        // Two forgers, outside of the graph, send other bodies to everybody before or while the block spreads.
        for forger in 100..<102 {
            for node in 1..<50 {
                let forged: [UInt8] = Array("forged by \(forger)".utf8)
                network.schedule(
                    .block(hash(1), forged, from: forger, to: node), after: .milliseconds(.random(in: 0...300, using: &random)))
            }
        }
        network.run()
        for (index, node) in network.nodes.enumerated() {
            var blocks = node.blocks
            let arrival = blocks.blockArrived(hash(1), payload: GossipNetwork.validPayload, from: id(999), at: network.now)
            #expect(arrival == .duplicate, "seed \(seed), node \(index) has the block")
            #expect(node.blocks.checkInvariants() == [])
        }
    }
}
