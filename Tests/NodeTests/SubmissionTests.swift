import Chain
import Dispatch
import Ledger
import Mempool
import Primitives
import ProtocolCore
import Synchronization
import TestKit
import Testing
import Wire

@testable import ChainService
@testable import Node

/// Transactions that clients of the node itself submit.
@Suite(.timeLimit(.minutes(3))) struct SubmissionTests {
    @Test func theCallerHearsTheExactVerdict() async throws {
        let network = try TestNetwork()
        try network.importBlocks(try network.makeBlocks(3), into: "node")
        try await withNodes { nodes in
            let node = try await nodes.start(network.configuration("node"))
            let good = network.set("good", nonce: 10)
            guard case .admitted(let hash) = await node.submit(good.json) else {
                Issue.record("a good transaction was not admitted")
                return
            }
            #expect(hash == good.hash)
            #expect(node.mempool.transaction(hash)?.transaction == good)
            guard case .known(hash) = await node.submit(good.json) else {
                Issue.record("a pending transaction is not known")
                return
            }
            // The chain's own blocks hold this one.
            #expect(await node.submit(network.set("block", nonce: 3).json).summary == "known")
            #expect(await node.submit(network.set("late", nonce: 3).json).summary == "refused nonce_too_low")
            #expect(await node.submit(network.set("rival", nonce: 10).json).summary == "refused nonce_pending")
            var forged = network.set("forged", nonce: 11)
            forged.signature?[10] ^= 1
            #expect(["refused wrong_signer", "refused malformed_signature"].contains(await node.submit(forged.json).summary))
            var renamed = network.set("renamed", nonce: 11)
            renamed.id = good.id
            #expect(await node.submit(renamed.json).summary == "refused wrong_id")
            #expect(await node.submit(Array("{\"from\":".utf8)).summary == "malformed")
            #expect(await node.submit([]).summary == "malformed")
            #expect(await node.submit([UInt8](repeating: 0x20, count: Limits.maxTransactionBytes + 1)).summary == "refused too_large")
            #expect(node.mempool.count == 1)
        }
    }

    @Test func aServiceWithOneKeyPostsMoreThanABlockHolds() async throws {
        let harness = try WorkerHarness()
        let count = Limits.maxBlockTransactions + 100
        let payloads = (1...count).map { harness.network.set("service", nonce: UInt64($0)).json }
        let verdicts = await withTaskGroup(of: String.self) { group in
            for payload in payloads { group.addTask { await harness.submit(payload).summary } }
            return await group.reduce(into: [:]) { counts, verdict in counts[verdict, default: 0] += 1 }
        }
        #expect(verdicts == ["admitted": count])
        #expect(harness.worker.mempoolCount == count)
        await harness.stop()
    }

    @Test func aFullPoolIsTold() async throws {
        var limits = MempoolLimits()
        limits.maxTransactions = 1
        let harness = try WorkerHarness(limits: limits)
        #expect(await harness.submit(harness.network.set("a", nonce: 1).json).summary == "admitted")
        #expect(await harness.submit(harness.network.set("b", nonce: 2).json).summary == "refused sender_limit")
        await harness.stop()
    }

    @Test func whatIsAdmittedIsRelayedAndWhatIsRefusedIsNot() async throws {
        let network = try TestNetwork()
        try await withNodes { nodes in
            let node = try await nodes.start(network.configuration("node"))
            let peer = try await WirePeer.connect(to: node.port, genesis: network.genesis)
            try await eventually("the peer is taken in") { try await node.now.peers.count == 1 }
            var forged = network.set("forged", nonce: 1)
            forged.signature = network.set("other", nonce: 1).signature
            #expect(await node.submit(forged.json).summary == "refused wrong_signer")
            let good = network.set("good", nonce: 2)
            #expect(await node.submit(good.json).summary == "admitted")
            try await eventually("the transaction at the peer") { try !peer.transactions.isEmpty }
            #expect(try peer.transactions == [good.json])
        }
    }

    @Test func manyAtOnceAreAllAnsweredAndAdmittedOnce() async throws {
        let network = try TestNetwork()
        try await withNodes { nodes in
            let node = try await nodes.start(network.configuration("node"))
            let payloads = (1...300).map { network.set("many", nonce: UInt64($0)).json }
            let verdicts = await withTaskGroup(of: String.self) { group in
                for payload in payloads + payloads { group.addTask { await node.submit(payload).summary } }
                return await group.reduce(into: [:]) { counts, verdict in counts[verdict, default: 0] += 1 }
            }
            #expect(verdicts == ["admitted": 300, "known": 300])
            #expect(node.mempool.count == 300)
            #expect(node.mempool.highestNonce(of: network.user.address) == 300)
        }
    }

    // MARK: Bounds and the end

    @Test func whatWaitsIsBoundedAndAnsweredWhenTheNodeStops() async throws {
        let harness = try WorkerHarness()
        // The worker is held up by an observer, as by a long block.
        let (isHeld, gate) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        let observation = harness.worker.feed.observe { _ in
            isHeld.signal()
            gate.wait()
        }
        #expect(await harness.submit(harness.network.set("first", nonce: 1).json).summary == "admitted")
        isHeld.wait()
        let answers = Mutex<[String]>([])
        for nonce in 0..<SubmissionLimits.outstanding {
            harness.worker.submit(TransactionCandidate(submitted: Array("\(nonce)".utf8))) { answer in
                answers.withLock { $0.append(answer.summary) }
            }
        }
        #expect(answers.withLock { $0 } == [])
        #expect(await harness.submit(Array("one too many".utf8)).summary == "busy")
        harness.worker.stop {}
        #expect(await harness.submit(Array("after the end".utf8)).summary == "stopped")
        #expect(answers.withLock { Set($0) } == ["stopped"])
        #expect(answers.withLock { $0.count } == SubmissionLimits.outstanding)
        observation.cancel()
        gate.signal()
        await harness.stop()
    }

    @Test func whatWaitsIsBoundedInBytes() async throws {
        let desk = SubmissionDesk()
        let payload = TransactionCandidate(submitted: [UInt8](repeating: 0, count: 1 << 20))
        let answers = Mutex<[String]>([])
        for _ in 0..<17 { _ = desk.add(payload) { answer in answers.withLock { $0.append(answer.summary) } } }
        #expect(answers.withLock { $0 } == ["busy"])
        // The answer gives the room back.
        desk.answer(desk.take().batch, [])
        #expect(desk.add(payload) { _ in })
    }

    @Test func submissionsDuringAStopAllEnd() async throws {
        let network = try TestNetwork()
        let node = try await Node.start(network.configuration("node"))
        let payloads = (1...200).map { network.set("stop", nonce: UInt64($0)).json }
        let verdicts = await withTaskGroup(of: String?.self) { group in
            for payload in payloads { group.addTask { await node.submit(payload).summary } }
            group.addTask {
                await node.stop()
                return nil
            }
            return await group.reduce(into: Set()) { all, verdict in if let verdict { all.insert(verdict) } }
        }
        #expect(verdicts.isSubset(of: ["admitted", "stopped"]))
        #expect(await node.submit(payloads[0]).summary == "stopped")
        // A second stop ends as well.
        await node.stop()
    }

    @Test func aWorkerWithoutAThreadCanBeStopped() async throws {
        let harness = try WorkerHarness { _, _ in false }
        #expect(!harness.hasStarted)
        #expect(await harness.submit(harness.network.set("a", nonce: 1).json).summary == "stopped")
        await harness.stop()
        #expect(harness.worker.storeReader == nil)
    }
}

extension WirePeer {
    /// The transactions that were relayed to it, in order.
    var transactions: [[UInt8]] {
        get throws {
            try messages.flatMap { message -> [[UInt8]] in
                switch message.known {
                case .transaction: [message.payload]
                case .transactionBatch: try TransactionBatch.split(message.payload).map { Array(message.payload[$0]) }
                default: []
                }
            }
        }
    }
}
