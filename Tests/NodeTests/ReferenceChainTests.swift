import ChainService
import Foundation
import Ledger
import Network
import PodoruConfiguration
import Primitives
import TestKit
import Testing
import Wire

@testable import Node

/// The chain and the bad blocks that the reference printed, through a node's own sockets.
@Suite(.serialized, .timeLimit(.minutes(3))) struct ReferenceChainTests {
    let directory = TemporaryDirectory()

    private struct Blocks: Decodable {
        struct Chain: Decodable {
            struct Entry: Decodable {
                var height: UInt64
                var hash: String
                var state_root: String
            }
            var index: [Entry]
        }
        var chain: Chain
    }

    /// A line of `invalid.jsonl.gz`, without the block, which keeps its own bytes.
    private struct Candidate: Decodable {
        var name: String
        var outcome: String
        var height_after: UInt64
        var json: [UInt8] = []

        private enum CodingKeys: CodingKey { case name, outcome, height_after }
    }

    private func configuration(_ name: String, bootstrap: [UInt16] = []) -> NodeConfiguration {
        var configuration = NodeConfiguration()
        configuration.dataDir = directory.file(name)
        configuration.genesisPath = Vectors.folder.appendingPathComponent("genesis.json").path
        configuration.p2pBindAddr = "127.0.0.1"
        configuration.p2pPort = 0
        configuration.bootstrapPeers = bootstrap.map { .of("127.0.0.1:\($0)") }
        return configuration
    }

    private func importChain(upTo height: Int, into name: String) throws {
        let lines = try ReferenceChain.lines()
        try ReferenceChain.importBlocks(
            Array(lines[1...height]), genesis: try ReferenceChain.genesis(), into: directory.file(name), scratch: directory)
    }

    @Test func theReferencesChainIsSyncedToItsHashAndStateRoot() async throws {
        let last = try #require(try Vectors.decode(Blocks.self, from: "blocks.json").chain.index.last)
        #expect(last.height == 130)
        try importChain(upTo: 130, into: "server")
        try await withNodes { nodes in
            let server = try await nodes.start(configuration("server"))
            let late = try await nodes.start(configuration("late", bootstrap: [server.port]))
            try await eventually("height 130") { try await late.now.committedHeight == 130 }
            #expect(try await late.now.hash.hex == last.hash.withoutPrefix)
        }
        let chain = try ChainDirectory(directory.file("late"), genesis: nil)
        #expect(chain.engine.head.stateRoot.hex == last.state_root.withoutPrefix)
    }

    private func candidates() throws -> [Candidate] {
        try Vectors.gzipLines("invalid.jsonl.gz").map { line in
            var candidate = try JSONDecoder().decode(Candidate.self, from: Data(line))
            try line.withUnsafeBytes { bytes in
                var reader = JSONReader(bytes)
                try reader.beginObject()
                while let key = try reader.nextKey() {
                    let value = try reader.skipValue()
                    if key.equals("block") { candidate.json = Array(bytes[value]) }
                }
            }
            return candidate
        }
    }

    @Test func everyBadBlockIsRefusedFromItsSenderWhileOthersAreServed() async throws {
        // What the reference accepts against its own rules is another test's.
        let bad = try candidates().filter { $0.height_after == 10 && $0.outcome != "ok" }
        #expect(bad.count >= 30)
        try importChain(upTo: 10, into: "node")
        let genesis = try ReferenceChain.genesis()
        try await withNodes { nodes in
            let log = LogRecorder()
            let node = try await nodes.start(configuration("node"), log: log)
            let head = try await node.now
            #expect(head.height == 10)
            let bystander = try await WirePeer.connect(to: node.port, genesis: genesis, height: 10)
            var refusedAtTheHead = 0
            for candidate in bad {
                let header = try HeaderPeek.read(candidate.json).header
                let sender = try await WirePeer.connect(to: node.port, genesis: genesis, height: 10)
                sender.send(.block, candidate.json)
                if header.height == 11, !candidate.outcome.contains("too far in future"), !candidate.outcome.contains("previous hash") {
                    try await eventually("\(candidate.name): its sender is disconnected") { sender.isClosed }
                    refusedAtTheHead += 1
                } else {
                    // Not for the head, not on our chain or not yet: no proof of malice, but it changes nothing either. An answer
                    // to what was sent after it shows that it was looked at.
                    #expect(try await sender.fetch(HeightRange(10)).count == 1, "\(candidate.name)")
                    sender.close()
                }
                #expect(try await bystander.fetch(HeightRange(first: 1, count: 10)).count == 10, "\(candidate.name)")
            }
            #expect(refusedAtTheHead >= 20)
            let after = try await node.now
            #expect((after.height, after.hash) == (head.height, head.hash))
            #expect(bystander.blocks.isEmpty, "a bad block was relayed")
            #expect(!bystander.isClosed)
        }
    }

    @Test func whatTheReferenceAcceptsOnHeightTenIsApplied() async throws {
        let good = try candidates().filter { $0.height_after == 11 }
        #expect(!good.isEmpty)
        for (index, candidate) in good.enumerated() {
            try importChain(upTo: 10, into: "node-\(index)")
            try await withNodes { nodes in
                let node = try await nodes.start(configuration("node-\(index)"))
                let observer = try await WirePeer.connect(to: node.port, genesis: try ReferenceChain.genesis(), height: 10)
                let sender = try await WirePeer.connect(to: node.port, genesis: try ReferenceChain.genesis(), height: 10)
                sender.send(.block, candidate.json)
                try await eventually("\(candidate.name): height 11") { try await node.now.height == 11 }
                try await eventually("\(candidate.name): relayed") { observer.blocks[11] != nil }
                #expect(sender.blocks.isEmpty, "its sender gets it back")
            }
        }
    }
}

extension String {
    fileprivate var withoutPrefix: String { hasPrefix("0x") ? String(dropFirst(2)) : self }
}
