import ChainService
import Primitives
import TestKit
import Testing

@testable import NodeClient
@testable import Operator
@testable import Terminal

/// The screen from fixed values.
@Suite struct StatusLayoutTests {
    private static let authorities = [
        "0x0a8479160FAF69D64Ee5ae0e5a78cB63dE4e1836", "0xb6ad77e26E15060F42616878D5E285A289bC2487",
        "0xaC06c146FdCF03376745B36FC3d0e9C95e703899",
    ]

    private func peer(_ index: Int, height: UInt64, inbound: Bool = false, type: String = "producer") -> APIAnswer.Peer {
        APIAnswer.Peer(
            id: "0x\(index)", address: "127.0.0.1:900\(index)", direction: inbound ? "inbound" : "outbound", nodeType: type,
            version: "1.0.0",
            height: height, latencyMilliseconds: Double(index) * 0.4 + 0.1, bytesIn: UInt64(index) * 1_500_000, bytesOut: 900)
    }

    /// A full node at height 12345 with three peers and blocks of a second, all well.
    private func healthy() -> StatusSnapshot {
        let now: Int64 = 1_800_000_000
        var info = APIAnswer.NodeInfo(JSONValue.null)
        info.version = "1.0.0"
        info.nodeType = "full"
        info.chainID = "0x597cbac1256d397e97457b046170f6efad785fdf102eb3984eb79d714e394d78"
        info.height = 12_345
        info.bestPeerHeight = 12_345
        info.isSyncing = false
        info.uptimeSeconds = 11_523
        let chain = APIAnswer.ChainInfo(
            height: 12_345, hash: "0x0fecad96f24e28061d74fef8395dbc36bdf97f9c5f98274806093a9fec9fd844", genesisHash: "0x59",
            authorities: Self.authorities)
        var snapshot = StatusSnapshot(address: "http://127.0.0.1:8545", takenAt: now, info: info, chain: chain)
        snapshot.blocks = (0..<9).map { index in
            APIAnswer.Block(
                height: 12_345 - UInt64(index), timestamp: now - 1 - Int64(index), producer: Self.authorities[(12_345 - index) % 3],
                transactionCount: 14)
        }
        snapshot.peers = [peer(0, height: 12_345), peer(1, height: 12_290, inbound: true), peer(2, height: 12_399, type: "full")]
        snapshot.mempool = 3
        snapshot.health = APIAnswer.Health(status: "healthy", troubles: [], timestamp: now)
        return snapshot
    }

    private func text(_ snapshot: StatusSnapshot, width: Int? = nil, height: Int? = nil, colours: Bool = false) -> [String] {
        StatusLayout(width: width, height: height).lines(snapshot, warnings: StatusWarning.all(snapshot, version: "1.0.0"))
            .map { $0.text(width: width, hasColours: colours) }
    }

    private func codes(_ snapshot: StatusSnapshot) -> [StatusWarning.Code] { StatusWarning.all(snapshot, version: "1.0.0").map(\.code) }

    // MARK: Screens

