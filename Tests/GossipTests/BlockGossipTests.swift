import Gossip
import Primitives
import Testing

@Suite struct BlockGossipTests {
    static let good = [UInt8](repeating: 1, count: 14_000)
    static let bad = [UInt8](repeating: 2, count: 14_000)

    /// Gossip with peers 1 … `count`.
    static func gossip(_ count: Int, _ change: (inout BlockGossipConfiguration) -> Void = { _ in }) -> BlockGossip {
        var configuration = BlockGossipConfiguration()
        change(&configuration)
        var gossip = BlockGossip(configuration: configuration)
        for peer in 1...count { gossip.peerReady(id(peer)) }
        return gossip
    }

    @Test func aValidBlockIsRelayedToAllButTheSender() {
        var gossip = Self.gossip(4)
        #expect(gossip.blockArrived(hash(1), payload: Self.good, from: id(2), at: at(0)) == .validate)
        #expect(gossip.blockAccepted(hash(1), at: at(3)) == [id(1), id(3), id(4)])
    }

    @Test func whoSentACopyMeanwhileIsLeftOut() {
        var gossip = Self.gossip(4)
        #expect(gossip.blockArrived(hash(1), payload: Self.good, from: id(2), at: at(0)) == .validate)
        #expect(gossip.blockArrived(hash(1), payload: Self.good, from: id(4), at: at(1)) == .waiting)
        #expect(gossip.blockAccepted(hash(1), at: at(3)) == [id(1), id(3)])
    }

    @Test func aBlockIsRelayedOnce() {
        var gossip = Self.gossip(3)
        #expect(gossip.blockAccepted(hash(1), at: at(0)) == [id(1), id(2), id(3)])
        #expect(gossip.blockAccepted(hash(1), at: at(1)) == [])
        #expect(gossip.blockArrived(hash(1), payload: Self.good, from: id(1), at: at(2)) == .duplicate)
    }

    @Test func aPeerThatIsGoneGetsNothing() {
        var gossip = Self.gossip(3)
        #expect(gossip.blockArrived(hash(1), payload: Self.good, from: id(1), at: at(0)) == .validate)
        gossip.peerGone(id(2))
        #expect(gossip.remnants(of: id(2)) == [])
        gossip.peerReady(id(4))
        #expect(gossip.blockAccepted(hash(1), at: at(3)) == [id(3), id(4)])
    }

    @Test func aBadBodyDoesNotPoisonTheHash() {
        var gossip = Self.gossip(3)
        #expect(gossip.blockArrived(hash(1), payload: Self.bad, from: id(1), at: at(0)) == .validate)
        #expect(gossip.blockArrived(hash(1), payload: Self.good, from: id(2), at: at(1)) == .waiting)
        let next = BlockCandidate(hash: hash(1), payload: Self.good, from: id(2), receivedAt: at(1).uptime)
        #expect(gossip.blockRejected(hash(1), .body, at: at(2)) == BlockRejectionOutcome(culprits: [id(1)], next: next))
        #expect(gossip.blockAccepted(hash(1), at: at(3)) == [id(3)])
        #expect(gossip.checkInvariants() == [])
    }

    @Test func afterABadBodyAloneALaterCopyIsValidated() {
        var gossip = Self.gossip(3)
        #expect(gossip.blockArrived(hash(1), payload: Self.bad, from: id(1), at: at(0)) == .validate)
        #expect(gossip.blockRejected(hash(1), .body, at: at(2)) == BlockRejectionOutcome(culprits: [id(1)], next: nil))
        #expect(gossip.blockArrived(hash(1), payload: Self.good, from: id(2), at: at(3)) == .validate)
    }

    @Test func everyoneWhoSentTheSameBadBytesIsToBlame() {
        var gossip = Self.gossip(4)
        _ = gossip.blockArrived(hash(1), payload: Self.bad, from: id(1), at: at(0))
        _ = gossip.blockArrived(hash(1), payload: Self.good, from: id(2), at: at(0))
        _ = gossip.blockArrived(hash(1), payload: Self.bad, from: id(3), at: at(0))
        _ = gossip.blockArrived(hash(1), payload: Self.good, from: id(4), at: at(0))
        #expect(gossip.blockRejected(hash(1), .body, at: at(2)).culprits == [id(1), id(3)])
        #expect(gossip.blockRejected(hash(1), .body, at: at(2)) == BlockRejectionOutcome(culprits: [id(2), id(4)], next: nil))
    }

