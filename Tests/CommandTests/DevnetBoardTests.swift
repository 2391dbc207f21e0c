import Node
import Primitives
import Testing

@testable import podoru

/// What the devnet makes of its nodes' reports.
@Suite struct DevnetBoardTests {
    private func seen(_ height: UInt64, _ origin: NodeReport.Origin) -> NodeReport {
        var block = NodeReport.BlockSeen()
        block.height = height
        block.origin = origin
        return .block(block)
    }

    @Test func aRangeThatIsToldByItsHeadCountsWholly() {
        var board = DevnetBoard(nodes: [(name: "late", port: 9004, api: nil)])
        for report in [seen(17, .sync), seen(18, .gossip), seen(20, .sync)] { board.take(report, from: 0) }
        #expect(board.nodes[0].blocksBySync == 19)
        board.take(.ready(NodeReport.Ready(port: 9004)), from: 0)
        #expect(board.lines(elapsed: "1 s", note: "running").contains { $0.contains("in step (19 blocks by sync)") })
    }
}
