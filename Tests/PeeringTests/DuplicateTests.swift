import Network
import Primitives
import Testing
import Wire

@testable import Peering

/// One connection to a node, whoever dialled.
@Suite struct DuplicateTests {
    @Test func theDecidingSideKeepsTheOlder() {
        var driver = Driver()
        let first = driver.inbound(900)
        let second = driver.accept("5.6.7.8:2")
        driver.shake(second, handshake(900))
        #expect(driver.take().closed(second) == .duplicateConnection)
        #expect(driver.manager.readyPeers.map(\.id) == [first])
    }

    @Test func theOtherSideUsesBothUntilOneIsClosed() {
        var driver = Driver()
        let first = driver.inbound(100)
        let second = driver.inbound(100, from: "5.6.7.8:2")
        #expect(driver.take().ready == [first, second])
        #expect(driver.manager.peerCount == 1)
        #expect(driver.manager.peer(second)?.isContested == true)
        driver.close(first)
        #expect(driver.manager.peer(second)?.isContested == false)
        #expect(driver.manager.peerCount == 1)
    }

    @Test func aContestThatNobodyDecidesEndsWithTheOlder() {
        var driver = Driver()
        let first = driver.inbound(100)
        let second = driver.inbound(100, from: "5.6.7.8:2")
        driver.pass(PeeringLimits.contestGrace + 1, answering: [first, second])
        let effects = driver.take()
        #expect(effects.closed(second) == .duplicateConnection)
        #expect(effects.closed(first) == nil)
    }

    @Test func aRestartedNodeTakesThePlaceOfItsDeadConnection() {
        var driver = Driver()
        let dead = driver.inbound(900)
        driver.pass(.seconds(1))
        var restarted = handshake(900)
        restarted.nonce = 4711
        let alive = driver.accept("5.6.7.8:2")
        driver.shake(alive, restarted)
        #expect(driver.manager.peer(alive)?.isReady == true)
        driver.pass(PeeringLimits.contestGrace + 1, answering: [alive])
        let effects = driver.take()
        #expect(effects.closed(dead) == .livenessTimeout)
        #expect(effects.closed(alive) == nil)
        #expect(driver.manager.peerCount == 1)
    }

    @Test func aLiarWithAnotherNonceDoesNotDisplaceALivingPeer() {
        var driver = Driver()
        let honest = driver.inbound(900)
        var lie = handshake(900)
        lie.nonce = 4711
        let liar = driver.accept("5.6.7.8:2")
        driver.shake(liar, lie)
        driver.pass(PeeringLimits.contestGrace + 1, answering: [honest, liar])
        #expect(driver.take().closed(liar) == .duplicateConnection)
        #expect(driver.manager.peer(honest) != nil)
    }

    @Test(arguments: [100, 900])
    func aSignedIdentityIsWorthMoreThanAClaim(_ number: UInt64) {
        var driver = Driver()
        let liar = driver.inbound(number, signed: false)
        let honest = driver.inbound(number, from: "5.6.7.8:2", signed: true)
        #expect(driver.take().closed(liar) == .duplicateConnection)
        let second = driver.inbound(number, from: "5.6.7.9:2", signed: false)
        #expect(driver.take().closed(second) == .duplicateConnection)
        #expect(driver.manager.readyPeers.map(\.id) == [honest])
    }

    @Test func anUnsignedPeerThatCameInCannotKeepUsFromTheOneWeDialled() {
        var driver = Driver { $0.bootstrapPeers = [endpoint("1.2.3.4:9000")] }
        let dialled = driver.connect("1.2.3.4:9000")
        let liar = driver.inbound(900, from: "6.6.6.6:1", signed: false)
        driver.shake(dialled, handshake(900), signed: false)
        #expect(driver.take().closed(liar) == .duplicateConnection)
        #expect(driver.manager.peer(dialled)?.isReady == true)
    }

    @Test func peersWithoutIdentityAreToldApartByWhereTheyListen() {
        var driver = Driver()
        var anonymous = handshake(0, listen: ":9000")
        anonymous.nodeID = nil
        anonymous.nonce = nil
        let first = driver.accept("5.6.7.8:1")
        driver.shake(first, anonymous)
        let second = driver.accept("5.6.7.8:2")
        driver.shake(second, anonymous)
        #expect(driver.manager.peer(second)?.isContested == true)
        anonymous.listenAddress = ":9001"
        let third = driver.accept("5.6.7.8:3")
        driver.shake(third, anonymous)
        #expect(driver.manager.peer(third)?.isContested == false)
        #expect(driver.manager.peerCount == 2)
    }

    @Test func aClaimedForeignListenAddressMakesNoDuplicate() {
        var driver = Driver()
        var anonymous = handshake(0, listen: "9.9.9.9:9000")
        anonymous.nodeID = nil
        anonymous.nonce = nil
        let liar = driver.accept("5.6.7.8:1")
        driver.shake(liar, anonymous)
        let honest = driver.accept("9.9.9.9:2")
        anonymous.listenAddress = ":9000"
        driver.shake(honest, anonymous)
        #expect(driver.manager.peer(honest)?.isContested == false)
        #expect(driver.manager.peerCount == 2)
    }

    @Test func aDialIsCancelledWhenItsNodeComesInMeanwhile() {
        var driver = Driver { $0.bootstrapPeers = [endpoint("5.6.7.8:9000")] }
        _ = driver.take()
        let id = driver.inbound(7, from: "5.6.7.8:1234", listen: ":9000")
        #expect(driver.take().contains(.cancelDial(endpoint("5.6.7.8:9000"))))
        #expect(driver.manager.peer(id)?.isBootstrap == true)
        let late = driver.connect("5.6.7.8:9000")
        #expect(driver.take().closed(late) == .dialCancelled)
    }

    @Test func moreRivalsThanMakeSenseAreRefused() {
        var driver = Driver()
        var ids: [PeerID] = []
        for port in 1...6 { ids.append(driver.inbound(100, from: "5.6.\(port).8:\(port)")) }
        #expect(driver.manager.readyPeers.count == 1 + PeeringLimits.maxRivals - 1)
        #expect(driver.manager.peerCount == 1)
        #expect(driver.manager.checkInvariants() == [])
    }

    /// Two connections to a bootstrap peer, by name and by address, are one node: the name is not dialled again while
    /// the node is connected, and is once it is gone.
    @Test func aNodeUnderTwoAddressesIsNotDialledTwice() {
        var driver = Driver { $0.bootstrapPeers = [endpoint("seed.example:9000"), endpoint("1.2.3.4:9000")] }
        let first = driver.outbound(900, at: "1.2.3.4:9000")
        let second = driver.connect("seed.example:9000", remote: "1.2.3.4:9000")
        driver.shake(second, handshake(900, listen: "1.2.3.4:9000"))
        #expect(driver.take().closed(second) == .duplicateConnection)
        driver.pass(.seconds(300), answering: [first])
        #expect(driver.take().dials == [])
        driver.close(first)
        driver.pass(.seconds(2))
        #expect(Set(driver.take().dials) == [endpoint("seed.example:9000"), endpoint("1.2.3.4:9000")])
    }
}
