import Chain
import ChainService
import Ledger
import Mempool
import Primitives
import Storage
import Synchronization
import TestKit
import Testing

@testable import Node

/// What a node tells those who observe it.
@Suite(.timeLimit(.minutes(3))) struct ObservationTests {
    /// Keeps what it hears, and what a client would find in that moment.
    final class Listener: Sendable {
        private let heard = Mutex<[NodeEvent]>([])
        private let unreadable = Mutex<[UInt64]>([])
        private let observation = Mutex<NodeObservation?>(nil)

        init(_ node: Node) {
            observation.withLock { observation in
                observation = node.observe { [weak self, weak node] events in
                    guard let self, let node else { return }
                    for block in events.flatMap(\.blocks) {
                        let height = block.block.header?.height ?? 0
                        let stored = try? node.chain.read { try $0.block(atHeight: height) }
                        let pending = block.transactions.contains { $0.map { node.mempool.transaction($0.hash) != nil } ?? false }
                        if stored != block.json || pending { unreadable.withLock { $0.append(height) } }
                    }
                    heard.withLock { $0 += events }
                }
            }
        }

        func cancel() { observation.withLock { $0?.cancel() } }
        func drop() { observation.withLock { $0 = nil } }

        var events: [NodeEvent] { heard.withLock { $0 } }
        /// Blocks that were told before they could be read, or while their transactions were still pending.
        var toldTooEarly: [UInt64] { unreadable.withLock { $0 } }
        var blocks: [PreparedBlock] { events.flatMap(\.blocks) }
        var heights: [UInt64] { blocks.compactMap { $0.block.header?.height } }
        /// Heads that were told without their blocks.
        var heads: [Head] {
            events.compactMap { event in
                guard case .headMoved(let move, let blocks) = event, blocks.isEmpty else { return nil }
                return move.to
            }
        }
        var summary: [String] {
            events.map { event in
                switch event {
                case .headMoved(let move, let blocks): "\(blocks.isEmpty ? "head" : "block") \(move.to.height)"
                case .transaction(let transaction): "transaction \(transaction.transaction.nonce)"
                case .mempool(let count): "mempool \(count)"
                }
            }
        }
    }

    @Test func aProducerTellsTransactionsAndThenTheBlockThatIncludesThem() async throws {
        let network = try TestNetwork()
        try await withNodes { nodes in
            let companion = try await nodes.start(network.configuration("full"))
            let producer = try await nodes.start(
                network.dialling(network.configuration("producer", authority: 0), companion))
            let (own, gossip) = (Listener(producer), Listener(companion))
            #expect(await producer.submit(network.set("a", nonce: 1).json).summary == "admitted")
            for (name, listener) in [("the producer", own), ("the other", gossip)] {
                try await eventually("a block with the transaction at \(name)", within: .seconds(30)) {
                    listener.blocks.contains { !$0.transactions.isEmpty }
                }
                let summary = listener.summary
                let block = try #require(listener.blocks.first { !$0.transactions.isEmpty }?.block.header).height
                let told = try #require(summary.firstIndex(of: "transaction 1"))
                let included = try #require(summary.firstIndex(of: "block \(block)"))
                #expect(summary[told + 1] == "mempool 1")
                #expect(told < included)
                #expect(summary[included + 1] == "mempool 0")
                #expect(listener.toldTooEarly == [])
                let heights = listener.heights
                #expect(heights == Array(try #require(heights.first)...(try #require(heights.last))))
            }
            #expect(own.blocks.first { !$0.transactions.isEmpty }?.hash == gossip.blocks.first { !$0.transactions.isEmpty }?.hash)
        }
    }

    @Test(arguments: [NodeEvent.maxToldBlocks, NodeEvent.maxToldBlocks + 1])
    func aShortRangeIsToldBlockByBlockAndALongOneByItsHead(count: Int) async throws {
        let network = try TestNetwork()
        let blocks = try network.makeBlocks(count)
        try network.importBlocks(blocks, into: "ahead")
        try await withNodes { nodes in
            let late = try await nodes.start(network.configuration("late"))
            let listener = Listener(late)
            _ = try await nodes.start(network.dialling(network.configuration("ahead"), late))
            try await eventually("height \(count)", within: .seconds(30)) { try await late.now.committedHeight == UInt64(count) }
            try await eventually("an event", within: .seconds(30)) { !listener.events.isEmpty }
            if count <= NodeEvent.maxToldBlocks {
                #expect(listener.heights == Array(1...UInt64(count)))
                #expect(listener.heads.isEmpty)
                #expect(listener.blocks.map(\.json) == blocks)
                #expect(listener.toldTooEarly == [])
            } else {
                #expect(listener.heads.map(\.height) == [UInt64(count)])
                #expect(listener.blocks.isEmpty)
            }
        }
    }

    @Test func nothingIsHeardAfterTheEndOfAnObservation() async throws {
        let network = try TestNetwork()
        try await withNodes { nodes in
            let node = try await nodes.start(network.configuration("node"))
            let (cancelled, dropped, other) = (Listener(node), Listener(node), Listener(node))
            _ = await node.submit(network.set("a", nonce: 1).json)
            for listener in [cancelled, dropped, other] {
                try await eventually("both events", within: .seconds(30)) { listener.events.count == 2 }
            }
            cancelled.cancel()
            cancelled.cancel()
            dropped.drop()
            _ = await node.submit(network.set("a", nonce: 2).json)
            try await eventually("two more events", within: .seconds(30)) { other.events.count == 4 }
            #expect(other.summary == ["transaction 1", "mempool 1", "transaction 2", "mempool 2"])
            #expect(cancelled.events.count == 2)
            #expect(dropped.events.count == 2)
        }
    }
}

extension NodeEvent {
    fileprivate var blocks: [PreparedBlock] { if case .headMoved(_, let blocks) = self { blocks } else { [] } }
}
