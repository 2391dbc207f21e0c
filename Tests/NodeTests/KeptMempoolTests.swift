import Foundation
import Ledger
import Platform
import PodoruConfiguration
import Primitives
import ProtocolCore
import TestKit
import Testing
import WholeFiles
import Wire

@testable import ChainService
@testable import Node

/// Pending transactions over a restart of the node.
@Suite(.timeLimit(.minutes(5))) struct KeptMempoolTests {
    let network: TestNetwork

    init() throws {
        network = try TestNetwork()
    }

    private func transactions(_ count: Int) -> [[UInt8]] { (1...count).map { network.set("kept", nonce: UInt64($0)).json } }

    private func send(_ transactions: [[UInt8]], to process: SupervisedNode) async throws {
        let peer = try await WirePeer.connect(to: try await process.port(), genesis: network.genesis)
        for json in transactions { peer.send(.transaction, json) }
        try await eventually("\(transactions.count) are pending") { try process.mempool() == transactions.count }
        peer.close()
    }

    @Test func whatIsPendingIsPendingAfterARestartAndToldToPeers() async throws {
        let process = try SupervisedNode(network, "kept", authority: nil, bootstrap: [])
        defer { process.kill() }
        try process.start()
        let sent = transactions(3)
        try await send(sent, to: process)
        for _ in 0..<2 {
            try await process.terminate()
            #expect(process.exitCode == 0)
            #expect(process.log.contains("stopping mempool=3"))
            try process.start()
            let peer = try await WirePeer.connect(to: try await process.port(), genesis: network.genesis)
            try await eventually("the peer has them") { try peer.transactions.count >= sent.count }
            #expect(try peer.transactions == sent)
            #expect(process.log.contains("pending transactions of the last run taken back left_out=0 transactions=3"), "\(process.log)")
            peer.close()
        }
    }

    @Test(.enabled(if: SmallDisk.isAvailable, "\(SmallDisk.unavailable)"))
    func aFullDiskCostsThePendingTransactionsAndNotTheEnd() async throws {
        let disk = try SmallDisk(at: network.directory.file("disk"), bytes: 4 << 20)
        let process = try SupervisedNode(network, "full", authority: nil, bootstrap: [], disk: disk)
        defer { process.kill() }
        try process.start()
        try await send(transactions(40), to: process)
        try disk.fill()
        try await process.terminate()
        #expect(process.exitCode == 0, "\(process.log)")
        #expect(process.log.contains("pending transactions could not be kept"), "\(process.log)")
        #expect(process.log.contains("the disk is full"))
        let left = try disk.run { [data = process.dataPath] in try FileManager.default.contentsOfDirectory(atPath: data) }
        #expect(!left.contains { $0.hasPrefix(MempoolFile.name) }, "\(left)")
        try disk.empty()
        try process.start()
        try await send(transactions(2), to: process)
    }

    @Test(arguments: ["garbage", "torn", "foreign", "too large", "a folder"])
    func aFileThatCannotBeUsedCostsTheFileOnly(kind: String) async throws {
        let configuration = network.configuration("broken")
        try FileManager.default.createDirectory(atPath: configuration.dataDir, withIntermediateDirectories: true)
        let file = MempoolFile(directory: configuration.dataDir, genesis: network.genesis.hash)
        let kept = transactions(3).map { KeptTransaction(since: SystemClock.unixMilliseconds, json: $0) }
        switch kind {
        case "garbage": try Data([0xFF, 0x00, 0x0A, 0x7B]).write(to: URL(fileURLWithPath: file.path))
        case "torn": try Data(file.encode(kept).dropLast(20)).write(to: URL(fileURLWithPath: file.path))
        case "foreign": try MempoolFile(directory: file.directory, genesis: .zero).write(kept)
        case "too large":
            try file.write(kept)
            #expect(truncate(file.path, off_t(MempoolFile.maxBytes + 1)) == 0)
        default: try FileManager.default.createDirectory(atPath: file.path, withIntermediateDirectories: false)
        }
        try await withNodes { nodes in
            let log = LogRecorder()
            let node = try await nodes.start(configuration, log: log)
            // The chain's thread reads the file before it does anything else.
            #expect(await node.submit(transactions(1)[0]).summary == "admitted")
            #expect(node.mempool.count == 1)
            #expect(log.lines.count { $0.message.contains("the pending transactions of the last run are lost") } == 1, "\(log.lines)")
            #expect(FileManager.default.fileExists(atPath: "\(file.directory)/\(MempoolFile.asideName)"))
        }
        #expect(try file.read().map(\.json) == transactions(1))
    }
}
