import Network
import Primitives
import Testing

@testable import Peering

/// `max_peers`, the slots kept for outbound peers, three connections an address, pending ones, eviction.
@Suite struct SlotTests {
    @Test func oneAddressHasThreeConnections() {
        var driver = Driver()
        for port in 1...3 { _ = driver.accept("5.6.7.8:\(port)") }
        let fourth = driver.accept("5.6.7.8:4")
        let other = driver.accept("5.6.7.9:4")
        let effects = driver.take()
        #expect(effects.closed(fourth) == .tooManyConnectionsFromAddress)
        #expect(effects.closed(other) == nil)
        #expect(!effects.contains(.sendHandshake(fourth)))
    }

    @Test func aFreedPlaceOfAnAddressIsFreeAgain() {
        var driver = Driver()
        let first = driver.accept("5.6.7.8:1")
        for port in 2...3 { _ = driver.accept("5.6.7.8:\(port)") }
        driver.close(first)
        let fourth = driver.accept("5.6.7.8:4")
        #expect(driver.manager.peer(fourth) != nil)
    }

    @Test func aWholeIPv6NetworkOfACustomerIsOneAddress() {
        var driver = Driver()
        for last in 1...3 { _ = driver.accept("[2001:db8:1:1::\(last)]:1000") }
        let fourth = driver.accept("[2001:db8:1:1:ffff::1]:1000")
        let neighbour = driver.accept("[2001:db8:1:2::1]:1000")
        #expect(driver.manager.peer(fourth) == nil)
        #expect(driver.manager.peer(neighbour) != nil)
    }

    @Test func anIPv4AddressInIPv6IsTheSameAddress() {
        var driver = Driver()
        for port in 1...3 { _ = driver.accept("5.6.7.8:\(port)") }
        let mapped = driver.accept("[::ffff:5.6.7.8]:4")
        #expect(driver.manager.peer(mapped) == nil)
    }

    @Test(arguments: ["127.0.0.1", "[::1]", "10.1.2.3", "5.6.7.8"])
    func exemptAddressesHaveNoLimit(_ host: String) {
        var driver = Driver { $0.exempt = ["10.0.0.0/8", "5.6.7.8"].compactMap { IPNetwork($0) } }
        var ids: [PeerID] = []
        for port in 1...8 { ids.append(driver.accept("\(host):\(port)")) }
        #expect(driver.manager.pendingCount == 8)
    }

    @Test func inboundPeersLeaveRoomForOutboundOnes() {
        var driver = Driver {
            $0.maxPeers = 10
            $0.minOutboundPeers = 4
        }
        for number in 1...20 { _ = driver.inbound(UInt64(number)) }
        #expect(driver.manager.inboundCount == 6)
        #expect(driver.manager.outboundCount == 0)
        #expect(driver.manager.checkInvariants() == [])
    }

    @Test func atMostHalfTheSlotsAreKeptForOutboundPeers() {
        var driver = Driver { $0.maxPeers = 10 }
        for number in 1...20 { _ = driver.inbound(UInt64(number)) }
        #expect(driver.manager.inboundCount == 5)
    }

    @Test func outboundPeersTakeTheirSlotsThoughInboundOnesAreFull() {
        let seeds = (1...4).map { endpoint("4.\($0).1.1:9000") }
        var driver = Driver {
            $0.maxPeers = 8
            $0.bootstrapPeers = seeds
        }
        for number in 1...20 { _ = driver.inbound(UInt64(number)) }
        for (index, seed) in seeds.enumerated() { _ = driver.outbound(UInt64(600 + index), at: seed.description) }
        #expect(driver.manager.outboundCount == 4)
        #expect(driver.manager.peerCount == 8)
    }

    @Test func aNewcomerWithoutASlotIsToldWhereElseToGo() {
        var driver = Driver {
            $0.maxPeers = 2
            $0.authorities = [nodeID(7)]
        }
        _ = driver.inbound(7, from: "5.6.7.8:1", listen: ":9000")
        let newcomer = driver.accept("6.6.7.8:1")
        _ = driver.take()
        driver.shake(newcomer, handshake(8))
        #expect(driver.take() == [.sendPeerList(newcomer, [endpoint("5.6.7.8:9000")]), .close(newcomer, .tooManyPeers)])
    }

