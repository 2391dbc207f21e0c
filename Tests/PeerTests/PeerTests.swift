import ChainService
import Foundation
import Ledger
import Primitives
import TestKit
import Testing

/// Real nodes against a peer in another language, written from docs/protocol.md alone.
@Suite(.needsPython) struct PeerTests {
    static let chain = Vectors.folder.appendingPathComponent("chain-130.jsonl.gz").path
    /// The first authority of the reference's chain, and an account that can pay.
    static let authority = key("podoru-vector-key-100")

    static func key(_ name: String) -> String { SHA256.hash(Array(name.utf8)).hex }

    /// A node that the peer has given the first ten blocks of the reference's chain.
    private func nodeAtHeightTen(_ settings: [String] = []) async throws -> RunningNode {
        let node = try await RunningNode(settings: settings)
        let sent = try await PythonPeer.run(["send", node.address, Self.chain, "--count", "11"], in: node.folder)
        try #require(sent.output.contains("the node is at height 10"), "\(sent.output)\(node.log)")
        return node
    }

    private func check(_ node: RunningNode, _ options: String...) async throws -> PythonPeer.Result {
        try await PythonPeer.run(["check", node.address, "--seed", "20240106"] + options, in: node.folder)
    }

    @Test func anHonestPeerGetsWhatThePagePromisesAndSeesItsBlocksAndTransactionsRelayed() async throws {
        let node = try await nodeAtHeightTen()
        let result = try await check(
            node, "--part", "honest", "--next-blocks", Self.chain, "--tx-key", Self.authority, "--authority-key", Self.authority,
            "--genesis", "genesis.json")
        #expect(result.code == 0, "\(result.output)")
        #expect(result.failures == [])
        #expect(result.passed >= 21, "\(result.output)")
        #expect(try await node.stop() == 0)
    }

    @Test func hostileBytesOfEveryKindLeaveTheNodeUpAndOthersServed() async throws {
        let node = try await nodeAtHeightTen()
        let result = try await check(node, "--part", "hostile", "--authority-key", Self.authority, "--genesis", "genesis.json")
        #expect(result.code == 0, "\(result.output)")
        #expect(result.failures == [])
        #expect(result.passed >= 91, "\(result.output)")
        #expect(node.residentBytes < 200 << 20)
        #expect(node.log.contains("peer broke the protocol: it sent "), "the reason is logged")
        #expect(try await node.stop() == 0)
    }

    @Test func tenThousandMessagesAtOnceLeaveOthersServedAndTakeNoMemory() async throws {
        let node = try await nodeAtHeightTen()
        let before = node.residentBytes
        let result = try await check(node, "--only", "10,000 messages")
        #expect(result.code == 0 && result.passed == 1, "\(result.output)")
        #expect(node.residentBytes < before + 16 << 20, "\(before) bytes became \(node.residentBytes)")
        #expect(try await node.stop() == 0)
    }

    @Test func blocksOfAStrictChainAreTakenAndRelayed() async throws {
        let user = try PrivateKey(hex: Array(Self.key("user").utf8)).address
        let genesis = GenesisConfiguration.test(
            timestamp: Int64(Date().timeIntervalSince1970) - 60, keys: [try PrivateKey(hex: Array(Self.authority.utf8))],
            fees: GasConfiguration(), balances: [user: "1000000000000000000000"])
        let node = try await RunningNode(genesis: Data(genesis.json))
        let result = try await check(
            node, "--only", "of our own making", "--only", "wrong state root", "--only", "transaction is relayed",
            "--authority-key", Self.authority, "--tx-key", Self.key("user"), "--genesis", "genesis.json")
        #expect(result.code == 0 && result.passed == 3, "\(result.output)\(node.log)")
        #expect(try await node.stop() == 0)
    }

    @Test func nodesOfDifferentGenesisPartWithAReasonOnBothSides() async throws {
        let one = try await RunningNode()
        var text = String(decoding: try Vectors.data("genesis.json"), as: UTF8.self)
        text = text.replacingOccurrences(of: "Vector Chain", with: "Another Chain")
        let other = try await RunningNode(genesis: Data(text.utf8), settings: ["bootstrap_peers: [\"\(one.address)\"]"])
        try await one.wait("its log says why it parted") { one.log.contains("reason=other_chain") }
        try await other.wait("its log says why it parted") { other.log.contains("reason=other_chain") }
        #expect(try await other.stop() == 0)
        #expect(try await one.stop() == 0)
    }

