import Foundation
import Network
import PodoruConfiguration
import Primitives
import Storage
import TestKit
import Testing
import Wire

@testable import NodeClient
@testable import Operator

/// What is made of what was seen, from fixed values.
@Suite struct DoctorJudgementTests {
    private let chain = "0x" + String(repeating: "ab", count: 32)
    private let otherChain = "0x" + String(repeating: "cd", count: 32)

    private func handshake(_ chainID: String, version: String = "1.4.2", nodeID: String? = nil) -> PeerAnswer {
        .handshake(
            Handshake(
                version: version, chainID: chainID, height: 12_345, nodeType: .producer, listenAddress: "0.0.0.0:9000", nodeID: nodeID),
            offset: 0)
    }

    // MARK: Clock

    @Test func theMedianOfThePeersCounts() {
        #expect(ClockCheck(isSynchronised: true, offsets: []).offset == nil)
        #expect(ClockCheck(isSynchronised: true, offsets: [0.2, 3600, -0.3]).offset == 0.2)
        #expect(ClockCheck(isSynchronised: true, offsets: [1, 3]).offset == 2)
    }

    @Test func aSmallOffsetIsFineAndALargeOneIsNot() {
        func outcome(_ offset: Double) -> DoctorFinding.Outcome { ClockCheck(isSynchronised: true, offsets: [offset]).finding.outcome }
        #expect(outcome(1.9) == .ok && outcome(-1.9) == .ok)
        #expect(outcome(2) == .warning && outcome(-9.9) == .warning)
        #expect(outcome(10) == .failure && outcome(-60) == .failure)
    }

    @Test func theDirectionIsSaid() {
        #expect(ClockCheck(offsets: [60]).finding.seen == "this machine's clock is 60.0 s behind that of the one peer that answered")
        #expect(ClockCheck(offsets: [-60, -60]).finding.seen == "this machine's clock is 60.0 s ahead of the clocks of 2 peers")
    }

    @Test func aClockThatNobodyKeepsInStepIsDoubtful() {
        #expect(ClockCheck(isSynchronised: false).finding.outcome == .warning)
        #expect(ClockCheck(isSynchronised: true).finding == .ok(.clock, "kept in step by NTP"))
        #expect(ClockCheck(isSynchronised: nil).finding.outcome == .skipped)
        #expect(ClockCheck(isSynchronised: nil, offsets: [0.1]).finding.outcome == .ok)
    }

    // MARK: Disk and limits

    private func disk(_ space: DiskSpace?, store: UInt64 = 0, flush: Double = 1) -> [DoctorFinding.Outcome] {
        DiskFacts(space: space, storeBytes: store, speed: .flush(milliseconds: flush)).findings(of: "data").map(\.outcome)
    }

    @Test func aDiskIsJudgedByItsRoomFilesMountAndSpeed() {
        let roomy = DiskSpace(freeBytes: 1 << 40, freeFiles: 1 << 20)
        #expect(disk(roomy) == [.ok])
        #expect(disk(nil) == [.skipped])
        #expect(disk(DiskSpace(freeBytes: DiskSpace.lowBytes - 1)) == [.warning])
        #expect(disk(DiskSpace(freeBytes: DiskSpace.fullBytes - 1)) == [.failure])
        #expect(disk(DiskSpace(freeBytes: 9 << 30), store: 100 << 30) == [.warning], "a tenth of the store")
        #expect(disk(DiskSpace(freeBytes: 1 << 40, freeFiles: 3)) == [.failure])
        #expect(disk(DiskSpace(freeBytes: 1 << 40, isReadOnly: true)) == [.failure])
        #expect(disk(roomy, flush: 49) == [.ok] && disk(roomy, flush: 50) == [.warning])
        #expect(disk(DiskSpace(freeBytes: 0, freeFiles: 0), flush: 1000) == [.failure, .failure, .warning])
    }

    @Test func openFilesMustDoForTheConnections() {
        #expect(LimitCheck.finding(limit: 4498, of: "the node", needed: 4498).outcome == .ok)
        #expect(LimitCheck.finding(limit: 4497, of: "the node", needed: 4498).outcome == .warning)
        #expect(LimitCheck.finding(limit: .max, of: "the node", needed: 4498).outcome == .ok)
    }

    // MARK: Peers