    @Test func pendingConnectionsAreBounded() {
        var driver = Driver()
        for number in 0..<100 { _ = driver.accept("20.\(number).1.1:1") }
        #expect(driver.manager.pendingCount == PeeringLimits.maxPendingInbound)
        #expect(driver.take().closes(.tooManyPending) == 100 - PeeringLimits.maxPendingInbound)
    }

    @Test func pendingConnectionsOfOneNetworkGiveWayToOthers() {
        var driver = Driver()
        for number in 0..<32 { _ = driver.accept("66.6.\(number).1:1") }
        let honest = driver.accept("20.1.1.1:1")
        #expect(driver.manager.peer(honest) != nil)
        #expect(driver.manager.pendingCount == PeeringLimits.maxPendingInbound)
    }

    @Test func anEvictionWhoseSlotASecondConnectionTakesMakesNoRoom() {
        var driver = Driver {
            $0.maxPeers = 10
            $0.minOutboundPeers = 0
        }
        // Ten nodes, each with two connections of which it decides which one stays.
        for number in 1...10 {
            _ = driver.inbound(UInt64(number), from: "\(20 + number).1.1.1:1")
            _ = driver.inbound(UInt64(number), from: "\(20 + number).1.1.1:2")
        }
        #expect(driver.manager.peerCount == 10 && driver.manager.readyPeers.count == 20)
        let newcomer = driver.inbound(50, from: "90.1.1.1:1")
        #expect(driver.manager.peer(newcomer)?.isReady == true)
        #expect(driver.manager.peerCount == 10)
        #expect(driver.manager.checkInvariants() == [])
    }

    @Test func aBootstrapPeerFindsASlotAtTheCostOfAnInboundOne() {
        var driver = Driver {
            $0.maxPeers = 6
            $0.minOutboundPeers = 0
            $0.bootstrapPeers = [endpoint("4.1.1.1:9000")]
        }
        let dialled = driver.connect("4.1.1.1:9000")
        for number in 1...6 { _ = driver.inbound(UInt64(number)) }
        driver.shake(dialled, handshake(900))
        #expect(driver.manager.peer(dialled)?.isReady == true)
        #expect(driver.manager.peerCount == 6)
        #expect(driver.take().closes(.evicted) == 1)
    }

    @Test func whoeverFillsAllSlotsLateDisplacesHimself() {
        var driver = Driver()
        var honest: Set<PeerID> = []
        for number in 1...15 {
            honest.insert(driver.inbound(UInt64(number), from: "20.\(number).1.1:1"))
            driver.pass(.seconds(1), answering: honest)
        }
        var attackers: Set<PeerID> = []
        for number in 0..<500 {
            let id = driver.inbound(UInt64(10_000 + number), from: "66.\(number % 8).\(number / 8).1:1")
            attackers.insert(id)
        }
        #expect(honest.allSatisfy { driver.manager.peer($0) != nil })
        #expect(driver.manager.inboundCount == 42)
        let newcomer = driver.inbound(77, from: "30.1.1.1:1")
        #expect(driver.manager.peer(newcomer)?.isReady == true)
        #expect(honest.allSatisfy { driver.manager.peer($0) != nil })
    }

    @Test func lowerLimitsDropTheYoungestInboundPeersFirst() {
        var driver = Driver { $0.bootstrapPeers = [endpoint("4.1.1.1:9000")] }
        let outbound = driver.outbound(900, at: "4.1.1.1:9000")
        let ids = (1...10).map { driver.inbound(UInt64($0)) }
        _ = driver.take()
        var configuration = driver.manager.configuration
        configuration.maxPeers = 8
        configuration.minOutboundPeers = 4
        driver.manager.reconfigure(configuration, at: driver.moment, into: &driver.effects)
        let effects = driver.take()
        #expect(ids.filter { effects.closed($0) == .limitsLowered } == Array(ids[4...]))
        #expect(driver.manager.peer(outbound) != nil)
        #expect(driver.manager.checkInvariants() == [])
    }

