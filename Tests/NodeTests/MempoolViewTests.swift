import Ledger
import Mempool
import Primitives
import ProtocolCore
import TestKit
import Testing

@testable import Chain
@testable import ChainService
@testable import Node

/// The copy of the mempool that other threads read.
@Suite struct MempoolViewTests {
    /// Transactions, blocks, evictions and time at random: the view is the mempool at every step.
    @Test(arguments: [1, 2, 3] as [UInt64])
    func theViewIsTheMempool(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let authority = PrivateKey.generate(using: &random)
        // Without fees: whoever has a key may send.
        let genesis = try Genesis(.test(timestamp: 1_700_000_000, keys: [authority]))
        let users = (0..<6).map { _ in PrivateKey.generate(using: &random) }
        var limits = MempoolLimits()
        limits.maxTransactions = 20
        let chain = try ChainProcessor(
            engine: ChainEngine(genesis: genesis, store: MemoryChainStore()), limits: limits, key: authority)
        let feed = ChainFeed()
        chain.observer = feed
        var uptime: Nanoseconds = 0
        var now: Moment { Moment(uptime: uptime, unixMilliseconds: 4_000_000_000_000) }
        var (removals, fullest, undone) = (0, 0, 0)

        for step in 0..<2000 {
            let before = chain.mempool.count
            switch Int.random(in: 0..<60, using: &random) {
            case 0, 3, 4:
                try chain.handle(.produceBlock(timestamp: chain.head.timestamp + 1), at: now) { _ in }
            case 2:
                // One to three blocks back, and blocks by others on what is left: our own guard signs no height again.
                let count = min(Int.random(in: 1...3, using: &random), Int(chain.head.height))
                if count > 0 {
                    _ = try chain.write(at: now) { moving throws(ChainError) in
                        _ = try chain.move(back: count, onto: [], at: now, &moving)
                    }
                }
                for _ in 0..<Int.random(in: 0...2 * count + 1, using: &random) {
                    let made = try chain.engine.buildBlock(
                        transactions: chain.mempool.select(SelectionLimits(maxTransactions: 3)), timestamp: chain.head.timestamp + 7,
                        key: authority)
                    let block = try PreparedBlock.prepare(made.block.json)
                    _ = try chain.write(at: now) { moving throws(ChainError) in
                        _ = try chain.move(back: 0, onto: [block], at: now, &moving)
                    }
                }
                undone += count
            case 1 where step > 100:
                uptime += .seconds(Int64.random(in: 0..<3000, using: &random))
                chain.tick(at: now)
            default:
                // The richest sender in pending transactions gives way when the pool is full.
                let user = users[Int.random(in: 0..<Int.random(in: 1...users.count, using: &random), using: &random)]
                let transaction = Transaction(
                    operations: [Operation(type: .set, key: ByteString("k\(step)"), value: [1])], timestamp: 1,
                    nonce: UInt64.random(in: UInt64(step / 10)..<UInt64(step / 10 + 60), using: &random), key: user)
                let candidate = TransactionCandidate(gossipID: transaction.hash, payload: transaction.json, from: nil)
                try chain.handle(.checkTransactions([candidate]), at: now) { _ in }
            }
            if chain.mempool.count < before { removals += 1 }
            fullest = max(fullest, chain.mempool.count)
            feed.mempool.checkInvariants()
            #expect(feed.mempool.count == chain.mempool.count)
            #expect(feed.mempool.oldest(.max).map(\.hash) == chain.mempool.oldest(.max).map(\.hash), "step \(step)")
            for user in users {
                #expect(feed.mempool.highestNonce(of: user.address) == chain.mempool.transactions(of: user.address).last?.transaction.nonce)
            }
        }
        #expect(removals > 5 && fullest == limits.maxTransactions && undone > 20)
    }

    @Test func theOldestComeFirstAndAreCut() throws {
        let network = try TestNetwork()
        let view = MempoolView()
        let transactions = [5, 3, 9].map { PreparedTransaction(network.set("v", nonce: $0)) }
        for transaction in transactions { view.add(transaction) }
        #expect(view.oldest(2).map(\.hash) == transactions.prefix(2).map(\.hash))
        #expect(view.oldest(0).isEmpty)
        #expect(view.highestNonce(of: network.user.address) == 9)
        view.remove([MempoolRemoval(hash: transactions[2].hash, reason: .expired)])
        #expect(view.highestNonce(of: network.user.address) == 5)
        #expect(view.transaction(transactions[2].hash) == nil)
        #expect(view.transaction(transactions[1].hash)?.hash == transactions[1].hash)
        view.remove(transactions.prefix(2).map { MempoolRemoval(hash: $0.hash, reason: .included) })
        #expect(view.count == 0)
        #expect(view.highestNonce(of: network.user.address) == nil)
        view.checkInvariants()
    }
}
