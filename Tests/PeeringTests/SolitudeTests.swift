import Primitives
import Testing

@testable import Peering

/// That there is no peer, told once a minute with what was tried.
struct SolitudeTests {
    private func tellings(_ driver: inout Driver) -> [Solitude] {
        driver.take().compactMap { if case .fact(.alone(let solitude)) = $0 { solitude } else { nil } }
    }

    /// Ticks when the manager asks for it until `time` from now has passed.
    private func pass(_ time: Nanoseconds, _ driver: inout Driver) {
        let end = driver.now + time
        while let next = driver.manager.nextDeadline, next <= end {
            driver.now = max(driver.now, next)
            driver.manager.tick(at: driver.moment, into: &driver.effects)
        }
        driver.now = end
    }

    @Test func eachDialIsToldWithItsReason() {
        var driver = Driver { $0.bootstrapPeers = ["10.0.0.1:1", "10.0.0.2:2", "gone.example:3", "10.0.0.4:4"].map(endpoint) }
        driver.fail("10.0.0.1:1", .refused)
        driver.fail("gone.example:3", .noSuchHost)
        let other = driver.connect("10.0.0.4:4")
        driver.shake(other, handshake(7, chainID: "0xother"))
        pass(.seconds(5), &driver)
        let told = tellings(&driver)
        #expect(
            told == [
                Solitude(
                    lasted: .seconds(5),
                    attempts: [
                        .init(endpoint("10.0.0.1:1"), .failed(.refused)), .init(endpoint("10.0.0.2:2"), nil),
                        .init(endpoint("gone.example:3"), .failed(.noSuchHost)), .init(endpoint("10.0.0.4:4"), .ended(.otherChain)),
                    ], others: 0, knownAddresses: 0, isNetworkOfOne: false)
            ])
        // The manager gives a dial up by itself.
        pass(.seconds(55), &driver)
        #expect(tellings(&driver) == [])
        pass(.seconds(5), &driver)
        #expect(tellings(&driver).first?.attempts[1].trouble == .failed(.timedOut))
    }

    @Test func itIsToldOnceAMinute() {
        var driver = Driver { $0.bootstrapPeers = [endpoint("10.0.0.1:1")] }
        pass(.seconds(3600), &driver)
        #expect(tellings(&driver).map { $0.lasted / .seconds(1) } == (0..<60).map { 5 + 60 * $0 })
    }

    @Test func aPeerEndsItAndItsEndBeginsItAnew() {
        var driver = Driver { $0.bootstrapPeers = [endpoint("10.0.0.1:1")] }
        driver.now += .seconds(3)
        let peer = driver.outbound(7, at: "10.0.0.1:1")
        driver.now += .seconds(20)
        driver.manager.tick(at: driver.moment, into: &driver.effects)
        #expect(tellings(&driver) == [])
        driver.manager.closed(peer, reason: .connectionLost, at: driver.moment, into: &driver.effects)
        pass(.seconds(4), &driver)
        #expect(tellings(&driver) == [])
        pass(.seconds(1), &driver)
        #expect(tellings(&driver).map(\.lasted) == [.seconds(5)])
    }

    @Test func anInboundPeerIsCompanyToo() {
        var driver = Driver()
        _ = driver.inbound(9)
        pass(.seconds(20), &driver)
        #expect(tellings(&driver) == [])
    }

    @Test func aNetworkOfOneIsToldOnce() {
        let authority = nodeID(500)
        var driver = Driver { $0.authorities = [authority] }
        pass(.seconds(600), &driver)
        #expect(tellings(&driver).map(\.isNetworkOfOne) == [true])
        var member = Driver { $0.authorities = [authority, nodeID(501)] }
        pass(.seconds(600), &member)
        #expect(tellings(&member).map(\.isNetworkOfOne) == Array(repeating: false, count: 10))
    }

    @Test func manyPeersAreNumbered() {
        var driver = Driver { $0.bootstrapPeers = (1...20).map { endpoint("10.0.0.\($0):1") } }
        pass(.seconds(5), &driver)
        let told = tellings(&driver).first
        #expect(told?.attempts.count == PeeringLimits.maxToldAttempts && told?.others == 12)
    }

    @Test func aStoppedNodeTellsNothing() {
        var driver = Driver { $0.bootstrapPeers = [endpoint("10.0.0.1:1")] }
        driver.manager.shutdown(at: driver.moment, into: &driver.effects)
        pass(.seconds(600), &driver)
        #expect(tellings(&driver) == [])
        #expect(driver.manager.nextDeadline == nil)
    }
}
