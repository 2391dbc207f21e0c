import Chain
import EventLoop
import Foundation
import Ledger
import Network
import Platform
import Primitives
import ProtocolCore
import Storage
import Testing

@testable import ChainService
@testable import Node

@Suite struct SignaturePoolTests {
    private func pool(_ threads: Int? = nil) throws -> SignaturePool {
        SignaturePool(rules: try ReferenceChain.genesis().rules, threadCount: threads)
    }

    @Test(arguments: [1, 2, 7], [0, 1, 3, 4, 5, 1000])
    func resultsComeInTheOrderOfTheItems(threads: Int, count: Int) throws {
        let pool = try pool(threads)
        let items = Array(0..<count)
        let squares: [Int] = pool.map(items, perChunk: 4) { (item: Int) -> Int in item * item }
        let expectedSquares: [Int] = items.map { $0 * $0 }
        #expect(squares == expectedSquares)
        let successors: [Int] = pool.start(items, perChunk: 4) { (item: Int) -> Int in item + 1 }.wait()
        let expectedSuccessors: [Int] = items.map { $0 + 1 }
        #expect(successors == expectedSuccessors)
    }

    @Test func everyChunkRunsOnceAndCompletionIsCalledOnce() throws {
        let pool = try pool(3)
        let runs = Monitor([Int](repeating: 0, count: 500))
        let completions = Monitor(0)
        for _ in 0..<10 {
            _ = pool.start(
                Array(0..<500), perChunk: 3, { item in runs.withLock { $0[item] += 1 } },
                completed: { results in
                    #expect(results.count == 500)
                    completions.withLockThenWake { $0 += 1 }
                })
        }
        completions.wait { $0 == 10 ? () : nil }
        #expect(runs.withLock { $0 } == [Int](repeating: 10, count: 500))
    }

    @Test func anUrgentJobOvertakesAWaitingOne() throws {
        let pool = try pool(1)
        let order = Monitor<[String]>([])
        let gate = Monitor(false)
        // The one thread is held at the gate, so that both jobs wait.
        let held = pool.start([0], perChunk: 1) { _ in gate.wait { $0 ? () : nil } }
        let slow = pool.start(Array(0..<3), perChunk: 1) { _ in order.withLock { $0.append("range") } }
        let urgent = pool.start([0], perChunk: 1, urgent: true) { _ in order.withLock { $0.append("tip") } }
        gate.withLockThenWake { $0 = true }
        _ = (held.wait(), slow.wait(), urgent.wait())
        #expect(order.withLock { $0 } == ["tip", "range", "range", "range"])
    }

    @Test func moreJobsThanPlacesWaitForRoom() throws {
        let pool = try pool(2)
        let done = Monitor(0)
        for _ in 0..<(4 * SignaturePool.maxJobs) {
            _ = pool.start(Array(0..<4), perChunk: 1) { _ in done.withLockThenWake { $0 += 1 } }
        }
        done.wait { $0 == 16 * SignaturePool.maxJobs ? () : nil }
    }

    @Test func aJobStartedInsideAnotherIsDone() throws {
        let pool = try pool(1)
        let sums = pool.map([1, 2, 3], perChunk: 1) { item in
            pool.map(Array(0..<10), perChunk: 2, urgent: true) { $0 * item }.reduce(0, +)
        }
        #expect(sums == [45, 90, 135])
    }

    @Test func threadsEndWithTheirQueue() throws {
        let ended = Monitor(0)
        for index in 0..<3 {
            let queue = JobQueue()
            #expect(
                SystemThread.start(name: "gone-\(index)") {
                    queue.work()
                    ended.withLockThenWake { $0 += 1 }
                })
            queue.stop()
        }
        ended.wait { $0 == 3 ? () : nil }
    }

    @Test func aBlockPreparedInParallelIsTheSameAsOneByOne() throws {
        let rules = try ReferenceChain.genesis().rules
        let pool = try pool(3)
        for line in try ReferenceChain.lines() {
            let parallel = try pool.prepare(block: line, knownSender: { _, _ in nil })
            let single = try PreparedBlock.prepare(line, isAuthority: rules.isAuthority)
            #expect(parallel.hash == single.hash)
            #expect(parallel.signer == single.signer)
            #expect(parallel.transactions.map { $0?.signer } == single.transactions.map { $0?.signer })
        }
    }

    @Test func aStrangersBlockCostsOneRecovery() throws {
        let stranger = SignaturePool(
            rules: try Genesis(GenesisConfiguration(timestamp: 1, authorities: ["0x0000000000000000000000000000000000000001"])).rules)
        let line = try ReferenceChain.lines()[100]
        let block = try stranger.prepare(block: line, knownSender: { _, _ in nil })
        #expect(block.transactions.allSatisfy { $0?.signer == .unknown })
    }

    @Test func knownSendersAreBelieved() throws {
        let pool = try pool(2)
        let line = try ReferenceChain.lines()[100]
        let known = try #require(Address([UInt8](repeating: 9, count: 20)))
        let block = try pool.prepare(block: line, knownSender: { _, _ in known })
        #expect(!block.transactions.isEmpty)
        #expect(block.transactions.allSatisfy { $0?.signer == .address(known) })
    }

    @Test func aRangeIsPreparedAndCheckedAsARun() throws {
        let pool = try pool()
        let lines = try ReferenceChain.lines()
        func outcome(_ first: Int, _ blocks: [[UInt8]]) throws -> Result<[PreparedBlock], MalformedRange> {
            let payload = [UInt8(ascii: "[")] + Array(blocks.joined(separator: [UInt8(ascii: ",")])) + [UInt8(ascii: "]")]
            let result = Monitor<Result<[PreparedBlock], MalformedRange>?>(nil)
            let range = try #require(HeightRange(first: UInt64(first), last: UInt64(first + 99)))
            pool.prepare(range: range, payload: payload) { outcome in result.withLockThenWake { $0 = outcome } }
            return result.wait { $0 }
        }
        #expect(try outcome(11, Array(lines[11...110])).get().count == 100)
        #expect(try outcome(11, []).get().isEmpty)
        #expect(throws: MalformedRange.self) { try outcome(10, Array(lines[11...20])).get() }
        #expect(throws: MalformedRange.self) { try outcome(11, [lines[11], lines[13]]).get() }
        #expect(throws: MalformedRange.self) { try outcome(11, [lines[11], Array("7".utf8)]).get() }
    }
}
