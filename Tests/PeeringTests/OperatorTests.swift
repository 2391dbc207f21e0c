import Primitives
import Testing

@testable import Peering

/// What an operator asks of the peer table while it runs.
@Suite struct OperatorTests {
    private func add(_ text: String, _ driver: inout Driver) throws -> Bool {
        let isNew = try driver.manager.addPeer(endpoint(text), at: driver.moment, into: &driver.effects)
        driver.manager.tick(at: driver.moment, into: &driver.effects)
        return isNew
    }

    private func remove(_ selector: PeerSelector, _ driver: inout Driver) throws -> Int {
        try driver.manager.removePeer(selector, at: driver.moment, into: &driver.effects)
    }

    private func ban(_ text: String, _ duration: Nanoseconds, _ driver: inout Driver) throws -> Int {
        try driver.manager.ban(address(text), for: duration, at: driver.moment, into: &driver.effects)
    }

    private func expectSound(_ driver: Driver) {
        #expect(driver.manager.checkInvariants() == [])
    }

    // MARK: Adding

    @Test func anAddedPeerIsDialledAtOnceAndForEver() throws {
        var driver = Driver()
        #expect(try add("5.6.7.8:9000", &driver))
        #expect(driver.take().dials == [endpoint("5.6.7.8:9000")])
        for _ in 0..<40 {
            driver.fail("5.6.7.8:9000")
            driver.pass(PeeringLimits.bootstrapBackoffMax)
            #expect(Set(driver.take().dials) == [endpoint("5.6.7.8:9000")])
        }
        expectSound(driver)
    }

    @Test func anAddedPeerIsDialledAgainWhenItsConnectionEnds() throws {
        var driver = Driver()
        _ = try add("5.6.7.8:9000", &driver)
        let id = driver.outbound(7, at: "5.6.7.8:9000")
        #expect(driver.take().ready == [id])
        #expect(driver.manager.peer(id)?.isBootstrap == true, "it is not evicted either")
        driver.close(id)
        driver.pass(.seconds(5))
        #expect(driver.take().dials == [endpoint("5.6.7.8:9000")])
    }

    @Test func addingTwiceIsNoMistakeAndDialsAtOnce() throws {
        var driver = Driver()
        _ = try add("5.6.7.8:9000", &driver)
        driver.fail("5.6.7.8:9000")
        _ = driver.take()
        #expect(try !add("5.6.7.8:9000", &driver))
        #expect(driver.take().dials == [endpoint("5.6.7.8:9000")])
    }

    @Test func anAddedPeerOutlivesAReload() throws {
        var driver = Driver()
        _ = try add("5.6.7.8:9000", &driver)
        var configuration = PeerConfiguration(local: localNode(500))
        configuration.bootstrapPeers = [endpoint("9.9.9.9:9000")]
        driver.manager.reconfigure(configuration, at: driver.moment, into: &driver.effects)
        #expect(driver.manager.dialling.bootstrap.members.filter(\.isManual).map(\.endpoint) == [endpoint("5.6.7.8:9000")])
        expectSound(driver)
    }

    @Test func whatCannotBeDialledIsRefused() throws {
        var driver = Driver { $0.local.listenAddress = "5.5.5.5:9000" }
        #expect(throws: OperatorRefusal.notDialable(endpoint("5.6.7.8:0"))) { try add("5.6.7.8:0", &driver) }
        #expect(throws: OperatorRefusal.notDialable(endpoint("0.0.0.0:9000"))) { try add("0.0.0.0:9000", &driver) }
        #expect(throws: OperatorRefusal.notDialable(endpoint("224.0.0.1:9000"))) { try add("224.0.0.1:9000", &driver) }
        #expect(throws: OperatorRefusal.ownEndpoint(endpoint("5.5.5.5:9000"))) { try add("5.5.5.5:9000", &driver) }
    }

    @Test func thereIsRoomForSoManyAddedPeersOnly() throws {
        var driver = Driver()
        for number in 1...PeeringLimits.maxManualPeers { _ = try add("5.6.7.8:\(number)", &driver) }
        #expect(throws: OperatorRefusal.tooManyPeers(limit: PeeringLimits.maxManualPeers)) { try add("5.6.7.8:9999", &driver) }
        expectSound(driver)
    }

