import ChainService
import Testing

@testable import NodeClient
@testable import Operator

/// What is said of a producer that made none of its blocks, and of clocks.
@Suite struct ProducerWarningTests {
    private static let authorities = [
        "0x0a8479160FAF69D64Ee5ae0e5a78cB63dE4e1836", "0xb6ad77e26E15060F42616878D5E285A289bC2487",
        "0xaC06c146FdCF03376745B36FC3d0e9C95e703899",
    ]

    /// A full node at height 30 of a chain whose second producer has made none of its blocks.
    private func snapshot(_ change: (inout StatusSnapshot) -> Void = { _ in }) -> StatusSnapshot {
        var info = APIAnswer.NodeInfo(JSONValue.null)
        info.nodeType = "full"
        info.address = "0x1111111111111111111111111111111111111111"
        let chain = APIAnswer.ChainInfo(height: 30, hash: "0x1", genesisHash: "0x2", authorities: Self.authorities)
        var snapshot = StatusSnapshot(address: "http://127.0.0.1:8545", takenAt: 1_800_000_000, info: info, chain: chain)
        snapshot.blocks = (0..<9).map { index in
            let turn = (30 - index) % 3
            return APIAnswer.Block(
                height: 30 - UInt64(index), timestamp: 1_799_999_999 - Int64(index), producer: Self.authorities[turn == 1 ? 2 : turn],
                transactionCount: 0)
        }
        snapshot.peers = [peer(Self.authorities[0]), peer(Self.authorities[2])]
        change(&snapshot)
        return snapshot
    }

    private func peer(_ id: String, height: UInt64 = 30, type: String = "producer") -> APIAnswer.Peer {
        APIAnswer.Peer(id: id, address: "10.0.0.1:9000", direction: "outbound", nodeType: type, height: height)
    }

    private func missed(_ snapshot: StatusSnapshot) -> [String] {
        StatusWarning.all(snapshot).filter { $0.code == .missedTurns }.map(\.text)
    }

    private let missing = "producer 0xb6ad77e26E15060F42616878D5E285A289bC2487 missed 3 of its last 3 turns"

    @Test func whoIsNotConnectedMayBeDown() {
        #expect(missed(snapshot()) == ["\(missing): is it down?"])
    }

    @Test func aConnectedPeerInStepIsNotDown() {
        let connected = snapshot { $0.peers.append(peer(Self.authorities[1].lowercased())) }
        #expect(missed(connected) == ["\(missing): it is connected and in step; is its clock slow, or its production paused?"])
    }

    @Test func aConnectedPeerThatIsBehindIsCalledThat() {
        let behind = snapshot { $0.peers.append(peer(Self.authorities[1], height: 7)) }
        #expect(missed(behind) == ["\(missing): it is connected and behind, at height 7"])
    }

    @Test func anAuthorityThatRunsAsAFullNodeIsCalledThat() {
        let full = snapshot { $0.peers.append(peer(Self.authorities[1], type: "full")) }
        #expect(missed(full) == ["\(missing): it is connected and in step, but runs as a full node"])
    }

    @Test func aFastClockOfAnotherExplainsMissedTurns() {
        let taken = snapshot {
            $0.peers.append(peer(Self.authorities[1]))
            $0.info.clockOffsets = [.init(producer: Self.authorities[2], ahead: 20.4), .init(producer: Self.authorities[0], ahead: -0.5)]
        }
        #expect(missed(taken) == ["\(missing): the clock of producer \(Self.authorities[2]) is fast, so that it takes others' turns"])
        #expect(
            StatusWarning.all(taken).map(\.text).contains(
                "the clock of producer \(Self.authorities[2]) is 20 s ahead of the node's: check NTP on both"))
    }

    @Test func theNodesOwnMissedTurnsAreItsOwn() {
        let own = snapshot {
            $0.info.nodeType = "producer"
            $0.info.address = Self.authorities[1].lowercased()
        }
        let told = missed(own)
        #expect(told.count == 1)
        #expect(
            told.first?.hasPrefix("this node, which is producer \(Self.authorities[1]), missed 3 of its last 3 turns: is production paused")
                == true, "\(told)")
        #expect(told.first?.contains("down") == false)
    }

    @Test func whenAllProducersAreAheadItIsTheNodesClock() {
        let slow = snapshot {
            $0.info.clockOffsets = [.init(producer: Self.authorities[0], ahead: 5.4), .init(producer: Self.authorities[2], ahead: 5.9)]
        }
        let clocks = StatusWarning.all(slow).filter { $0.code == .clockSkew }.map(\.text)
        #expect(clocks == ["the node's clock is 5 s or more behind those of all producers: check NTP there"])
    }

    @Test func aChainThatHasNotBegunIsNoFaultOfAClock() {
        let early = snapshot {
            $0.chain.height = 0
            $0.info.height = 0
            $0.blocks = [.init(height: 0, timestamp: 1_800_086_400, producer: "0x0", transactionCount: 0)]
        }
        let warnings = StatusWarning.all(early)
        #expect(warnings.map(\.code) == [.notBegun])
        #expect(warnings.first?.text.contains("its genesis is dated 2027-01-16T08:00:00Z") == true, "\(warnings)")
    }

    @Test(arguments: [.min, .min + 1, 0, .max] as [Int64]) func numbersAtTheEndsAreTaken(_ timestamp: Int64) {
        for height in [0, 30] as [UInt64] {
            let odd = snapshot {
                $0.chain.height = height
                $0.blocks = [.init(height: height, timestamp: timestamp, producer: "0x0", transactionCount: 0)]
                $0.health = APIAnswer.Health(status: "healthy", troubles: [], timestamp: timestamp)
                $0.info.clockOffsets = [.init(producer: "a", ahead: 1e9), .init(producer: "b", ahead: -1e9)]
            }
            #expect(!ClockWarnings.all(odd).isEmpty)
        }
    }
}
