import Network
import Primitives
import Testing

@testable import Peering

/// Bootstrap peers for ever, others until enough are there.
@Suite struct DiallingTests {
    private let seed = endpoint("4.1.1.1:9000")

    /// A driver with one ready inbound peer that can tell addresses.
    private func teller(_ configure: (inout PeerConfiguration) -> Void = { _ in }) -> (Driver, PeerID) {
        var driver = Driver(configure)
        let id = driver.inbound(8, from: "20.1.1.1:1")
        _ = driver.take()
        return (driver, id)
    }

    @Test func bootstrapPeersAreRedialledForEverWithGrowingWaits() {
        var driver = Driver { $0.bootstrapPeers = [seed] }
        var waits: [Nanoseconds] = []
        for _ in 0..<200 {
            #expect(driver.take().dials == [seed])
            driver.fail(seed.description)
            let failedAt = driver.now
            while let deadline = driver.manager.nextDeadline, !driver.effects.dials.contains(seed) { driver.pass(deadline - driver.now) }
            waits.append(driver.now - failedAt)
        }
        for (index, wait) in waits.enumerated() {
            let full = min(PeeringLimits.bootstrapBackoffMin << Nanoseconds(min(index, 20)), PeeringLimits.bootstrapBackoffMax)
            #expect((full - full / 4...full).contains(wait), "wait \(index) was \(wait)")
        }
        #expect(Set(waits.suffix(100)).count > 90, "jitter")
    }

    @Test func aDialThatTakesTooLongIsCancelled() {
        var driver = Driver { $0.bootstrapPeers = [seed] }
        driver.pass(PeeringLimits.dialTimeout + 1)
        #expect(driver.take().contains(.cancelDial(seed)))
        #expect(driver.manager.dialsFailed == 1)
    }

    @Test func aBootstrapPeerThatHangsUpAtOnceIsNotRedialledInATightLoop() {
        var driver = Driver { $0.bootstrapPeers = [seed] }
        var dials = 0
        for _ in 0..<600 {
            if driver.take().dials.contains(seed) {
                dials += 1
                let id = driver.outbound(900, at: seed.description)
                driver.close(id)
            }
            driver.pass(.seconds(1))
        }
        #expect((10...25).contains(dials), "\(dials) dials in ten minutes")
    }

    @Test func aBootstrapPeerThatWasThereForLongIsRedialledAtOnce() {
        var driver = Driver { $0.bootstrapPeers = [seed] }
        let id = driver.outbound(900, at: seed.description)
        driver.pass(.seconds(61), answering: [id])
        _ = driver.take()
        driver.close(id, .connectionLost)
        driver.pass(.seconds(1))
        #expect(driver.take().dials == [seed])
    }

    @Test func aBootstrapPeerOfAnotherChainIsRedialledSeldomButForEver() {
        var driver = Driver { $0.bootstrapPeers = [seed] }
        let id = driver.connect(seed.description)
        driver.shake(id, handshake(900, chainID: "other"))
        _ = driver.take()
        driver.pass(.seconds(40))
        #expect(driver.take().dials == [])
        driver.pass(.seconds(20))
        #expect(driver.take().dials == [seed])
    }

