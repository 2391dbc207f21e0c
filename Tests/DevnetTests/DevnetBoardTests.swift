import Platform
import Primitives
import Supervisor
import TestKit
import Testing

@testable import Devnet

/// What the devnet makes of its nodes' reports, and how it shows them.
@Suite struct DevnetBoardTests {
    private func seen(_ height: UInt64, _ origin: NodeReport.Origin) -> NodeReport {
        var block = NodeReport.BlockSeen()
        block.height = height
        block.origin = origin
        return .block(block)
    }

    private func status(_ height: UInt64, byte: UInt8 = 7, peers: UInt64 = 3) -> NodeReport {
        var status = NodeReport.Status()
        status.height = height
        status.hash = Hash32(hex: [UInt8](repeating: UInt8(ascii: "0") + byte, count: 64)) ?? .zero
        status.outbound = peers
        return .status(status)
    }

    /// A board of some nodes that run and answer at `time`, at height 42.
    private func board(_ count: Int, apiPort: Int? = 8545, at time: Int64 = 1000) -> DevnetBoard {
        var board = DevnetBoard(
            nodes: (0..<count).map { index in
                (name: "producer-\(index + 1)", port: UInt16(9000 + index), api: apiPort.map { "http://127.0.0.1:\($0 + index)" })
            })
        for index in 0..<count {
            board.started(index, processID: Int32(1_000_000 + index))
            board.take(.ready(NodeReport.Ready(port: UInt16(9000 + index))), from: index, at: time)
            board.take(status(42), from: index, at: time)
        }
        return board
    }

    private func lines(
        _ board: DevnetBoard, width: Int? = nil, height: Int? = nil, at now: Int64 = 1000, program: String = "podoru"
    ) -> [String] {
        DevnetTable(width: width, height: height).lines(board, elapsed: "20 s", note: "running", now: now, program: program)
    }

    // MARK: States

    @Test func aRangeThatIsToldByItsHeadCountsWholly() {
        var board = board(1)
        for report in [seen(17, .sync), seen(18, .gossip), seen(20, .sync)] { board.take(report, from: 0, at: 1000) }
        #expect(board.nodes[0].blocksBySync == 19)
        #expect(lines(board).contains { $0.hasSuffix("in step, 19 synced") })
    }

    @Test func aNodeThatDoesNotReportIsNotInStep() {
        var board = board(2)
        board.take(status(43, byte: 8), from: 1, at: 6000)
        #expect(board.state(of: 0, at: 3000) == .inStep, "eight reports may be late")
        #expect(board.state(of: 0, at: 6000) == .noAnswer(seconds: 5))
        #expect(board.state(of: 1, at: 6000) == .inStep)
        #expect(lines(board, at: 6000).contains { $0.hasPrefix("producer-1") && $0.hasSuffix("no answer for 5 s") })
        // Once it goes on it is behind for a moment.
        board.take(status(42), from: 0, at: 6100)
        board.take(status(50, byte: 9), from: 1, at: 6100)
        #expect(board.state(of: 0, at: 6100) == .behind(8))
    }

    @Test func nodesAgreeOnlyWhenAllAnswer() {
        var board = board(3)
        #expect(board.commonHead(at: 1000)?.height == 42)
        #expect(board.commonHead(at: 4000) == nil, "all are silent")
        board.take(status(43, byte: 8), from: 2, at: 1000)
        #expect(board.commonHead(at: 1000) == nil)
        board.take(status(42), from: 2, at: 1000)
        board.ended(2, .signal(9), returnsAt: nil)
        #expect(board.commonHead(at: 1000) == nil, "one is down")
    }

    @Test func aNodeThatEndedIsDownUntilItIsBack() {
        var board = board(2)
        board.ended(1, .signal(9), returnsAt: 4000)
        #expect(lines(board).contains { $0.hasPrefix("producer-2") && $0.hasSuffix("down, back in 3 s") })
        board.started(1, processID: 77)
        #expect(board.state(of: 1, at: 4000) == .starting)
        board.ended(1, .code(78), returnsAt: nil)
        #expect(lines(board, at: 4000).contains { $0.hasSuffix("down: exit code 78") })
    }

    @Test func whatTheDevnetItselfConnectsIsNoPeer() {
        var board = board(1)
        #expect(board.peerCount(of: 0) == 3)
        board.trafficPorts = [9000]
        #expect(board.peerCount(of: 0) == 2)
        board.trafficPorts = [9001]
        #expect(board.peerCount(of: 0) == 3)
    }

