import Network
import Primitives
import Testing
import Wire

@testable import Peering

/// Scores and bans.
@Suite struct FaultTests {
    @Test func aSmallFaultOnlyCounts() {
        var driver = Driver()
        let id = driver.inbound(7)
        driver.penalize(id, .stalled)
        #expect(driver.take().closed(id) == nil)
        #expect(driver.manager.score(of: id, at: driver.moment) == 10)
    }

    @Test func smallFaultsAddUpToABan() {
        var driver = Driver()
        let id = driver.inbound(7, from: "5.6.7.8:1")
        for _ in 0..<10 { driver.penalize(id, .invalidTransaction) }
        let effects = driver.take()
        #expect(effects.closed(id) == .misbehaviour)
        #expect(effects.facts.filter { $0 == .banned(address("5.6.7.8"), duration: PeeringLimits.banMin) }.count == 1)
        let again = driver.accept("5.6.7.8:2")
        #expect(driver.take().closed(again) == .banned)
    }

    @Test func faultsAreForgiven() {
        var driver = Driver()
        let id = driver.inbound(7)
        for _ in 0..<9 { driver.penalize(id, .invalidTransaction) }
        driver.pass(.seconds(600), answering: [id])
        #expect(driver.manager.score(of: id, at: driver.moment) == 40)
        driver.penalize(id, .invalidTransaction)
        #expect(driver.take().closed(id) == nil)
    }

    @Test func aScoreOutlivesTheConnection() {
        var driver = Driver()
        let first = driver.inbound(7, from: "5.6.7.8:1")
        driver.penalize(first, .violation(.emptyFrame))
        #expect(driver.take().closed(first) == .protocolViolation)
        let second = driver.inbound(8, from: "5.6.7.8:2")
        driver.penalize(second, .violation(.nestedTooDeep))
        #expect(driver.take().closed(second) == .protocolViolation)
        #expect(driver.manager.bans(at: driver.moment).map(\.address) == [address("5.6.7.8")])
    }

    @Test func aBanEndsAndTheNextOneIsLonger() {
        var driver = Driver()
        for round in 0..<3 {
            let id = driver.inbound(7, from: "5.6.7.8:1")
            driver.penalize(id, .invalidBlock)
            let effects = driver.take()
            #expect(effects.closed(id) == .invalidBlock)
            let duration = PeeringLimits.banMin << Nanoseconds(round)
            #expect(effects.facts.contains(.banned(address("5.6.7.8"), duration: duration)))
            driver.pass(duration - 1)
            let early = driver.accept("5.6.7.8:1")
            #expect(driver.manager.peer(early) == nil)
            driver.pass(1)
        }
    }

    @Test func aBanClosesAllConnectionsOfTheAddress() {
        var driver = Driver()
        let first = driver.inbound(7, from: "5.6.7.8:1")
        let second = driver.inbound(8, from: "5.6.7.8:2")
        let other = driver.inbound(9, from: "5.6.7.9:2")
        driver.penalize(first, .invalidBlock)
        let effects = driver.take()
        #expect(effects.closed(second) == .banned)
        #expect(effects.closed(other) == nil)
    }

    @Test func exemptAddressesAreDisconnectedButNotBanned() {
        var driver = Driver()
        let id = driver.inbound(7, from: "127.0.0.1:1")
        for _ in 0..<10 { driver.penalize(id, .invalidTransaction) }
        #expect(driver.take().closed(id) == .misbehaviour)
        let again = driver.inbound(7, from: "127.0.0.1:2")
        #expect(driver.manager.peer(again)?.isReady == true)
        #expect(driver.manager.bans(at: driver.moment).isEmpty)
    }

    @Test func bootstrapPeersAreDisconnectedButNotBanned() {
        var driver = Driver { $0.bootstrapPeers = [endpoint("4.1.1.1:9000")] }
        let id = driver.outbound(900, at: "4.1.1.1:9000")
        driver.penalize(id, .invalidBlock)
        #expect(driver.take().closed(id) == .invalidBlock)
        #expect(driver.manager.bans(at: driver.moment).isEmpty)
        driver.pass(.seconds(120))
        #expect(driver.take().dials.contains(endpoint("4.1.1.1:9000")))
    }

    @Test func bannedAddressesAreNotDialled() {
        var driver = Driver()
        let friend = driver.inbound(8, from: "20.1.1.1:1")
        let id = driver.inbound(7, from: "5.6.7.8:1")
        driver.tell(friend, [endpoint("5.6.7.8:9000")])
        driver.penalize(id, .invalidBlock)
        _ = driver.take()
        driver.pass(.seconds(60), answering: [friend])
        #expect(driver.take().dials == [])
        driver.pass(PeeringLimits.banMin, answering: [friend])
        #expect(driver.take().dials.first == endpoint("5.6.7.8:9000"))
    }

    @Test func theOtherDialectIsNoFault() {
        var driver = Driver()
        let id = driver.inbound(7, from: "5.6.7.8:1")
        driver.penalize(id, .violation(.payloadIsObject))
        #expect(driver.take().closed(id) == .otherDialect)
        #expect(driver.manager.inboundCount == 0)
        let again = driver.inbound(7, from: "5.6.7.8:1")
        #expect(driver.manager.score(of: again, at: driver.moment) == 0)
    }

    @Test func thePardonedComeBack() throws {
        var driver = Driver()
        let id = driver.inbound(7, from: "5.6.7.8:1")
        driver.penalize(id, .invalidBlock)
        try driver.manager.unban(address("5.6.7.8"), at: driver.moment)
        let again = driver.inbound(7, from: "5.6.7.8:1")
        #expect(driver.manager.peer(again)?.isReady == true)
    }

    @Test func theTableOfOffendersIsBoundedAndKeepsTheBanned() {
        var table = OffenderTable()
        _ = table.add(100, to: address("5.6.7.8"), at: 0)
        for number in 0..<3000 {
            _ = table.add(1, to: IPAddress(ipv4: UInt32(0x1400_0000 + number)), at: 0)
        }
        #expect(table.count <= PeeringLimits.maxOffenders)
        #expect(table.isBanned(address("5.6.7.8"), at: 1))
    }

    @Test func faultsOfTheHandshakeWeigh() {
        var driver = Driver()
        for _ in 0..<2 {
            let id = driver.accept("5.6.7.8:1")
            _ = driver.message(id)
        }
        let third = driver.accept("5.6.7.8:1")
        #expect(driver.manager.peer(third) == nil)
    }

    @Test func aNodeOfAnotherChainIsNotPunished() {
        var driver = Driver()
        for _ in 0..<10 {
            let id = driver.accept("5.6.7.8:1")
            driver.shake(id, handshake(7, chainID: "other"))
            #expect(driver.take().closed(id) == .otherChain)
        }
    }
}
