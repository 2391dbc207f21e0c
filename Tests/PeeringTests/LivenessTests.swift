import Network
import Primitives
import Testing
import Wire

@testable import Peering

/// Dead and half-open peers are found within 30 s; latency is measured.
@Suite struct LivenessTests {
    /// An inbound peer that speaks `capabilities`.
    private func peer(_ capabilities: [String] = Capability.all, seed: UInt64 = 1) -> (Driver, PeerID) {
        var driver = Driver(seed: seed)
        let id = driver.accept("5.6.7.8:1")
        driver.shake(id, handshake(7, capabilities: capabilities))
        _ = driver.take()
        return (driver, id)
    }

    @Test(arguments: [[Capability.ping], []])
    func aSilentPeerIsDeadWithin30Seconds(_ capabilities: [String]) {
        var (driver, id) = peer(capabilities)
        driver.pass(NodeDefaults.idleTimeout - 1)
        #expect(driver.take().closed(id) == nil)
        driver.pass(1)
        let effects = driver.take()
        #expect(effects.closed(id) == .livenessTimeout)
        #expect(effects.gone(id) == .livenessTimeout)
    }

    @Test func aPeerWithPingIsPingedEachInterval() {
        var (driver, id) = peer()
        driver.pass(.seconds(100), answering: [id])
        let nonces = driver.take().pings(to: id)
        #expect((9...11).contains(nonces.count))
        #expect(Set(nonces).count == nonces.count)
        #expect(driver.manager.peer(id) != nil)
    }

    @Test func aPeerWithoutPingIsProbedByARequestAfterASilence() {
        var (driver, id) = peer([])
        driver.pass(.seconds(100), answering: [id])
        let effects = driver.take()
        #expect(effects.pings(to: id) == [])
        #expect((8...12).contains(effects.count { $0 == .sendPeerListRequest(id) }))
        #expect(driver.manager.peer(id) != nil)
        #expect(driver.manager.peer(id)?.latency.last == 0)
    }

    @Test func aPeerWithoutPingThatTalksIsNotProbed() {
        var (driver, id) = peer([])
        for _ in 0..<50 {
            driver.pass(.seconds(1))
            _ = driver.message(id)
        }
        #expect(driver.take().count { $0 == .sendPeerListRequest(id) } == 0)
    }

    @Test func aHalfReceivedFrameIsASignOfLife() {
        var (driver, id) = peer([])
        for _ in 0..<100 {
            driver.pass(.seconds(1))
            driver.manager.bytesReceived(id, at: driver.moment)
        }
        #expect(driver.manager.peer(id) != nil)
    }

    @Test func aPeerThatTalksButDoesNotListenIsDropped() {
        var (driver, id) = peer()
        var age: Nanoseconds = 0
        while driver.manager.peer(id) != nil, age < .seconds(300) {
            driver.pass(.seconds(1))
            age += .seconds(1)
            _ = driver.message(id)
        }
        #expect(driver.take().closed(id) == .pingTimeout)
        #expect((PeeringLimits.pingAnswerTimeout...PeeringLimits.pingAnswerTimeout + .seconds(11)).contains(age))
    }

    @Test func theRoundTripIsMeasured() throws {
        var (driver, id) = peer()
        for milliseconds: Nanoseconds in [80, 160, 80] {
            driver.pass(PeeringLimits.pingInterval)
            let nonce = try #require(driver.take().pings(to: id).last)
            // The ping fell somewhere into the interval; what counts is the time since.
            let sentAt = try #require(driver.manager.peer(id)?.liveness.outstanding?.sentAt)
            driver.now = sentAt + .milliseconds(milliseconds)
            _ = driver.message(id)
            driver.manager.pongReceived(id, Ping(nonce: nonce, height: 5), at: driver.moment)
        }
        let latency = try #require(driver.manager.peer(id)?.latency)
        #expect(latency.last == .milliseconds(80))
        #expect(latency.minimum == .milliseconds(80))
        #expect(latency.average == .milliseconds(90) - .milliseconds(10) / 8)
        #expect(driver.manager.peer(id)?.height == 5)
    }

    @Test func aPongForNoPingMeasuresNothing() {
        var (driver, id) = peer()
        driver.pass(PeeringLimits.pingInterval)
        driver.manager.pongReceived(id, Ping(nonce: 12345, height: 9), at: driver.moment)
        #expect(driver.manager.peer(id)?.latency.last == nil)
        #expect(driver.manager.peer(id)?.height == 9)
    }

    @Test func aPingIsAnsweredWithItsNonceAndTellsAHeight() {
        var (driver, id) = peer()
        driver.manager.pingReceived(id, Ping(nonce: 77, height: 12), at: driver.moment, into: &driver.effects)
        #expect(driver.take() == [.sendPong(id, nonce: 77)])
        #expect(driver.manager.peer(id)?.height == 12)
    }

    @Test func aPauseOfOurOwnCostsNoPeer() {
        var (driver, id) = peer()
        driver.pass(.seconds(9), answering: [id])
        // The process stood still for ten minutes; the answers lie unread in the socket.
        driver.now += .seconds(600)
        driver.manager.tick(at: driver.moment, into: &driver.effects)
        #expect(driver.take().closed(id) == nil)
        driver.pass(.seconds(14))
        #expect(driver.take().closed(id) == nil)
        driver.pass(.seconds(12))
        #expect(driver.take().closed(id) == .livenessTimeout)
    }

    @Test func pingsOfManyPeersAreSpread() {
        var driver = Driver()
        let ids = (1...40).map { driver.inbound(UInt64($0)) }
        _ = driver.take()
        var atOnce = 0
        for _ in 0..<100 {
            driver.pass(.milliseconds(100), answering: Set(ids))
            atOnce = max(atOnce, driver.take().count { if case .sendPing = $0 { true } else { false } })
        }
        #expect(atOnce > 0 && atOnce < 10)
    }

    @Test func theConfiguredSilenceIsAtMost30Seconds() {
        var configuration = PeerConfiguration(local: localNode(500))
        configuration.idleTimeout = .seconds(600)
        #expect(PeerManager(configuration: configuration, seed: 1).configuration.idleTimeout == .seconds(30))
        configuration.idleTimeout = .seconds(4)
        let short = PeerManager(configuration: configuration, seed: 1).configuration
        #expect(short.pingInterval == .seconds(2))
    }

    @Test func theDeadlineNeverLiesBehindWhatIsDue() {
        var (driver, id) = peer()
        for _ in 0..<200 {
            driver.pass(.milliseconds(333), answering: [id])
            #expect(driver.manager.checkInvariants() == [])
        }
    }
}