    // MARK: Coming back

    @Test func aNodeThatDoesNotStayComesBackLaterEachTime() {
        var restart = DevnetRestart()
        let waits = (0..<6).map { _ in restart.next(after: .signal(11), ranFor: 1000, at: 0) }
        #expect(waits == [3000, 6000, 12_000, 24_000, 30_000, 30_000])
        #expect(restart.next(after: .signal(9), ranFor: 60_000, at: 500) == 3500, "it had stayed")
    }

    @Test(arguments: [64, 65, 66, 77, 78] as [Int32]) func aMistakeDoesNotGoAwayByItself(code: Int32) {
        var restart = DevnetRestart()
        #expect(restart.next(after: .code(code), ranFor: 1000, at: 0) == nil)
        #expect(restart.next(after: .code(70), ranFor: 1000, at: 0) == 3000)
    }

    @Test func howAProcessEndedIsReadFromItsStatus() {
        #expect(ChildEnding(waitStatus: 78 << 8) == .code(78))
        #expect("\(ChildEnding(waitStatus: 9))" == "SIGKILL")
        #expect("\(ChildEnding(waitStatus: 0x80 | 11))" == "SIGSEGV", "with a core file")
        #expect("\(ChildEnding(waitStatus: 10))" == "signal 10")
    }

    // MARK: Screens

    @Test func theWholeTable() {
        var board = board(2)
        board.trafficPorts = [9001]
        #expect(
            lines(board) == [
                "podoru devnet  20 s  running",
                "",
                "node            pid  p2p   api   height  head      peers  pool  state",
                "producer-1  1000000  9000  8545      42  77777777      3     0  in step",
                "producer-2  1000001  9001  8546      42  77777777      2     0  in step",
                "",
                "hop (frame received to relayed)    none yet",
                "propagation (first node to others) none yet",
                "transactions in blocks             0",
                "",
                "ask a node: curl http://127.0.0.1:8545/api/v1/node/info",
                "watch one:  podoru status --watch",
            ])
    }

    @Test func aCommandToPasteIsWhole() {
        let long = "/home/somebody/a/long/way/down/podoru-chain/.build/release/podoru"
        #expect(lines(board(1), program: long).last == "watch one:  \(long) status --watch")
        #expect(lines(board(1), width: 80, program: long).last == "watch one:  podoru status --watch")
        #expect(lines(board(1, apiPort: 9545), width: 80).last == "watch one:  podoru status --watch --api http://127.0.0.1:9545")
        #expect(!lines(board(1, apiPort: nil)).joined().contains("api"))
    }

    @Test func nineNodesAndEveryStateFitThePlainTerminal() {
        var board = board(9)
        board.ended(0, .signal(9), returnsAt: 90_000)
        board.ended(1, .code(78), returnsAt: nil)
        for index in 3..<9 { board.take(status(123_456, byte: 8, peers: 40), from: index, at: 80_000) }
        board.take(seen(123_400, .sync), from: 4, at: 80_000)
        var syncing = NodeReport.Status()
        syncing.isSyncing = true
        syncing.target = 123_456
        syncing.decisyncRate = 12_345
        board.take(.status(syncing), from: 5, at: 80_000)
        let lines = lines(board, width: 80, height: 23, at: 80_000)
        #expect(lines.count <= 23)
        for line in lines { #expect(line.count <= 80, "\(line)") }
        for state in [
            "down, back in 10 s", "down: exit code 78", "no answer for 1 m 19 s", "in step, 123400 synced", "syncing to 123456, 1234/s",
        ] { #expect(lines.contains { $0.hasSuffix(state) }, "\(state): \(lines)") }
        #expect(lines.last == "watch one:  podoru status --watch --api http://127.0.0.1:8547")
    }

    @Test(arguments: [10, 24, 40, 60, 79, 80, 120], [4, 10, 24]) func everySizeIsKept(width: Int, height: Int) {
        var board = board(41)
        board.ended(40, .signal(9), returnsAt: 4000)
        let lines = lines(board, width: width, height: height)
        #expect(lines.count <= height)
        guard height >= 10 else { return }
        #expect(lines.contains { $0.hasPrefix("… and ") && $0.hasSuffix(" more, all in step") }, "\(lines)")
        #expect(lines.contains { $0.hasPrefix("producer-41") }, "what is down is shown: \(lines)")
        if width >= 40 { #expect(lines.filter { $0.hasPrefix("producer-") }.allSatisfy { $0.count <= width }, "\(lines)") }
    }
}