    private func peers(_ answers: PeerAnswer..., identity: String? = nil) -> [DoctorFinding] {
        let check = PeerCheck(chainID: chain, identity: identity.flatMap { Address(ByteString($0)) })
        return check.findings(answers.enumerated().map { PeerCheck.Asked(peer: "p\($0.offset):9000", answer: $0.element) })
    }

    @Test func aPeerOfTheChainIsTold() {
        #expect(peers(handshake(chain)) == [.ok(.peer, "p0:9000: producer at height 12,345, version 1.4.2, same chain")])
        #expect(peers(handshake(chain.uppercased().replacingOccurrences(of: "0X", with: "0x"))).map(\.outcome) == [.ok])
    }

    @Test func whatIsWrongWithAPeerIsAFailureWhenNoneIsGood() {
        let bad: [(PeerAnswer, String)] = [
            (.unresolved("unknown"), "the name leads to no address: unknown"), (.unreachable("connection refused"), "no connection"),
            (.closed, "closed the connection before its handshake"), (.silent, "sent no handshake in time"),
            (.violation(.payloadIsObject), "the dialect of the published Go node"), (.violation(.emptyFrame), "a frame of length 0"),
            (.stranger(type: 5), "a message of type 5"), (handshake(otherChain), "is on another chain: \(otherChain)"),
            (handshake(chain, version: "2.0.0"), "runs version 2.0.0"), (handshake(chain, version: "new"), "runs version new"),
        ]
        for (answer, words) in bad {
            let alone = peers(answer)
            #expect(alone.map(\.outcome) == [.failure] && alone[0].seen.contains(words), "\(alone)")
            #expect(peers(answer, handshake(chain)).map(\.outcome) == [.warning, .ok])
        }
    }

    @Test func theNodeItselfIsNoPeer() {
        let own = "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf"
        let found = peers(handshake(chain, nodeID: own.lowercased()), identity: own)
        #expect(found[0].outcome == .failure && found[0].seen == "p0:9000: is this node itself")
    }

    @Test func noPeersAreDoubtfulUnlessNoneAreNeeded() {
        #expect(peers().map(\.outcome) == [.warning])
        #expect(PeerCheck(chainID: chain, isAlone: true).findings([]).map(\.outcome) == [.ok])
    }

    @Test func withoutAGenesisNothingIsSaidOfThePeersChain() {
        let found = PeerCheck().findings([PeerCheck.Asked(peer: "p:9000", answer: handshake(chain))])
        #expect(found[0].outcome == .failure && found[0].remedy == "Mend the genesis file first.")
    }

    // MARK: Ports

    private func ports(
        _ p2p: PortProbe, _ holder: StoreHolder, _ answer: PeerAnswer? = nil, external: PeerAnswer? = nil,
        _ change: (inout NodeConfiguration) -> Void = { _ in }
    ) -> PortCheck {
        var configuration = NodeConfiguration()
        change(&configuration)
        return PortCheck(
            configuration: configuration, chainID: chain, genesisHash: chain, holder: holder, p2p: p2p, p2pAnswer: answer, api: .free,
            node: .late, external: external)
    }

    @Test func aPortIsTheNodesOwnWhenTheStoreIsOpenAndTheChainAnswers() {
        #expect(ports(.taken, .process(7), handshake(chain)).p2pFinding == .ok(.p2pPort, "port 9000 is held by this node (process 7)"))
        #expect(ports(.taken, .unknown, handshake(chain)).p2pFinding.outcome == .ok)
        #expect(ports(.taken, .nobody, handshake(chain)).p2pFinding.outcome == .failure, "a node with another store")
        #expect(ports(.taken, .process(7), handshake(otherChain)).p2pFinding.outcome == .failure)
        #expect(ports(.taken, .process(7), .silent).p2pFinding.outcome == .failure)
        #expect(ports(.taken, .nobody, .closed).p2pFinding.seen == "port 9000 is taken, and no podoru node answers there")
    }

    @Test func aFreePortIsFineUnlessTheNodeRuns() {
        #expect(ports(.free, .nobody).p2pFinding == .ok(.p2pPort, "port 9000 is free"))
        #expect(ports(.free, .unknown).p2pFinding.outcome == .ok)
        #expect(ports(.free, .process(7)).p2pFinding.outcome == .warning)
        #expect(ports(.foreignAddress, .nobody).p2pFinding.outcome == .failure)
        #expect(ports(.forbidden, .nobody).p2pFinding.outcome == .failure)
        #expect(ports(.free, .nobody) { $0.p2pPort = 0 }.p2pFinding.outcome == .warning)
        #expect(ports(.free, .nobody) { $0.apiEnabled = false }.apiFinding == .ok(.apiPort, "the API is off"))
    }

