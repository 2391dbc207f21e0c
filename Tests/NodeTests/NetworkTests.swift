import ChainService
import ChainTools
import Ledger
import PodoruConfiguration
import Primitives
import Storage
import TestKit
import Testing
import Wire

@testable import Node

/// Several nodes in one process, on real sockets and real stores.
@Suite(.serialized, .timeLimit(.minutes(3))) struct NetworkTests {
    @Test func threeProducersAndTwoFullNodesAgreeOnOneChain() async throws {
        let network = try TestNetwork(authorities: 3)
        let names = (0..<5).map { "node-\($0)" }
        try await withNodes { nodes in
            var all: [Node] = []
            for (index, name) in names.enumerated() {
                let authority = index < 3 ? index : nil
                all.append(try await nodes.start(network.configuration(name, authority: authority, bootstrap: all.map(\.port))))
            }
            try await eventually("a common head at height 5") { (try await agreement(of: all)?.height ?? 0) >= 5 }
        }
        // Not the heads alone: all blocks, as they lie on the disks.
        let stores = try names.map { try LMDBStore(directory: network.dataPath($0), access: .existing) }
        let common = try stores.map { try #require(try $0.head()).height }.min() ?? 0
        #expect(common >= 5)
        for height in 0...common {
            #expect(Set(try stores.map { try $0.block(atHeight: height) }).count == 1, "height \(height)")
        }
    }

    @Test func inALineABlockReachesTheEndAndATransactionFromTheEndIsMined() async throws {
        let network = try TestNetwork()
        try await withNodes { nodes in
            // A-B-C-D: nobody has room for a shortcut, and the ends' second and third places are for the wire peer.
            let places: [(own: Int, total: Int)] = [(0, 1), (1, 2), (1, 2), (1, 2)]
            var line: [Node] = []
            for (index, place) in places.enumerated() {
                var configuration = network.configuration(
                    "node-\(index)", authority: index == 0 ? 0 : nil, bootstrap: line.suffix(1).map(\.port))
                configuration.minOutboundPeers = place.own
                configuration.maxPeers = place.total
                let node = try await nodes.start(configuration)
                line.append(node)
                if index > 0 { try await eventually("node \(index) has its neighbour") { try await node.now.peers.count == 1 } }
            }
            let d = line[3]
            try await eventually("a block of A at D") { try await d.now.height >= 2 }

            let observer = try await WirePeer.connect(to: d.port, genesis: network.genesis)
            let transaction = network.set("from:d", nonce: 7)
            observer.send(.transaction, transaction.json)
            try await eventually("a block with the transaction, relayed by D") {
                try observer.messages.contains { message in
                    guard message.known == .block else { return false }
                    return try Block(decoding: message.payload).transactions?.contains { $0?.hash == transaction.hash } ?? false
                }
            }
            #expect(try await line[0].now.peers.count == 1)
            #expect(try await d.now.peers.count == 2)
            try await eventually("an empty mempool") { try await d.now.mempoolCount == 0 }
        }
    }

    @Test func aLateNodeSyncsFromTwoPeers() async throws {
        let network = try TestNetwork(authorities: 2)
        let blocks = try network.makeBlocks(300)
        for name in ["one", "two"] { try network.importBlocks(blocks, into: name) }
        try await withNodes { nodes in
            let servers = [try await nodes.start(network.configuration("one")), try await nodes.start(network.configuration("two"))]
            for server in servers { #expect(try await server.now.height == 300) }
            var configuration = network.configuration("late", bootstrap: servers.map(\.port))
            configuration.syncBatchSize = 10
            let late = try await nodes.start(configuration)
            try await eventually("height 300") { try await late.now.committedHeight == 300 }
            try await eventually("the end of the sync") { try await !late.now.isSyncing }
            let status = try await late.now
            #expect(status.hash == (try await servers[0].now.hash))
            #expect(status.peers.count == 2)
            #expect(status.peers.map(\.blocksDelivered).reduce(0, +) >= 300)
            #expect(status.peers.allSatisfy { $0.blocksDelivered > 0 }, "\(status.peers)")
        }
    }

    @Test(arguments: [1, 5])
    func aGapTooSmallForASyncIsFilled(missing: Int) async throws {
        let network = try TestNetwork()
        let blocks = try network.makeBlocks(20)
        try network.importBlocks(blocks, into: "ahead")
        try network.importBlocks(Array(blocks.dropLast(missing)), into: "behind")
        try await withNodes { nodes in
            let ahead = try await nodes.start(network.configuration("ahead"))
            let behind = try await nodes.start(network.configuration("behind", bootstrap: [ahead.port]))
            try await eventually("height 20") { try await behind.now.height == 20 }
        }
    }

    @Test func nodesOfDifferentGenesisPartWithTheReasonOnBothSides() async throws {
        let (here, there) = (try TestNetwork(name: "here"), try TestNetwork(name: "there"))
        let (hereLog, thereLog) = (LogRecorder(), LogRecorder())
        try await withNodes { nodes in
            let one = try await nodes.start(here.configuration("one"), log: hereLog)
            let other = try await nodes.start(there.configuration("other", bootstrap: [one.port]), log: thereLog)
            try await eventually("a parting on both sides") {
                hereLog.disconnectReasons.contains("other_chain") && thereLog.disconnectReasons.contains("other_chain")
            }
            #expect(try await one.now.peers.isEmpty)
            #expect(try await other.now.peers.isEmpty)
        }
    }

    @Test func aProducerGoesOnWhereItStopped() async throws {
        let network = try TestNetwork()
        let configuration = network.configuration("producer", authority: 0)
        try await withNodes { nodes in
            let companion = try await nodes.start(network.configuration("full"))
            let first = try await nodes.start(network.dialling(configuration, companion))
            try await eventually("two blocks") { try await first.now.committedHeight >= 2 }
            await nodes.stop(first)

            let second = try await nodes.start(network.dialling(configuration, companion))
            let restarted = try await second.now.height
            #expect(restarted >= 2)
            try await eventually("two more blocks") { try await second.now.height >= restarted + 2 }
            try await eventually("agreement") { try await agreement(of: [companion, second]) != nil }
        }
        let outcome = try StoreVerifier(directory: network.dataPath("producer"), now: { ReferenceChain.now }).run()
        #expect(outcome.fault == nil)
    }

    @Test func aNodeStartsFromItsHeadAndDoesNotReplayTheChain() async throws {
        let network = try TestNetwork()
        let blocks = try network.makeBlocks(10)
        // A chain that no replay would accept: the block at the head has lost its signature after it was stored.
        do {
            let chain = try ChainDirectory(network.dataPath("node"), genesis: network.genesis)
            for json in blocks {
                try chain.engine.begin()
                try chain.engine.apply(try PreparedBlock.prepare(json), now: ReferenceChain.now)
                try chain.engine.commit()
            }
            let undo = try #require(try chain.store.undoRecord(atHeight: 10))
            let writes = try undo.oldValues.map { StateWrite(key: $0.key, value: try chain.store.stateValue($0.key)) }
            var block = try Block(decoding: blocks[9])
            block.signature = nil
            let entries = undo.transactions.enumerated().map { TransactionEntry(id: $0.element, index: $0.offset) }
            try chain.store.begin()
            try chain.store.removeHead(undo)
            try chain.store.append(BlockRecord(head: undo.block, json: block.json, writes: writes, transactions: entries, undo: undo))
            try chain.store.commit()
        }
        let verdict = try StoreVerifier(directory: network.dataPath("node"), now: { ReferenceChain.now }).run()
        #expect(verdict.fault?.height == 10)
        try await withNodes { nodes in
            let node = try await nodes.start(network.configuration("node"))
            #expect(try await node.now.height == 10)
        }
    }
}

extension TestNetwork {
    func dialling(_ configuration: NodeConfiguration, _ node: Node) -> NodeConfiguration {
        var copy = configuration
        copy.bootstrapPeers = [.of("127.0.0.1:\(node.port)")]
        return copy
    }
}