    // MARK: Removing

    @Test func aRemovedPeerIsClosedAndNotDialledAgain() throws {
        var driver = Driver { $0.bootstrapPeers = [endpoint("5.6.7.8:9000")] }
        let id = driver.outbound(7, at: "5.6.7.8:9000")
        _ = driver.take()
        #expect(try remove(.endpoint(endpoint("5.6.7.8:9000")), &driver) == 1)
        #expect(driver.take().closed(id) == .requested)
        driver.pass(.seconds(600))
        #expect(driver.take().dials == [])
        expectSound(driver)
    }

    @Test func aRemovedPeerIsNotLearnedBackFromOthers() throws {
        var driver = Driver()
        let teller = driver.inbound(7, from: "5.1.1.1:50000")
        driver.tell(teller, [endpoint("5.6.7.8:9000")])
        driver.pass(.seconds(1))
        let id = driver.outbound(8, at: "5.6.7.8:9000")
        _ = try remove(.node(nodeID(8)), &driver)
        #expect(driver.take().closed(id) == .requested)
        driver.pass(.seconds(120), answering: [teller])
        driver.tell(teller, [endpoint("5.6.7.8:9000")])
        driver.pass(.seconds(120), answering: [teller])
        #expect(driver.take().dials == [])
    }

    @Test func aDialUnderWayEndsWithTheRemoval() throws {
        var driver = Driver { $0.bootstrapPeers = [endpoint("5.6.7.8:9000")] }
        _ = driver.take()
        #expect(try remove(.endpoint(endpoint("5.6.7.8:9000")), &driver) == 0)
        #expect(driver.take().contains(.cancelDial(endpoint("5.6.7.8:9000"))))
    }

    @Test func anInboundPeerIsRemovedByItsNodeOrByWhatIsSeenOfIt() throws {
        var driver = Driver()
        let first = driver.inbound(7, from: "5.6.7.8:50000")
        let second = driver.inbound(8, from: "6.6.7.8:50000")
        #expect(try remove(.node(nodeID(7)), &driver) == 1)
        #expect(try remove(.endpoint(endpoint("6.6.7.8:50000")), &driver) == 1)
        let effects = driver.take()
        #expect(effects.closed(first) == .requested && effects.closed(second) == .requested)
    }

    @Test func aRemovedPeerMayComeBackByItself() throws {
        var driver = Driver()
        _ = driver.inbound(7, from: "5.6.7.8:50000", listen: ":9000")
        _ = try remove(.node(nodeID(7)), &driver)
        _ = driver.take()
        let again = driver.inbound(7, from: "5.6.7.8:50001", listen: ":9000")
        #expect(driver.take().ready == [again])
    }

    @Test func addingEndsARemoval() throws {
        var driver = Driver { $0.bootstrapPeers = [endpoint("5.6.7.8:9000")] }
        _ = try remove(.endpoint(endpoint("5.6.7.8:9000")), &driver)
        _ = driver.take()
        #expect(try add("5.6.7.8:9000", &driver))
        #expect(driver.take().dials == [endpoint("5.6.7.8:9000")])
    }

    @Test func aStrangerCannotBeRemoved() {
        var driver = Driver()
        #expect(throws: OperatorRefusal.unknownPeer) { try remove(.endpoint(endpoint("5.6.7.8:9000")), &driver) }
        #expect(throws: OperatorRefusal.unknownPeer) { try remove(.node(nodeID(7)), &driver) }
    }

    // MARK: Bans

    @Test func aBanClosesAndKeepsOutUntilItEnds() throws {
        var driver = Driver()
        let first = driver.inbound(7, from: "5.6.7.8:1")
        let other = driver.inbound(8, from: "5.6.7.9:1")
        #expect(try ban("5.6.7.8", .seconds(60), &driver) == 1)
        let effects = driver.take()
        #expect(effects.closed(first) == .banned && effects.closed(other) == nil)
        driver.pass(.seconds(59), answering: [other])
        let early = driver.accept("5.6.7.8:2")
        #expect(driver.take().closed(early) == .banned)
        driver.pass(.seconds(1), answering: [other])
        let late = driver.inbound(7, from: "5.6.7.8:3")
        #expect(driver.take().ready == [late])
        expectSound(driver)
    }