    @Test func aLowPortIsForThoseWhoMayTakeIt() {
        func finding(_ probe: PortProbe, _ isGranted: Bool?, firstFree: UInt16 = 1024) -> DoctorFinding {
            var check = ports(probe, .nobody) { $0.p2pPort = 900 }
            check.privilege.isGranted = isGranted
            check.privilege.firstFree = firstFree
            check.privilege.whom = "podoru.service"
            return check.p2pFinding
        }
        let refused = finding(.free, false)
        #expect(refused.outcome == .failure && refused.seen == "port 900 is kept for the privileged, and podoru.service is not")
        #expect(refused.remedy?.contains("low-port.conf") == true)
        #expect(finding(.forbidden, false).seen == refused.seen)
        #expect(finding(.free, true).outcome == .ok && finding(.free, nil).outcome == .ok)
        #expect(finding(.forbidden, true).outcome == .skipped, "the service may, this user may not try")
        #expect(finding(.forbidden, nil).outcome == .failure)
        #expect(finding(.free, false, firstFree: 80).outcome == .ok)
    }

    @Test func anAddressForOthersNeedsAnOpenDoor() {
        func reachable(_ external: PeerAnswer?, _ bind: String = "0.0.0.0") -> DoctorFinding {
            ports(.taken, .process(7), handshake(chain), external: external) {
                $0.externalAddress = .of("node.example.org:9000")
                $0.p2pBindAddr = bind
            }.reachableFinding
        }
        #expect(reachable(handshake(chain)).outcome == .ok)
        #expect(reachable(handshake(otherChain)).outcome == .failure)
        #expect(reachable(.unresolved("unknown")).outcome == .failure)
        #expect(reachable(nil).outcome == .skipped)
        #expect(reachable(handshake(chain), "127.0.0.1").outcome == .failure)
        let hairpin = reachable(.unreachable("nobody took the connection in time"))
        #expect(hairpin.outcome == .warning && hairpin.remedy?.contains("NAT hairpin") == true)
        #expect(hairpin.remedy?.contains("nc -zv node.example.org 9000") == true)
    }

    @Test func aNodeForThisMachineAloneIsFineIfItsPeersAreHereToo() {
        func reachable(_ peers: [Endpoint]) -> DoctorFinding.Outcome {
            ports(.free, .nobody) {
                $0.p2pBindAddr = "127.0.0.1"
                $0.bootstrapPeers = peers
            }.reachableFinding.outcome
        }
        #expect(reachable([]) == .ok && reachable([.of("127.0.0.1:9001")]) == .ok && reachable([.of("192.0.2.1:9000")]) == .warning)
    }

    // MARK: The node and its files

    @Test func aNodeThatRunsMustAnswer() {
        let gone = NodeAnswer.failed(.unreachable(.standard, "connection refused"))
        #expect(gone.findings(isRunning: false).map(\.outcome) == [.skipped])
        #expect(gone.findings(isRunning: nil).map(\.outcome) == [.skipped])
        #expect(gone.findings(isRunning: true).map(\.outcome) == [.failure])
        #expect(NodeAnswer.late.findings(isRunning: true).map(\.outcome) == [.failure])
        #expect(NodeAnswer.unasked("off").findings(isRunning: true).map(\.outcome) == [.skipped])
    }

    @Test func filesAreForTheirOwnerGroupAndOthers() {
        let file = FileFacts(kind: .file, mode: 0o640, owner: 10, group: 20)
        #expect(file.modeText == "0640")
        #expect(file.allows(6, to: SystemUser(name: "owner", id: 10, groups: [])))
        #expect(file.allows(4, to: SystemUser(name: "member", id: 11, groups: [20])))
        #expect(!file.allows(2, to: SystemUser(name: "member", id: 11, groups: [20])))
        #expect(!file.allows(4, to: SystemUser(name: "other", id: 12, groups: [21])))
        #expect(file.allows(6, to: SystemUser(name: "root", id: 0, groups: [])))
        // The owner's bits count for the owner, whatever the group may.
        #expect(!FileFacts(kind: .file, mode: 0o060, owner: 10, group: 20).allows(4, to: SystemUser(name: "o", id: 10, groups: [20])))
    }
}
