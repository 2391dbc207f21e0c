import Chain
import Foundation
import Ledger
import Logging
import Mempool
import Primitives
import ProtocolCore
import TestKit
import Testing
import WholeFiles

@testable import ChainService
@testable import Node

/// The file in which pending transactions outlive a restart, and what is made of one that is broken.
@Suite struct MempoolFileTests {
    let network: TestNetwork
    let file: MempoolFile

    init() throws {
        network = try TestNetwork()
        file = MempoolFile(directory: network.directory.path, genesis: network.genesis.hash)
    }

    private var kept: [KeptTransaction] {
        (1...4).map { KeptTransaction(since: 1_700_000_000_000 + Int64($0), json: network.set("kept", nonce: UInt64($0)).json) }
    }

    private func put(_ bytes: [UInt8]) throws { try Data(bytes).write(to: URL(fileURLWithPath: file.path)) }

    @Test func whatIsWrittenIsRead() throws {
        #expect(try file.read() == [])
        try file.write(kept)
        #expect(try file.read() == kept)
        let mode = try FileManager.default.attributesOfItem(atPath: file.path)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        try file.write([])
        #expect(!FileManager.default.fileExists(atPath: file.path))
    }

    @Test func aFileThatEndsTooEarlyIsRefusedWhereverItEnds() throws {
        let whole = file.encode(kept)
        for length in 0..<whole.count {
            #expect(throws: MempoolFileFault.self, "\(length) of \(whole.count) bytes") { try file.decode(Array(whole.prefix(length))) }
        }
        #expect(try file.decode(whole) == kept)
    }

    @Test func aByteThatChangedIsFound() throws {
        let whole = file.encode(kept)
        let seed = UInt64.random(in: .min ... .max)
        var random = SplitMix64(seed: seed)
        for _ in 0..<500 {
            var broken = whole
            let place = Int.random(in: 0..<whole.count, using: &random)
            broken[place] ^= UInt8.random(in: 1...255, using: &random)
            let read = try? file.decode(broken)
            // The case of a letter in a key of the first line may be another one; nothing else.
            #expect(read == nil || read == kept, "byte \(place), seed \(seed)")
        }
    }

    @Test func aFileOfAnotherChainIsForeign() throws {
        let other = MempoolFile(directory: file.directory, genesis: try TestNetwork(name: "other").genesis.hash)
        try other.write(kept)
        let fault = #expect(throws: MempoolFileFault.self) { try file.read() }
        #expect(fault?.description.contains("belongs to the chain \(other.genesis.prefixedHex)") == true)
    }

    @Test func aFileLargerThanAnyMempoolIsNotRead() throws {
        try put(file.encode(kept))
        #expect(truncate(file.path, off_t(MempoolFile.maxBytes + 1)) == 0)
        let error = #expect(throws: FileError.self) { try file.read() }
        #expect(error?.kind == .tooLarge)
    }

    @Test func theLargestMempoolFits() {
        let limits = MempoolLimits()
        let one = limits.maxChargeBytes / limits.maxTransactions
        let full = (0..<limits.maxTransactions).map { _ in
            KeptTransaction(since: .min, json: [UInt8](repeating: UInt8(ascii: "1"), count: one))
        }
        #expect(file.encode(full).count <= MempoolFile.maxBytes)
    }

    @Test func whatAKilledWriterLeftIsTakenAway() throws {
        try file.write(kept)
        let half = "\(file.path).new.4711"
        try Data("{\"format\"".utf8).write(to: URL(fileURLWithPath: half))
        #expect(try file.read() == kept)
        #expect(!FileManager.default.fileExists(atPath: half))
    }

    // MARK: The keeper

    private var keeper: MempoolKeeper { MempoolKeeper(file: file, log: Logger(label: "test") { _ in LogRecorder() }) }

    private func processor(_ transactions: [Transaction], at uptime: Nanoseconds = 0) throws -> ChainProcessor {
        let processor = try ChainProcessor(engine: ChainEngine(genesis: network.genesis, store: MemoryChainStore()))
        let candidates = transactions.map { TransactionCandidate(gossipID: $0.hash, payload: $0.json, from: nil) }
        for verdict in try processor.check(candidates, at: Moment(uptime: uptime, unixMilliseconds: 0)) {
            guard case .admitted = verdict.outcome else { throw TestFailure("not admitted: \(verdict.outcome)") }
        }
        return processor
    }

    @Test func aRunningNodeKeepsWhatChangedOnceAMinute() throws {
        let keeper = keeper
        let sent = [network.set("a", nonce: 1), network.set("a", nonce: 2)]
        let chain = try processor(sent, at: .seconds(10))
        func after(_ seconds: Int64) -> Moment { Moment(uptime: .seconds(seconds), unixMilliseconds: 1_700_000_000_000 + seconds * 1000) }
        keeper.load(at: after(0))
        keeper.saveIfDue(chain.mempool, at: after(59))
        keeper.finishWriting()
        #expect(!FileManager.default.fileExists(atPath: file.path))
        keeper.saveIfDue(chain.mempool, at: after(60))
        keeper.finishWriting()
        #expect(try file.read() == sent.map { KeptTransaction(since: 1_700_000_010_000, json: $0.json) })
        // Nothing has changed: it is not written again.
        try FileManager.default.removeItem(atPath: file.path)
        keeper.saveIfDue(chain.mempool, at: after(120))
        keeper.finishWriting()
        #expect(!FileManager.default.fileExists(atPath: file.path))
    }

    @Test func whatHasWaitedForTooLongIsLeftOutAndTheRestHasItsAge() throws {
        let now = Moment(uptime: .seconds(5), unixMilliseconds: 1_700_000_000_000)
        let lifetime = Int64(MempoolLimits().lifetime / 1_000_000)
        let json = kept.map(\.json)
        try file.write([
            KeptTransaction(since: now.unixMilliseconds - lifetime, json: json[0]), KeptTransaction(since: .min, json: json[1]),
            KeptTransaction(since: now.unixMilliseconds - 60_000, json: json[2]), KeptTransaction(since: .max, json: json[3]),
        ])
        let keeper = keeper
        keeper.load(at: now)
        let next = keeper.next(10, at: now)
        #expect(next.map(\.payload) == [json[2], json[3]])
        #expect(next.map(\.waited) == [.seconds(60), 0])
        let chain = try processor([])
        keeper.note(try chain.check(next, at: now))
        #expect(!keeper.hasWaiting)
        #expect(chain.mempool.nextDeadline == now.uptime - .seconds(60) + MempoolLimits().lifetime)
    }

    @Test func anEndInTheMiddleOfTheTakingBackLosesNothing() throws {
        try file.write(kept.map { KeptTransaction(since: 1000, json: $0.json) })
        let now = Moment(uptime: 0, unixMilliseconds: 1000)
        let keeper = keeper
        keeper.load(at: now)
        let chain = try processor([])
        keeper.note(try chain.check(keeper.next(1, at: now), at: now))
        #expect(keeper.hasWaiting && chain.mempool.count == 1)
        keeper.saveAtEnd(chain.mempool, at: now)
        #expect(try file.read().map(\.json) == kept.map(\.json))
    }
}