    @Test func twoOtherCopiesAreKeptAtMost() {
        var gossip = Self.gossip(6)
        for peer in 1...6 {
            _ = gossip.blockArrived(hash(1), payload: [UInt8](repeating: UInt8(peer), count: 100), from: id(peer), at: at(0))
        }
        #expect(gossip.checkInvariants() == [])
        #expect(gossip.blockRejected(hash(1), .body, at: at(1)).next?.from == id(2))
        #expect(gossip.blockRejected(hash(1), .body, at: at(2)).next?.from == id(3))
        #expect(gossip.blockRejected(hash(1), .body, at: at(3)).next == nil)
    }

    @Test func theBytesOfCopiesAreBounded() {
        var gossip = Self.gossip(6) { $0.alternateBytes = 250 }
        for block in 1...4 {
            for peer in 1...3 {
                _ = gossip.blockArrived(hash(block), payload: [UInt8](repeating: UInt8(peer), count: 100), from: id(peer), at: at(0))
            }
        }
        #expect((1...4).map { Self.keptCopies(of: hash($0), in: gossip) } == [2, 0, 0, 0])
        #expect(gossip.checkInvariants() == [])
        // What is given up leaves room again.
        _ = gossip.blockAccepted(hash(1), at: at(1))
        _ = gossip.blockArrived(hash(4), payload: [9, 9, 9], from: id(5), at: at(2))
        #expect(Self.keptCopies(of: hash(4), in: gossip) == 1)
        #expect(gossip.checkInvariants() == [])
    }

    /// How many further copies of a block would be tried, one after the other.
    private static func keptCopies(of hash: Hash32, in gossip: BlockGossip) -> Int {
        var gossip = gossip
        var count = 0
        while gossip.blockRejected(hash, .body, at: at(1)).next != nil { count += 1 }
        return count
    }

    @Test func aBadHeaderPoisonsTheHashForALimitedTime() {
        var gossip = Self.gossip(3) { $0.knownBadLifetime = .seconds(10) }
        _ = gossip.blockArrived(hash(1), payload: Self.bad, from: id(1), at: at(0))
        _ = gossip.blockArrived(hash(1), payload: Self.good, from: id(2), at: at(0))
        #expect(gossip.blockRejected(hash(1), .header, at: at(1)) == BlockRejectionOutcome(culprits: [id(1), id(2)], next: nil))
        #expect(gossip.blockArrived(hash(1), payload: Self.good, from: id(3), at: at(9000)) == .knownBad)
        #expect(gossip.blockArrived(hash(1), payload: Self.good, from: id(3), at: at(20_002)) == .validate)
    }

    @Test func aBlockSetAsideIsValidatedWhenItComesAgain() {
        var gossip = Self.gossip(2)
        _ = gossip.blockArrived(hash(1), payload: Self.good, from: id(1), at: at(0))
        gossip.blockSetAside(hash(1))
        #expect(gossip.blockArrived(hash(1), payload: Self.good, from: id(2), at: at(1)) == .validate)
    }

    @Test func aBlockThatTheChainHasIsADuplicate() {
        var gossip = Self.gossip(2)
        gossip.blockKnown(hash(1), at: at(0))
        #expect(gossip.blockArrived(hash(1), payload: Self.good, from: id(2), at: at(1)) == .duplicate)
    }

    @Test func aFloodOfBlocksIsRefusedAndForgotten() {
        var gossip = Self.gossip(2) { $0.pendingBlocks = 3 }
        for block in 1...3 { #expect(gossip.blockArrived(hash(block), payload: [], from: id(1), at: at(0)) == .validate) }
        #expect(gossip.blockArrived(hash(4), payload: [], from: id(1), at: at(0)) == .busy)
        _ = gossip.blockRejected(hash(1), .header, at: at(1))
        #expect(gossip.blockArrived(hash(4), payload: [], from: id(1), at: at(2)) == .validate)
    }

    @Test func theMarksPerPeerAreBounded() {
        var gossip = Self.gossip(2)
        for block in 0..<20_000 {
            _ = gossip.blockArrived(hash(block), payload: [], from: id(1), at: at(0))
            #expect(gossip.blockAccepted(hash(block), at: at(0)) == [id(2)])
        }
        #expect(gossip.checkInvariants() == [])
    }
}