    @Test func shutdownClosesEverythingAndRefusesWhatComesAfter() {
        var driver = Driver { $0.bootstrapPeers = [endpoint("4.1.1.1:9000"), endpoint("4.2.1.1:9000")] }
        let outbound = driver.outbound(900, at: "4.1.1.1:9000")
        let pending = driver.accept("5.6.7.8:1")
        _ = driver.take()
        driver.manager.shutdown(at: driver.moment, into: &driver.effects)
        let effects = driver.take()
        #expect(effects.closed(outbound) == .shutdown && effects.closed(pending) == .shutdown)
        #expect(effects.contains(.cancelDial(endpoint("4.2.1.1:9000"))))
        let late = driver.accept("5.6.7.9:1")
        #expect(driver.take().closed(late) == .shutdown)
        #expect(driver.manager.nextDeadline == nil)
        #expect(driver.manager.checkInvariants() == [])
    }
}

/// The measures by which eviction keeps peers, one at a time.
@Suite struct EvictionTests {
    private func candidate(
        _ number: UInt64, readyAt: Nanoseconds = 0, group: UInt16 = 0, latency: Nanoseconds? = nil, block: Nanoseconds = 0,
        transaction: Nanoseconds = 0, isInactive: Bool = false
    ) -> Eviction.Candidate {
        Eviction.Candidate(
            id: PeerID(slot: UInt16(number), generation: UInt32(number)), readyAt: readyAt, group: .v4(group), keyedGroup: UInt64(group),
            latency: latency,
            lastUsefulBlock: block, lastUsefulTransaction: transaction, isInactive: isInactive)
    }

    private func evicted(_ candidates: [Eviction.Candidate]) -> UInt64? {
        (Eviction.choose(from: candidates)?.generation).map(UInt64.init)
    }

    @Test func theYoungestOfTheLargestGroupGoes() {
        var crowd: [Eviction.Candidate] = []
        for number in 0..<24 { crowd.append(candidate(UInt64(number), readyAt: Nanoseconds(number), group: UInt16(number % 3 + 1))) }
        for number in 24..<40 { crowd.append(candidate(UInt64(number), readyAt: Nanoseconds(number), group: 9)) }
        #expect(evicted(crowd) == 39)
        #expect(evicted(crowd.reversed()) == 39)
    }

    @Test func aFewPeersAreAllKept() {
        #expect(evicted([]) == nil)
        #expect(evicted((0..<4).map { candidate($0) }) == nil)
        #expect(evicted((0..<7).map { candidate($0, readyAt: Nanoseconds($0)) }) == 6)
    }

    @Test func theNearestIsKept() {
        var crowd = (0..<24).map { candidate($0, readyAt: Nanoseconds($0)) }
        #expect(evicted(crowd) == 23)
        crowd[23] = candidate(23, readyAt: 23, latency: 1)
        #expect(evicted(crowd) == 22)
    }

    @Test func whoBroughtBlocksOrTransactionsIsKept() {
        var crowd = (0..<24).map { candidate($0, readyAt: Nanoseconds($0)) }
        crowd[23] = candidate(23, readyAt: 23, block: 5)
        #expect(evicted(crowd) == 22)
        crowd[22] = candidate(22, readyAt: 22, transaction: 5)
        #expect(evicted(crowd) == 21)
    }

    @Test func theInactiveGoFirst() {
        var crowd = (0..<24).map { candidate($0, readyAt: Nanoseconds($0)) }
        crowd[20] = candidate(20, readyAt: 20, isInactive: true)
        #expect(evicted(crowd) == 20)
    }

    @Test func halfOfTheRestIsKeptByAge() {
        let crowd = (0..<24).map { candidate($0, readyAt: Nanoseconds($0), group: UInt16($0 < 12 ? 1 : 2)) }
        for _ in 0..<2 { #expect((12..<24).contains(evicted(crowd) ?? 0)) }
    }
}
