import Chain
import ChainService
import Foundation
import Ledger
import NIOCore
import Node
import PodoruConfiguration
import Primitives
import Synchronization
import TestKit
import Testing

@testable import API

/// What clients of the WebSocket are told, by a node that makes blocks.
@Suite struct EventTests {
    /// Runs `body` with a node of a chain of its own.
    private func withChain(
        produces: Bool = false, limits: APILimits = APILimits(), _ body: (APINode, TestChain) async throws -> Void
    ) async throws {
        let chain = try TestChain()
        let configure: (inout NodeConfiguration) -> Void = { chain.configure(&$0, produces: produces) }
        try await withAPINode(limits: limits, configure: configure) { api in try await body(api, chain) }
    }

    private func submit(_ transaction: PreparedTransaction, to api: APINode) async throws {
        let submission = await api.node.submit(transaction.transaction.json)
        guard case .admitted = submission else { throw TestFailure("not admitted: \(submission)") }
    }

    @Test func aTransactionAndItsBlockAreTold() async throws {
        try await withChain(produces: true) { api, chain in
            let client = try await WebSocketClient.connect(port: api.port)
            defer { client.close() }
            try await client.ping()
            let transaction = chain.transaction(nonce: 0)
            try await submit(transaction, to: api)

            let pending = try await client.event("new_transaction")
            let data = try #require(pending["data"] as? [String: Any])
            #expect(data["hash"] as? String == transaction.hash.prefixedHex)
            #expect(data["from"] as? String == transaction.transaction.from.text)
            #expect(data["status"] as? String == "pending")
            #expect(data["nonce"] as? Int == 0)
            #expect(pending["timestamp"] as? Int64 == transaction.transaction.timestamp)

            var block: [String: Any] = [:]
            while block["transaction_count"] as? Int != 1 {
                block = try #require(try await client.event("new_block")["data"] as? [String: Any])
            }
            #expect(block["producer"] as? String == chain.authority.address.checksummed.text)
            let confirmed = try #require(try await client.event("new_transaction")["data"] as? [String: Any])
            #expect(confirmed["hash"] as? String == transaction.hash.prefixedHex)
            #expect(confirmed["status"] as? String == "confirmed")

            let update = try #require(try await client.event("chain_update")["data"] as? [String: Any])
            #expect(update["height"] as? Int == block["height"] as? Int)
            #expect(update["current_hash"] as? String == block["hash"] as? String)
            #expect(update["authorities"] as? [String] == [chain.authority.address.checksummed.text])
            // Whoever hears of a block can ask for it.
            let answer = try await api.get("/api/v1/block/\(block["hash"] as? String ?? "")")
            #expect(answer.status == 200)
        }
    }

    @Test func theMempoolIsToldAFewTimesASecondWithTheNewestFirst() async throws {
        try await withChain { api, chain in
            let client = try await WebSocketClient.connect(port: api.port)
            defer { client.close() }
            try await client.subscribe("mempool_update")
            try await client.ping()
            let transactions = (0..<40).map { chain.transaction(nonce: UInt64($0)) }
            let begin = ContinuousClock.now
            for transaction in transactions { try await submit(transaction, to: api) }
            var updates = 0
            var last: [String: Any] = [:]
            while last["count"] as? Int != 40 {
                last = try #require(try await client.event("mempool_update")["data"] as? [String: Any])
                updates += 1
            }
            let hashes = transactions.suffix(10).reversed().map(\.hash.prefixedHex)
            #expect(last["recent_hashes"] as? [String] == hashes)
            let seconds = (ContinuousClock.now - begin) / .seconds(1)
            #expect(Double(updates) <= 2 + 4 * seconds)
        }
    }

    @Test func aClientIsToldWhatItSubscribedTo() async throws {
        try await withChain { api, chain in
            let client = try await WebSocketClient.connect(port: api.port)
            defer { client.close() }
            // An event comes some time after the answer to the request that made it: when this one has it, so had all who wanted it.
            let witness = try await WebSocketClient.connect(port: api.port)
            defer { witness.close() }
            try await witness.subscribe("new_transaction")
            try await witness.ping()
            try await client.subscribe("new_block", "no_such_event")
            try await client.ping()
            try await submit(chain.transaction(nonce: 0), to: api)
            _ = try await witness.event("new_transaction")
            try await client.unsubscribe("new_block")
            try await client.ping()
            try await submit(chain.transaction(nonce: 1), to: api)
            _ = try await witness.event("new_transaction")
            // As on the Go node: an unknown name counts as a subscription, and none at all is one to everything.
            try await client.unsubscribe("no_such_event")
            try await client.ping()
            try await submit(chain.transaction(nonce: 2), to: api)
            let event = try await client.event("new_transaction")
            #expect((event["data"] as? [String: Any])?["nonce"] as? Int == 2)
        }
    }