    @Test func addressesThatPeersTellAreDialledUntilEnoughAreThere() throws {
        var (driver, id) = teller { $0.minOutboundPeers = 4 }
        driver.tell(id, (1...30).map { endpoint("30.\($0).1.1:9000") })
        var ready: Set<PeerID> = [id]
        for _ in 0..<30 {
            driver.pass(.seconds(1), answering: ready)
            for dialled in driver.take().dials {
                ready.insert(driver.outbound(600 + UInt64(ready.count), at: dialled.description))
            }
        }
        #expect(driver.manager.outboundCount == 4)
        #expect(driver.manager.dialsStarted == 4)
        driver.close(try #require(ready.max()))
        driver.pass(.seconds(1), answering: ready)
        #expect(driver.take().dials.count == 1)
    }

    @Test func inboundPeersDoNotCountAsEnough() throws {
        var driver = Driver { $0.minOutboundPeers = 2 }
        let ids = Set((1...10).map { driver.inbound(UInt64($0)) })
        driver.tell(try #require(ids.min()), [endpoint("30.1.1.1:9000")])
        driver.pass(.seconds(1), answering: ids)
        #expect(driver.take().dials == [endpoint("30.1.1.1:9000")])
    }

    @Test func anAddressThatNeverAnswersIsForgotten() {
        var (driver, id) = teller()
        driver.tell(id, [endpoint("30.1.1.1:9000")])
        var dials = 0
        for _ in 0..<1200 {
            driver.pass(.seconds(1), answering: [id])
            for dialled in driver.take().dials {
                dials += 1
                driver.fail(dialled.description)
            }
        }
        #expect(dials == PeeringLimits.maxFailuresUntried)
        #expect(driver.manager.knownAddressCount == 0)
    }

    @Test func anAddressThatOnceAnsweredHasMoreChances() {
        var (driver, id) = teller()
        driver.tell(id, [endpoint("30.1.1.1:9000")])
        driver.pass(.seconds(1), answering: [id])
        driver.close(driver.outbound(600, at: "30.1.1.1:9000"))
        _ = driver.take()
        var dials = 0
        for _ in 0..<1000 {
            driver.pass(.seconds(10), answering: [id])
            for dialled in driver.take().dials {
                dials += 1
                driver.fail(dialled.description)
            }
        }
        #expect(dials == PeeringLimits.maxFailuresTried - 1)
        #expect(driver.manager.knownAddressCount == 0)
    }

    @Test func whileNothingCanBeReachedNothingIsForgotten() {
        var (driver, id) = teller()
        driver.tell(id, [endpoint("30.1.1.1:9000")])
        driver.close(id)
        var dials = 0
        for _ in 0..<2000 {
            driver.pass(.seconds(10))
            for dialled in driver.take().dials {
                dials += 1
                driver.fail(dialled.description)
            }
        }
        #expect(dials > 10)
        #expect(driver.manager.knownAddressCount == 1)
    }

    @Test func anAddressOfAnotherChainIsForgottenAtOnce() {
        var (driver, id) = teller()
        driver.tell(id, [endpoint("30.1.1.1:9000")])
        driver.pass(.seconds(1), answering: [id])
        let other = driver.connect("30.1.1.1:9000")
        driver.shake(other, handshake(600, chainID: "other"))
        #expect(driver.take().facts.contains(.addressForgotten(endpoint("30.1.1.1:9000"))))
        #expect(driver.manager.knownAddressCount == 0)
    }

    @Test func dialsAreSpacedAndFewAtATime() {
        var (driver, id) = teller { $0.minOutboundPeers = 25 }
        driver.tell(id, (1...100).map { endpoint("30.\($0).1.1:9000") })
        driver.pass(PeeringLimits.dialSpacing - 1, answering: [id])
        #expect(driver.take().dials.count == 1)
        driver.pass(.seconds(5), answering: [id])
        #expect(driver.manager.dialCount == PeeringLimits.maxConcurrentDials)
        for _ in 0..<50 {
            if let dialled = driver.take().dials.first { driver.fail(dialled.description) }
        }
        #expect(driver.manager.checkInvariants() == [])
    }

    @Test func oneNetworkGivesAtMostTwoOutboundPeers() {
        var (driver, id) = teller()
        driver.tell(id, (1...30).map { endpoint("30.1.\($0).1:9000") } + [endpoint("31.1.1.1:9000")])
        var dialled: [Endpoint] = []
        var ready: Set<PeerID> = [id]
        for _ in 0..<60 {
            driver.pass(.seconds(1), answering: ready)
            for endpoint in driver.take().dials {
                dialled.append(endpoint)
                ready.insert(driver.outbound(600 + UInt64(ready.count), at: endpoint.description))
            }
        }
        #expect(dialled.count { $0.host.hasPrefix("30.1.") } == 2)
        #expect(dialled.contains(endpoint("31.1.1.1:9000")))
    }

    @Test func aLaboratoryInOnePrivateNetworkIsNotBound() {
        var driver = Driver()
        let id = driver.inbound(8, from: "10.1.1.1:1")
        _ = driver.take()
        driver.tell(id, (2...20).map { endpoint("10.1.1.\($0):9000") })
        driver.pass(.seconds(5), answering: [id])
        #expect(driver.take().dials.count == NodeDefaults.minOutboundPeers)
    }

    @Test func aNameMustNotLeadFurtherInThanItsTellerCouldMean() {
        var (driver, id) = teller()
        driver.tell(id, [endpoint("evil.example:6379")])
        driver.pass(.seconds(1), answering: [id])
        #expect(driver.take().dials == [endpoint("evil.example:6379")])
        let inner = driver.connect("evil.example:6379", remote: "127.0.0.1:6379")
        let effects = driver.take()
        #expect(effects.closed(inner) == .addressNotAllowed)
        #expect(!effects.contains(.sendHandshake(inner)))
    }

    @Test func theOwnAddressIsNotDialled() {
        var (driver, id) = teller { $0.local.listenAddress = "30.1.1.1:9000" }
        driver.tell(id, [endpoint("30.1.1.1:9000")])
        driver.pass(.seconds(60), answering: [id])
        #expect(driver.take().dials == [])
    }

    @Test func aConnectedNodeIsNotDialledAtItsListenAddress() {
        var (driver, id) = teller()
        let other = driver.inbound(9, from: "30.1.1.1:5555", listen: ":9000")
        driver.tell(id, [endpoint("30.1.1.1:9000")])
        driver.pass(.seconds(60), answering: [id, other])
        #expect(driver.take().dials == [])
        driver.close(other)
        driver.pass(.seconds(1), answering: [id])
        #expect(driver.take().dials == [endpoint("30.1.1.1:9000")])
    }

    @Test func anInactivePeerIsReplacedWhenACandidateWaits() {
        let seeds = (1...2).map { endpoint("4.\($0).1.1:9000") }
        var (driver, teller) = teller { $0.minOutboundPeers = 2 }
        driver.tell(teller, seeds)
        driver.pass(.seconds(1), answering: [teller])
        let ids = seeds.enumerated().map { driver.outbound(UInt64(600 + $0.offset), at: $0.element.description) }
        let ready = Set(ids + [teller])
        driver.manager.localHeightChanged(1000)
        driver.manager.heightLearned(ids[0], 1000, at: driver.moment)
        driver.pass(.seconds(700), answering: ready)
        #expect(driver.take().closed(ids[1]) == nil, "nobody waits")
        driver.tell(teller, [endpoint("4.3.1.1:9000")])
        driver.pass(.seconds(61), answering: ready)
        let effects = driver.take()
        #expect(effects.closed(ids[1]) == .inactive)
        #expect(effects.closed(ids[0]) == nil)
        #expect(Set(effects.dials) == [endpoint("4.3.1.1:9000")], "and not the one that was just given up")
    }

    @Test func aPeerThatCatchesUpOrIsUsefulIsNotInactive() {
        var driver = Driver()
        let ids = (1...3).map { driver.inbound(UInt64($0)) }
        driver.manager.localHeightChanged(1000)
        driver.pass(.seconds(599), answering: Set(ids))
        driver.manager.heightLearned(ids[0], 10, at: driver.moment)
        driver.manager.usefulMessageReceived(ids[1], .transaction, at: driver.moment)
        driver.pass(.seconds(2), answering: Set(ids))
        let inactive = ids.filter { id in driver.manager.peer(id).map { driver.manager.isInactive($0, at: driver.now) } ?? false }
        #expect(inactive == [ids[2]])
        driver.manager.localHeightChanged(5)
        #expect(driver.manager.peer(ids[2]).map { driver.manager.isInactive($0, at: driver.now) } == false)
    }

    @Test func aNewBootstrapListIsTakenUpAtOnce() {
        var driver = Driver { $0.bootstrapPeers = [seed] }
        driver.fail(seed.description)
        _ = driver.take()
        var configuration = driver.manager.configuration
        configuration.bootstrapPeers = [endpoint("4.2.1.1:9000")]
        driver.manager.reconfigure(configuration, at: driver.moment, into: &driver.effects)
        driver.pass(.seconds(120))
        let dials = driver.take().dials
        #expect(dials.contains(endpoint("4.2.1.1:9000")))
        #expect(!dials.contains(seed))
    }

    @Test func anInboundConnectionOfABootstrapPeerMakesTheDialNeedless() {
        var driver = Driver { $0.bootstrapPeers = [seed] }
        driver.fail(seed.description)
        _ = driver.take()
        let id = driver.inbound(7, from: "4.1.1.1:5000", listen: ":9000")
        #expect(driver.manager.peer(id)?.isBootstrap == true)
        driver.pass(.seconds(120), answering: [id])
        #expect(driver.take().dials == [])
    }
}