    @Test func aHealthyNode() {
        #expect(
            text(healthy()) == [
                "podoru 1.0.0  full  in step  healthy  up 3 h 12 m  http://127.0.0.1:8545",
                "chain     0x597cba…4d78  3 authorities",
                "",
                "height    12,345  0x0fecad…d844",
                "newest    1 s ago  14 transactions  by 0x0a8479…1836",
                "every     1 s  the last ones, newest first: 1 1 1 1 1 1 1 1",
                "mempool   3 transactions",
                "peers     3  1 in, 2 out",
                "  address         dir  type      height             latency     recv   sent",
                "  127.0.0.1:9000  out  producer  12,345              0.1 ms      0 B  900 B",
                "  127.0.0.1:9001  in   producer  12,290  55 behind   0.5 ms  1.4 MiB  900 B",
                "  127.0.0.1:9002  out  full      12,399  54 ahead    0.9 ms  2.9 MiB  900 B",
            ])
    }

    @Test func aSyncShowsTheWay() {
        var snapshot = healthy()
        snapshot.info.isSyncing = true
        snapshot.info.bestPeerHeight = 98_765
        snapshot.blocksPerSecond = 812.4
        let lines = text(snapshot)
        #expect(lines[0].contains("  syncing  "))
        #expect(lines[3] == "height    12,345  0x0fecad…d844  of 98,765")
        #expect(lines[4] == "sync      ███░░░░░░░░░░░░░░░░░░░░░░░░░░░ 12.4 %  812 blocks/s  1 m 47 s left")
        #expect(!lines.contains { $0.hasPrefix("!") }, "old blocks and turns are no news in a sync")
    }

    @Test func aNodeThatOnlyKnowsWhatTheGoNodeSays() throws {
        let info = APIAnswer.NodeInfo(try JSONValue(Array(#"{"version":"1.0.0","type":"podoru-chain","address":"","peers":1}"#.utf8)))
        let chain = try #require(
            APIAnswer.ChainInfo(
                try JSONValue(Array(#"{"height":130,"current_hash":"0x0fecad","genesis_hash":"0x597cbac1","authorities":["0x0a"]}"#.utf8))))
        var snapshot = StatusSnapshot(address: "http://go:8545", takenAt: 1_800_000_000, info: info, chain: chain)
        snapshot.peers = [try #require(APIAnswer.Peer(try JSONValue(Array(#"{"address":"1.2.3.4:9000","id":"1.2.3.4:9000"}"#.utf8))))]
        #expect(
            text(snapshot) == [
                "podoru 1.0.0  in step  http://go:8545",
                "chain     0x597cbac1  1 authority",
                "",
                "height    130  0x0fecad",
                "mempool   not known",
                "peers     1",
                "  address",
                "  1.2.3.4:9000",
            ])
    }

    @Test(arguments: [1, 20, 40, 60, 80]) func noLineIsWiderThanTheTerminal(width: Int) {
        var snapshot = healthy()
        snapshot.takenAt += 3600
        snapshot.info.isSyncing = true
        for line in text(snapshot, width: width) where !line.hasPrefix("!") && !line.hasPrefix("  ") {
            #expect(line.count <= width, "\(line)")
        }
        snapshot.info.isSyncing = false
        for line in text(snapshot, width: max(24, width)) { #expect(line.count <= max(24, width), "\(line)") }
    }

    @Test func aLongListOfPeersGivesWayToTheRest() {
        var snapshot = healthy()
        snapshot.peers = (0..<50).map { peer($0, height: 12_345) }
        let lines = text(snapshot, width: 80, height: 20)
        #expect(lines.count == 20)
        #expect(lines.last == "  … and 40 more")
        #expect(text(snapshot).count == 8 + 1 + 50, "a file has room for all")
    }

    @Test func peersThatFitAreNotCut() {
        let lines = text(healthy(), width: 80, height: 12)
        #expect(lines.count == 12)
        #expect(!lines.contains { $0.contains("more") })
    }

    /// Twenty peers, half of them behind, with as much traffic and as long addresses as there are.
    private func crowded(_ address: (Int) -> String) -> StatusSnapshot {
        var snapshot = healthy()
        snapshot.peers = (0..<20).map { index in
            var peer = peer(index, height: index % 2 == 0 ? 12_345 : 11_111)
            peer.address = address(index)
            (peer.bytesIn, peer.bytesOut, peer.latencyMilliseconds) = (123_456_789, 1_023_999_999, 1234.5)
            return peer
        }
        return snapshot
    }

    @Test func twentyPeersFitThePlainTerminal() {
        var snapshot = crowded { "127.0.0.1:90\(10 + $0)" }
        for index in snapshot.peers.indices { snapshot.peers[index].latencyMilliseconds = 12.3 }
        let lines = text(snapshot, width: 80, height: 23)
        #expect(lines.count == 23)
        #expect(lines.last == "  … and 7 more")
        #expect(lines[8] == "  address         dir  type      height                latency     recv     sent")
        #expect(lines[10] == "  127.0.0.1:9011  out  producer  11,111  1,234 behind  12.3 ms  117 MiB  976 MiB")
        for line in lines { #expect(line.count <= 80, "\(line)") }
    }

    @Test(arguments: [40, 60, 80, 100, 120]) func longAddressesGiveWayInTheMiddleAndColumnsFromTheLeastWanted(width: Int) {
        for snapshot in [crowded { "203.0.113.\(100 + $0):61234" }, crowded { "[2001:db8:1234:5678:9abc:def0:1234:\(1000 + $0)]:61234" }] {
            let lines = text(snapshot, width: width, height: 23)
            #expect(lines.count <= 23)
            for line in lines { #expect(line.count <= width, "\(line)") }
            let table = lines.drop { !$0.hasPrefix("  address") }
            #expect(!table.contains { $0.hasSuffix("…") }, "no column is cut: \(lines)")
            #expect(table.first?.contains("height") == true, "\(lines)")
            #expect(table.dropFirst().dropLast().allSatisfy { $0.contains(":61234") }, "the port stays: \(lines)")
        }
    }

    @Test func warningsComeBeforePeersOnASmallScreen() {
        var snapshot = crowded { "127.0.0.1:90\(10 + $0)" }
        snapshot.takenAt += 3600
        snapshot.mempool = 10_000
        let lines = text(snapshot, width: 80, height: 14)
        #expect(lines.count <= 14)
        #expect(lines.contains { $0.hasPrefix("! no new block for 1 h") })
        #expect(lines.contains { $0.hasPrefix("! the mempool is nearly full") }, "\(lines)")
        #expect(lines.contains { $0.hasPrefix("peers     20") })
        // Smaller still: what does not fit is counted.
        let few = text(snapshot, width: 80, height: 9)
        #expect(few.count == 9)
        #expect(few.last?.hasPrefix("… and ") == true && few.last?.hasSuffix(" more lines") == true, "\(few)")
    }

    @Test func theDevnetsOwnTrafficIsNamed() {
        var snapshot = healthy()
        snapshot.peers[2].version = "1.0.0" + PodoruVersion.trafficTail
        #expect(text(snapshot).last == "  127.0.0.1:9002  out  traffic   12,399  54 ahead    0.9 ms  2.9 MiB  900 B")
    }

    @Test func coloursAreOnlyThereWhenAskedFor() {
        #expect(!text(healthy()).joined().contains("\u{1B}"))
        let coloured = text(healthy(), colours: true)
        #expect(coloured[0].hasPrefix("\u{1B}[1mpodoru 1.0.0\u{1B}[0m  full\u{1B}[32m  in step\u{1B}[0m"))
    }

    @Test func whatAPeerCallsItselfCannotMoveTheCursor() {
        var snapshot = healthy()
        snapshot.peers[0].address = "\u{1B}[2J\u{7}evil\r\n\u{202E}"
        snapshot.info.version = "1.0\u{1B}]0;x\u{7}"
        let all = text(snapshot).joined()
        for harmful in ["\u{1B}", "\u{7}", "\r", "\n", "\u{202E}"] { #expect(!all.unicodeScalars.contains(harmful.unicodeScalars.first!)) }
        #expect(all.contains("evil"))
    }

    // MARK: Warnings

    @Test func aHealthyNodeGivesNoWarning() {
        #expect(codes(healthy()) == [])
    }

    @Test func noPeers() {
        var snapshot = healthy()
        snapshot.peers = []
        snapshot.info.peerCount = 0
        #expect(codes(snapshot) == [.noPeers])
        #expect(snapshot.state == .alone)
        // The only producer of a chain is alone by right.
        snapshot.info.nodeType = "producer"
        snapshot.chain.authorities = [Self.authorities[0]]
        #expect(codes(snapshot) == [])
    }

    @Test func onlyInboundPeers() {
        var snapshot = healthy()
        snapshot.peers = [peer(1, height: 12_345, inbound: true)]
        #expect(codes(snapshot) == [], "a network on one machine")
        snapshot.peers[0].address = "192.0.2.1:9000"
        #expect(codes(snapshot) == [.onlyInbound])
    }

    @Test func behindAndNotSyncing() {
        var snapshot = healthy()
        snapshot.info.bestPeerHeight = 12_355
        #expect(codes(snapshot) == [], "gossip brings ten blocks")
        snapshot.info.bestPeerHeight = 12_356
        #expect(codes(snapshot) == [.behind])
    }

    @Test func noNewBlockNamesWhoseTurnItIs() throws {
        var snapshot = healthy()
        snapshot.takenAt += 9
        snapshot.health?.timestamp = snapshot.takenAt
        #expect(codes(snapshot) == [])
        snapshot.takenAt += 30
        snapshot.health?.timestamp = snapshot.takenAt
        let warning = try #require(StatusWarning.all(snapshot, version: "1.0.0").first)
        #expect(
            warning.text == "no new block for 40 s, usually one comes every 1 s; the next is the turn of \(Self.authorities[12_346 % 3])")
    }

    @Test func aProducerThatMissesItsTurnsIsNamed() {
        var snapshot = healthy()
        for index in snapshot.blocks.indices where snapshot.blocks[index].height % 3 == 1 {
            snapshot.blocks[index].producer = Self.authorities[2]
        }
        #expect(
            StatusWarning.all(snapshot, version: "1.0.0").map(\.text) == [
                "producer \(Self.authorities[1]) missed 3 of its last 3 turns: is it down?"
            ])
        // One of the three it made, whatever the case of its name.
        let made = snapshot.blocks.indices.filter { snapshot.blocks[$0].height % 3 == 1 }[0]
        snapshot.blocks[made].producer = Self.authorities[1].lowercased()
        #expect(
            StatusWarning.all(snapshot, version: "1.0.0").map(\.text) == ["producer \(Self.authorities[1]) missed 2 of its last 3 turns"])
    }

    @Test func clocksThatDiffer() {
        var snapshot = healthy()
        snapshot.health?.timestamp = snapshot.takenAt + 3
        #expect(codes(snapshot) == [])
        snapshot.health?.timestamp = snapshot.takenAt + 60
        #expect(codes(snapshot) == [.clockSkew])
        snapshot.health?.timestamp = nil
        snapshot.takenAt -= 20
        #expect(codes(snapshot) == [.clockSkew], "a block of the future")
    }

    @Test func aFullMempoolAnUnhealthyNodeAnotherVersion() {
        var snapshot = healthy()
        snapshot.mempool = 8_999
        #expect(codes(snapshot) == [])
        snapshot.mempool = 9_000
        snapshot.info.version = "9.9.9"
        snapshot.health = APIAnswer.Health(status: "degraded", troubles: ["network: no peers"], timestamp: nil)
        #expect(codes(snapshot) == [.unhealthy, .mempoolFull, .otherVersion])
    }

    @Test func whatTheWarningsSayAlreadyIsNotSaidTwice() {
        var snapshot = healthy()
        snapshot.health = APIAnswer.Health(status: "degraded", troubles: ["network: no peers"], timestamp: nil)
        snapshot.peers = []
        #expect(codes(snapshot) == [.noPeers])
        snapshot.health?.status = "unhealthy"
        #expect(codes(snapshot) == [.unhealthy, .noPeers])
    }

    // MARK: JSON

    @Test func theJSONHasEveryName() throws {
        let json = try JSONValue(healthy().json(warnings: []))
        guard case .object(let members) = json else {
            Issue.record("no object")
            return
        }
        #expect(
            members.map(\.name) == [
                "api", "time", "version", "commit", "node_type", "address", "chain_id", "rules_hash", "uptime", "state", "health",
                "height", "hash", "target",
                "blocks_per_second", "seconds_left", "last_block", "block_times", "mempool", "peer_count", "inbound", "outbound", "peers",
                "warnings",
            ])
        #expect(json["state"].text == "in_step")
        #expect(json["height"].uint == 12_345)
        #expect(json["last_block"]["age"].int == 1)
        #expect(json["peers"].array?.count == 3)
        #expect(json["peers"].array?[1]["latency_ms"].double == 0.5)
        #expect(json["address"].isNull)
    }
}
