import Chain
import ChainService
import Consensus
import EventLoop
import Ledger
import Logging
import Peering
import PodoruConfiguration
import Primitives
import ProtocolCore
import Sync
import TestKit
import Testing

@testable import Node

/// A line for each fact that an operator looks for; docs/logs.md lists them.
@Suite(.timeLimit(.minutes(3))) struct LoggedFactTests {
    private func line(_ log: LogRecorder, _ message: String) async throws -> LogRecorder.Line {
        try await eventually("the log has \(message)") { log.lines.contains { $0.message.hasPrefix(message) } }
        return try #require(log.lines.first { $0.message.hasPrefix(message) })
    }

    @Test func theStartNamesVersionsChainAndWhatDiffersFromTheDefaults() async throws {
        let network = try TestNetwork()
        let log = LogRecorder()
        var configuration = network.configuration("node")
        configuration.maxPeers = 7
        try await withNodes { nodes in
            let node = try await nodes.start(configuration, log: log)
            let start = try await line(log, "podoru \(PodoruVersion.current)")
            let versions = ["swift", "libuv", "lmdb", "kernel"].map { start.metadata[$0] ?? "" }
            #expect(versions.allSatisfy { $0.contains(/[0-9]+\.[0-9]+/) }, "\(start.metadata)")
            #expect(start.metadata["kernel"]?.hasPrefix("Linux ") == true)
            #expect(start.metadata["chain"] == network.genesis.hash.prefixedHex && start.metadata["height"] == "0")
            #expect(start.metadata["type"] == "full" && start.metadata["data"] == configuration.dataDir)
            let configured = try await line(log, "configured")
            #expect(
                Set(configured.metadata.keys)
                    == ["max_peers", "data_dir", "genesis_path", "p2p_bind_addr", "p2p_port", "api_enabled"])
            #expect(configured.metadata["max_peers"] == "7")
            #expect(try await line(log, "listening").metadata["p2p"] == "127.0.0.1:\(node.port)")
        }
        #expect(log.lines.contains { $0.message == "stopping" })
        let summary = try await line(log, "stopped")
        #expect(
            Set(summary.metadata.keys)
                == ["uptime_s", "height", "blocks_produced", "blocks_by_gossip", "blocks_by_sync", "bytes_in", "bytes_out"])
    }

    @Test func peersComeAndGoWithAReasonAndBlocksTellTheirWay() async throws {
        let network = try TestNetwork()
        let (log, otherLog) = (LogRecorder(), LogRecorder())
        try await withNodes { nodes in
            let producer = try await nodes.start(network.configuration("producer", authority: 0), log: otherLog)
            let full = try await nodes.start(network.dialling(network.configuration("full"), producer), log: log)
            let connected = try await line(log, "peer connected")
            #expect(connected.metadata["peer"] == "127.0.0.1:\(producer.port)" && connected.metadata["direction"] == "outbound")
            #expect(connected.metadata["type"] == "producer" && connected.metadata["version"] == PodoruVersion.current)
            #expect(try await line(otherLog, "peer connected").metadata["direction"] == "inbound")

            let received = try await line(log, "block received")
            #expect(Set(received.metadata.keys) == ["height", "hash", "transactions", "relayed_to", "hop_us"])
            #expect(received.metadata["relayed_to"] == "0" && received.metadata["transactions"] == "0")
            let made = try #require(
                otherLog.lines.first { $0.message == "block produced" && $0.metadata["height"] == received.metadata["height"] })
            #expect(made.metadata["hash"] == received.metadata["hash"] && made.metadata["transactions"] == "0")

            #expect(await producer.submit(network.set("greeting", nonce: 1).json).summary == "admitted")
            try await eventually("a block with the transaction is received, and its own number is told") {
                log.lines.contains { $0.message == "block received" && $0.metadata["transactions"] == "1" }
            }
            let holder = try #require(log.lines.first { $0.message == "block received" && $0.metadata["transactions"] == "1" })
            let source = try #require(
                otherLog.lines.first { $0.message == "block produced" && $0.metadata["height"] == holder.metadata["height"] })
            #expect(source.metadata["transactions"] == "1")

            await nodes.stop(producer)
            let gone = try await line(log, "peer disconnected")
            #expect(gone.metadata["peer"] == "127.0.0.1:\(producer.port)" && gone.metadata["reason"] == "closed_by_peer")
            _ = full
        }
    }

    @Test func aNodeWithoutAPeerSaysWhyEachDialFailed() async throws {
        let network = try TestNetwork()
        let log = LogRecorder()
        var configuration = network.configuration("node")
        // Nobody listens on the first; names that end so never exist (RFC 6761); the last is no place of this machine's network.
        configuration.bootstrapPeers = [.of("127.0.0.1:1"), .of("nobody.invalid:9000")]
        try await withNodes { nodes in
            _ = try await nodes.start(configuration, log: log)
            let told = try await line(log, "no peer: ")
            #expect(told.message.hasPrefix("no peer: 127.0.0.1:1 (connection refused), nobody.invalid:9000 ("), "\(told.message)")
            #expect(["no such host)", "the name could not be looked up)"].contains { told.message.hasSuffix($0) }, "\(told.message)")
            #expect(told.metadata["for_s"] == "5" && told.metadata["known_addresses"] == "0")
        }
    }

    @Test(arguments: [
        (EventLoopError.Operation.resolve, "EAI_NONAME", DialFailure.noSuchHost), (.resolve, "EAI_NODATA", .noSuchHost),
        (.resolve, "EAI_AGAIN", .nameNotResolved), (.resolve, "ETIMEDOUT", .nameNotResolved), (.connect, "ETIMEDOUT", .timedOut),
        (.connect, "ECONNREFUSED", .refused), (.connect, "EHOSTUNREACH", .noRoute), (.connect, "ENETUNREACH", .noRoute),
        (.connect, "EPERM", .forbidden), (.connect, "EMFILE", .other("words")),
    ]) func whatTheSystemSaysOfADialIsSaidInWords(operation: EventLoopError.Operation, code: String, failure: DialFailure) {
        #expect(DialFailure(EventLoopError(operation, code: .init(rawValue: code), text: "words")) == failure)
    }

    @Test func theStartNamesTheCommitWhereItIsKnown() async throws {
        let network = try TestNetwork()
        let log = LogRecorder()
        try await withNodes { nodes in
            let named = try await nodes.start(network.configuration("node")) { $0.commit = "0123456789-dirty" }
            let other = network.dialling(network.configuration("other"), named)
            _ = try await nodes.start(other, log: log) { $0.commit = "abcdef0123" }
            _ = try await line(log, "podoru \(PodoruVersion.current) (abcdef0123)")
            let connected = try await line(log, "peer connected")
            #expect(connected.metadata["commit"] == "0123456789-dirty" && connected.metadata["version"] == PodoruVersion.current)
        }
    }

    @Test func anIPv6AddressIsToldInBrackets() async throws {
        let network = try TestNetwork()
        let log = LogRecorder()
        var configuration = network.configuration("node")
        configuration.p2pBindAddr = "::1"
        try await withNodes { nodes in
            let node = try await nodes.start(configuration, log: log)
            #expect(try await line(log, "listening").metadata["p2p"] == "[::1]:\(node.port)")
        }
    }

    @Test func aBlockTimeThatTheGenesisOverrulesIsNamed() async throws {
        let network = try TestNetwork()
        let log = LogRecorder()
        var configuration = network.configuration("node")
        configuration.blockTime = .seconds(7)
        try await withNodes { nodes in _ = try await nodes.start(configuration, log: log) }
        #expect(
            try await line(log, "block_time is not what the genesis fixes").metadata == ["block_time": "7s", "genesis": "1s"])
    }

    @Test func aReloadTellsEachChange() async throws {
        let network = try TestNetwork()
        let log = LogRecorder()
        try await withNodes { nodes in
            var configuration = network.configuration("node")
            let node = try await nodes.start(configuration, log: log)
            configuration.maxPeers = 9
            try await node.reload(configuration)
            #expect(try await line(log, "a key changed").metadata == ["key": "max_peers", "from": "50", "to": "9"])
            #expect(try await line(log, "configuration reloaded").metadata == ["changed": "1", "waiting": "0"])
        }
    }

    @Test func aSyncTellsItsBeginningAndItsEnd() async throws {
        let network = try TestNetwork()
        try network.importBlocks(try network.makeBlocks(150), into: "ahead")
        let log = LogRecorder()
        try await withNodes { nodes in
            let ahead = try await nodes.start(network.configuration("ahead"))
            _ = try await nodes.start(network.dialling(network.configuration("behind"), ahead), log: log)
            let begin = try await line(log, "syncing")
            #expect(begin.metadata["height"] == "0" && begin.metadata["target"] == "150")
            #expect(try await line(log, "in sync").metadata["height"] == "150")
        }
    }

    // MARK: Without sockets

    private struct Observed {
        let log = LogRecorder()
        let observer: CoreLog

        init() {
            let log = log
            observer = CoreLog(logger: Logger(label: "test") { _ in log }, supervisor: nil)
        }

        func tell(_ fact: CoreFact, at uptime: Nanoseconds = 0) {
            observer.observe(fact, now: Moment(uptime: uptime, unixMilliseconds: 0))
        }
    }

    @Test func progressOfASyncNamesItsRateAndTheTimeThatIsLeft() throws {
        let observed = Observed()
        observed.tell(.syncProgress(SyncProgress(height: 100, target: 500, blocksPerSecond: 99.6, remaining: .seconds(4))))
        let line = try #require(observed.log.lines.first)
        #expect(line.message == "syncing")
        #expect(line.metadata == ["height": "100", "target": "500", "blocks_per_second": "100", "remaining": "4 s"])
    }

    @Test func aHopIsToldInMicroseconds() throws {
        let observed = Observed()
        let head = Head(height: 7, hash: .zero, timestamp: 0)
        observed.tell(.blockRelayed(head, transactionCount: 3, receivedAt: .milliseconds(1), peers: 5), at: .milliseconds(3))
        let fields = try #require(observed.log.lines.first).metadata
        #expect(fields["hop_us"] == "2000" && fields["transactions"] == "3" && fields["relayed_to"] == "5" && fields["height"] == "7")
    }

    @Test func refusedBlocksAreOneLineASecondWithTheirNumber() {
        let observed = Observed()
        for step in 0..<100 { observed.tell(.blockRefused(hash: .zero, from: nil, reason: "bad"), at: .milliseconds(Int64(step))) }
        observed.tell(.blockRefused(hash: .zero, from: nil, reason: "bad"), at: .seconds(2))
        #expect(observed.log.lines.map { $0.metadata["also"] } == ["0", "99"])
    }
}

extension Head {
    /// A head of which a test says no more.
    init(height: UInt64, hash: Hash32, timestamp: Int64) {
        self.init(
            height: height, hash: hash, previousHash: .zero, timestamp: timestamp, stateRoot: .zero, producer: ByteString([]),
            totalWeight: 0)
    }
}