    @Test func nodesWhoseAuthoritiesStandInAnotherOrderPartWithBothValuesOnBothSides() async throws {
        var text = String(decoding: try Vectors.data("genesis.json"), as: UTF8.self)
        let one = try await RunningNode()
        let names = ["0x0a8479160FAF69D64Ee5ae0e5a78cB63dE4e1836", "0xaC06c146FdCF03376745B36FC3d0e9C95e703899"]
        // The first occurrence is the list of authorities; later ones are balances.
        for (name, mark) in zip(names, ["<a>", "<b>"]) {
            let range = try #require(text.range(of: name))
            text.replaceSubrange(range, with: mark)
        }
        text = text.replacing("<a>", with: names[1]).replacing("<b>", with: names[0])
        let other = try await RunningNode(genesis: Data(text.utf8), settings: ["bootstrap_peers: [\"\(one.address)\"]"])
        func rules(_ log: String) -> String { String((log.firstMatch(of: /\ rules=(0x[0-9a-f]{64})/)?.1) ?? "none") }
        let (ours, theirs) = (rules(one.log), rules(other.log))
        #expect(ours.count == 66 && theirs.count == 66 && ours != theirs)
        for (node, mine, foreign) in [(one, ours, theirs), (other, theirs, ours)] {
            try await node.wait("its log says why it parted") {
                node.log.contains("reason=other_rules")
                    && node.log.split(separator: "\n").contains { $0.contains("ours=\(mine)") && $0.contains("theirs=\(foreign)") }
            }
        }
        #expect(!one.log.contains("peer connected") && !other.log.contains("peer connected"))
        #expect(try await other.stop() == 0)
        #expect(try await one.stop() == 0)
    }

    @Test func aGenesisWithOddKeysRunsAndIsWarnedOf() async throws {
        var text = String(decoding: try Vectors.data("genesis.json"), as: UTF8.self)
        text = text.replacing("\"timestamp\"", with: "\"comment\": 1, \"timestamp\"").replacing(
            "\"html\"", with: "\"empty\": \"x\", \"html\"")
        let node = try await RunningNode(genesis: Data(text.utf8))
        #expect(node.log.contains("the genesis has a key that nobody reads file=genesis.json:2:3 key=comment"), "\(node.log)")
        #expect(node.log.contains("the genesis gives a key twice, and the last one counts"))
        #expect(node.log.contains("key=initial_state.empty"))
        #expect(try await node.stop() == 0)
    }

    @Test func aChainDatedAheadIsToldOnceAndTheProducerWaits() async throws {
        let begin = Int64(Date().timeIntervalSince1970) + 86_400
        let key = try PrivateKey(hex: Array(Self.authority.utf8))
        let genesis = GenesisConfiguration.test(timestamp: begin, keys: [key])
        let node = try await RunningNode(genesis: Data(genesis.json), settings: ["node_type: producer", "private_key: producer.key"]) {
            try Data(Self.authority.utf8).write(to: $0.appendingPathComponent("producer.key"))
            chmod($0.appendingPathComponent("producer.key").path, 0o600)
        }
        #expect(node.log.contains("the chain has not begun: no block can be made before its genesis' time"), "\(node.log)")
        #expect(node.log.contains("begins=\(CalendarTime.text(unixSeconds: begin))"))
        let before = node.processorTime
        // What it does while it waits is the matter, so that there is no event to wait for.
        try await Task.sleep(for: .seconds(2))
        #expect(node.processorTime - before < 0.5, "it spins")
        #expect(node.log.components(separatedBy: "the chain has not begun").count == 2)
        #expect(!node.log.contains("block produced"))
        #expect(try await node.stop() == 0)
    }

    @Test func fiftyHalfReceivedFramesTakeBoundedMemory() async throws {
        let node = try await nodeAtHeightTen(["max_peers: 100"])
        var peak = 0
        let result = try await PythonPeer.run(
            ["halves", node.address, "--count", "50", "--seconds", "4"], in: node.folder,
            meanwhile: { peak = max(peak, node.residentBytes) })
        #expect(result.code == 0, "\(result.output)\(node.log)")
        // The halves together are 250 MiB. The budget lets six frames in; the others wait in the sockets.
        #expect(peak > 0 && peak < 150 << 20, "\(peak) bytes at most; \(result.output)")
        let (_, after) = (try await check(node, "--only", "block 0 is the genesis"), node.residentBytes)
        #expect(after < 150 << 20)
        #expect(try await node.stop() == 0)
    }

    @Test func fiftyPeersThatAskForBlocksAndDoNotReadTakeBoundedMemoryAndLeaveOthersServed() async throws {
        let node = try await RunningNode(settings: ["max_peers: 100"])
        let sent = try await PythonPeer.run(["send", node.address, Self.chain, "--rate", "80"], in: node.folder)
        try #require(sent.output.contains("the node is at height 130"), "\(sent.output)\(node.log)")
        var peak = 0
        let result = try await PythonPeer.run(
            ["deaf", node.address, "31-130", "--count", "50", "--seconds", "8"], in: node.folder,
            meanwhile: { peak = max(peak, node.residentBytes) })
        #expect(result.code == 0, "\(result.output)\(node.log)")
        // What they ask for is 1.8 GB in all.
        #expect(peak > 0 && peak < 170 << 20, "\(peak) bytes at most; \(result.output)")
        #expect(try await node.stop() == 0)
    }
}