    @Test func theOperatorsBanHoldsForExemptAndConfiguredPeersToo() throws {
        var driver = Driver { $0.bootstrapPeers = [endpoint("127.0.0.1:9001")] }
        let id = driver.outbound(7, at: "127.0.0.1:9001")
        _ = driver.take()
        #expect(try ban("127.0.0.1", .seconds(600), &driver) == 1)
        #expect(driver.take().closed(id) == .banned)
        driver.pass(.seconds(590))
        #expect(driver.take().dials == [])
        let knocking = driver.accept("127.0.0.1:40000")
        #expect(driver.take().closed(knocking) == .banned)
        // When it ends, the peer is dialled again although nothing else happens.
        driver.pass(.seconds(11))
        #expect(driver.take().dials == [endpoint("127.0.0.1:9001")])
    }

    @Test func aNameThatLeadsToABannedAddressIsTurnedAway() throws {
        var driver = Driver { $0.bootstrapPeers = [endpoint("node.example:9000")] }
        _ = try ban("5.6.7.8", .seconds(600), &driver)
        let id = driver.connect("node.example:9000", remote: "5.6.7.8:9000")
        #expect(driver.take().closed(id) == .banned)
        expectSound(driver)
    }

    @Test func unbanLiftsBothKinds() throws {
        var driver = Driver()
        let id = driver.inbound(7, from: "5.6.7.8:1")
        driver.penalize(id, .invalidBlock)
        _ = try ban("6.6.6.6", .seconds(60), &driver)
        let bans = driver.manager.bans(at: driver.moment)
        #expect(bans.map(\.address) == [address("6.6.6.6"), address("5.6.7.8")])
        #expect(bans.map(\.isOperators) == [true, false])
        #expect(bans[0].until == driver.now + .seconds(60))
        for text in ["5.6.7.8", "6.6.6.6"] { try driver.manager.unban(address(text), at: driver.moment) }
        #expect(driver.manager.bans(at: driver.moment) == [])
        #expect(throws: OperatorRefusal.notBanned(address("6.6.6.6"))) {
            try driver.manager.unban(address("6.6.6.6"), at: driver.moment)
        }
        _ = driver.take()
        let back = driver.inbound(7, from: "5.6.7.8:2")
        #expect(driver.take().ready == [back])
    }

    @Test func anIPv6AddressStandsForItsNetwork() throws {
        var driver = Driver()
        _ = try ban("2001:db8:1:2::7", .seconds(60), &driver)
        let neighbour = driver.accept("[2001:db8:1:2::8]:1")
        #expect(driver.take().closed(neighbour) == .banned)
        try driver.manager.unban(address("2001:db8:1:2::9"), at: driver.moment)
        #expect(driver.manager.bans(at: driver.moment) == [])
    }

    @Test(arguments: [0, PeeringLimits.operatorBanMin - 1, PeeringLimits.operatorBanMax + 1, .max])
    func aBanHasALeastAndAMostDuration(_ duration: Nanoseconds) {
        var driver = Driver()
        #expect(throws: OperatorRefusal.self) { try ban("5.6.7.8", duration, &driver) }
    }

    @Test func thereIsRoomForSoManyBansOnlyUntilSomeEnd() throws {
        var driver = Driver()
        for number in 0..<PeeringLimits.maxOperatorBans { _ = try ban("5.6.\(number >> 8).\(number & 255)", .seconds(60), &driver) }
        #expect(throws: OperatorRefusal.tooManyBans(limit: PeeringLimits.maxOperatorBans)) { try ban("7.7.7.7", .seconds(60), &driver) }
        driver.pass(.seconds(61))
        #expect(try ban("7.7.7.7", .seconds(60), &driver) == 0)
        expectSound(driver)
    }

    @Test func aBannedAddressIsNotAdded() throws {
        var driver = Driver()
        _ = try ban("5.6.7.8", .seconds(60), &driver)
        #expect(throws: OperatorRefusal.banned(address("5.6.7.8"))) { try add("5.6.7.8:9000", &driver) }
    }
}