    @Test func aClientThatDoesNotReadIsDroppedAlone() async throws {
        var limits = APILimits()
        limits.clientBacklogBytes = 20_000
        try await withChain(limits: limits) { api, chain in
            let deaf = try await WebSocketClient.connect(port: api.port, reads: false)
            let good = try await WebSocketClient.connect(port: api.port)
            let hub = try #require(api.server.hub)
            let loop = api.server.loop
            // Its kernel's buffers take some megabytes first.
            let transaction = chain.transaction(nonce: 0)
            var told = 0
            while try await loop.submit({ hub.clientCount }).get() == 2 {
                try await loop.submit { hub.take([NodeEvent](repeating: .transaction(transaction), count: 1000)) }.get()
                told += 1000
                for _ in 0..<1000 { _ = try await good.event("new_transaction") }
                guard told < 200_000 else { throw TestFailure("not dropped after \(told) events") }
            }
            try await good.ping()
            #expect(!good.raw.isClosed)
            deaf.close()
            good.close()
        }
    }

    @Test func nothingIsObservedWhileNobodyListens() async throws {
        try await withChain { api, _ in
            let hub = try #require(api.server.hub)
            let loop = api.server.loop
            let before = try await loop.submit { hub.isObserving }.get()
            #expect(!before)
            let client = try await WebSocketClient.connect(port: api.port)
            try await eventually("it observes") { try await loop.submit { hub.isObserving }.get() }
            client.close()
            try await eventually("it has stopped") { try await loop.submit { !hub.isObserving }.get() }
        }
    }

    @Test func eventsHaveTheKeysOfTheGoNodeInItsOrder() throws {
        let chain = try TestChain()
        let transaction = EventRenderer.newTransaction(chain.transaction(nonce: 7), status: "pending")
        let header = BlockHeader(height: 3, previousHash: [1, 2], timestamp: 9, producer: chain.authority.address.checksummed)
        let block = EventRenderer.newBlock(PreparedBlock(unverified: Block(header: header, transactions: [], signature: nil)))
        let go = try GoEvents.texts()
        #expect(go.contains { GoEvents.shape($0) == GoEvents.shape(String(decoding: transaction, as: UTF8.self)) })
        #expect(go.contains { GoEvents.shape($0) == GoEvents.shape(String(decoding: block, as: UTF8.self)) })
    }

    @Test func whatWasUndoneIsToldWithTheFirstHeadAfterItAndElseTheTextIsAsEver() {
        let undone = [SHA256.hash([1]), SHA256.hash([2])]
        let text = { (undone: [Hash32]) in
            String(
                decoding: EventRenderer.chainUpdate(height: 7, hash: .zero, timestamp: 9, authorities: ["0xabc"], undone: undone),
                as: UTF8.self)
        }
        let hash = Hash32.zero.prefixedHex
        #expect(
            text([])
                == "{\"type\":\"chain_update\",\"data\":{\"height\":7,\"current_hash\":\"\(hash)\",\"authorities\":[\"0xabc\"]},\"timestamp\":9}"
        )
        #expect(text(undone).hasSuffix("],\"undone\":[\"\(undone[0].prefixedHex)\",\"\(undone[1].prefixedHex)\"]},\"timestamp\":9}"))
    }

    @Test func aMoveWhoseBlocksHaveNoRoomIsToldByItsHead() throws {
        let chain = try TestChain()
        let queue = EventQueue(capacity: 3)
        let block = PreparedBlock(unverified: Block(header: BlockHeader(), transactions: [], signature: nil))
        let head = chain.genesis.head
        let move = HeadMove(from: head, to: head, undone: [head.hash], applied: [])
        _ = queue.append([.transaction(chain.transaction(nonce: 0)), .headMoved(move, blocks: [block, block, block])])
        let batch = queue.drain()
        try #require(batch.events.count == 2 && batch.dropped == 1)
        guard case .headMoved(let told, let blocks) = batch.events[1] else { throw TestFailure("the move was lost") }
        #expect(told == move && blocks.isEmpty)
    }

    @Test func aFullQueueKeepsTheLastMempoolCountAndDropsWhatIsNew() throws {
        let chain = try TestChain()
        let queue = EventQueue(capacity: 3)
        let event = NodeEvent.transaction(chain.transaction(nonce: 0))
        #expect(queue.append([event, .mempool(count: 1)]))
        #expect(!queue.append([event, event, event, event, .mempool(count: 5)]))
        let batch = queue.drain()
        #expect(batch.events.count == 3 && batch.dropped == 2 && batch.mempoolCount == 5)
        #expect(queue.append([event]))
    }
}

/// The events that the Go node sent.
private enum GoEvents {
    static func texts() throws -> [String] {
        let object = try JSONSerialization.jsonObject(with: Vectors.data("api-go.json")) as? [String: Any]
        let scenes = object?["websocket"] as? [[String: Any]] ?? []
        return scenes.flatMap { $0["frames"] as? [[String: Any]] ?? [] }.compactMap { $0["text"] as? String }
    }

    /// The text with H for each hash or address and 0 for each number.
    static func shape(_ text: String) -> String {
        text.replacing(/0x[0-9a-fA-F]+/, with: "H").replacing(/[0-9]+/, with: "0")
    }
}
