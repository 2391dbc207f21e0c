import Network
import Primitives
import Testing

@testable import Peering

/// Peer lists asked, told and learned.
@Suite struct PeerListTests {
    @Test func eachNewPeerIsAsked() {
        var driver = Driver { $0.bootstrapPeers = [endpoint("4.1.1.1:9000")] }
        let outbound = driver.outbound(600, at: "4.1.1.1:9000")
        let inbound = driver.inbound(7)
        let effects = driver.take()
        #expect(effects.contains(.sendPeerListRequest(outbound)))
        #expect(effects.contains(.sendPeerListRequest(inbound)))
    }

    @Test func whilePeersAreMissingTheyAreAskedAgainElseSeldom() {
        var lonely = Driver()
        let id = lonely.inbound(7)
        _ = lonely.take()
        lonely.pass(.seconds(601), answering: [id])
        #expect(lonely.take().count { $0 == .sendPeerListRequest(id) } == 10)
        var content = Driver { $0.minOutboundPeers = 0 }
        let other = content.inbound(7)
        _ = content.take()
        content.pass(.seconds(1801), answering: [other])
        #expect(content.take().count { $0 == .sendPeerListRequest(other) } == 2)
    }

    @Test func anAnswerNamesTheOtherReadyPeers() {
        var driver = Driver()
        let asker = driver.inbound(1, from: "20.1.1.1:1", listen: ":9000")
        _ = driver.inbound(2, from: "20.2.1.1:1", listen: ":9000")
        _ = driver.inbound(3, from: "20.3.1.1:1", listen: "")
        _ = driver.accept("20.4.1.1:1")
        let told = driver.request(asker)
        #expect(told == [endpoint("20.2.1.1:9000")])
    }

    @Test func aClaimedForeignAddressIsNotToldToOthers() {
        var driver = Driver()
        let asker = driver.inbound(1, from: "20.1.1.1:1")
        _ = driver.inbound(2, from: "20.2.1.1:1", listen: "9.9.9.9:9000")
        #expect(driver.request(asker) == [])
        #expect(driver.manager.knownAddressCount == 1, "but it may be tried")
    }

    @Test func anAddressThatAnsweredADialIsTold() {
        var driver = Driver()
        let asker = driver.inbound(1, from: "20.1.1.1:1")
        _ = driver.inbound(2, from: "20.2.1.1:1", listen: "9.9.9.9:9000")
        driver.pass(.seconds(1))
        driver.close(driver.outbound(3, at: "9.9.9.9:9000"))
        #expect(driver.request(asker) == [endpoint("9.9.9.9:9000")])
        driver.now += PeeringLimits.gossipHorizon + 1
        #expect(driver.request(asker) == [], "but not for ever")
    }

    @Test func privatePeersAreNotTold() {
        var driver = Driver {
            $0.privatePeers = [endpoint("20.2.1.1:9000"), endpoint("4.1.1.1:9000")]
            $0.bootstrapPeers = [endpoint("4.1.1.1:9000")]
        }
        let asker = driver.inbound(1, from: "20.1.1.1:1")
        _ = driver.inbound(2, from: "20.2.1.1:1", listen: ":9000")
        _ = driver.outbound(600, at: "4.1.1.1:9000", listen: ":9005")
        #expect(driver.request(asker) == [])
    }

    @Test func aSecondQuestionIsAnsweredEmptyUntilTheIntervalIsOver() {
        var driver = Driver()
        let asker = driver.inbound(1, from: "20.1.1.1:1")
        let other = driver.inbound(2, from: "20.2.1.1:1", listen: ":9000")
        #expect(driver.request(asker)?.count == 1)
        #expect(driver.request(asker) == [])
        driver.pass(PeeringLimits.peerListAnswerInterval, answering: [asker, other])
        #expect(driver.request(asker)?.count == 1)
        #expect(driver.manager.score(of: asker, at: driver.moment) == 0)
    }

    @Test func anAnswerHasAtMost1000Entries() {
        var driver = Driver {
            $0.maxPeers = 1000
            $0.minOutboundPeers = 500
        }
        for number in 0..<600 {
            let place = "\(30 + number / 200).\(number % 200).1.1:9000"
            // Each by a teller of its own network, so that all find a place in the book.
            _ = driver.manager.dialling.learn(endpoint(place), from: endpoint(place), at: driver.now)
        }
        var number: UInt64 = 600
        while driver.manager.triedAddressCount < 300, number < 3000 {
            driver.pass(.seconds(1))
            for dialled in driver.take().dials { driver.close(driver.outbound(number, at: dialled.description)) }
            number += 1
        }
        var asker: PeerID?
        for index in 0..<400 {
            let id = driver.inbound(UInt64(5000 + index), from: "\(60 + index / 200).\(index % 200).1.1:1", listen: ":9000")
            asker = asker ?? id
        }
        let told = asker.flatMap { driver.request($0) } ?? []
        #expect(told.count > 500 && told.count <= NetworkLimits.maxPeerListCount)
        #expect(Set(told).count == told.count)
    }

    @Test(arguments: [
        ("20.1.1.1", "127.0.0.1:9000", false), ("20.1.1.1", "10.0.0.1:9000", false), ("20.1.1.1", "[fe80::1]:9000", false),
        ("20.1.1.1", "localhost:9000", false), ("20.1.1.1", "30.1.1.1:9000", true), ("20.1.1.1", "node.example:9000", true),
        ("10.1.1.1", "127.0.0.1:9000", false), ("10.1.1.1", "10.0.0.1:9000", true), ("10.1.1.1", "30.1.1.1:9000", true),
        ("127.0.0.1", "127.0.0.1:9000", true), ("127.0.0.1", "10.0.0.1:9000", true), ("20.1.1.1", "30.1.1.1:0", false),
        ("20.1.1.1", "224.0.0.1:9000", false), ("20.1.1.1", "255.255.255.255:9000", false), ("127.0.0.1", "0.0.0.0:9000", false),
        ("127.0.0.1", "[ff02::1]:9000", false),
    ])
    func addressesAreTakenAndToldOnlyWhereTheyMeanTheSame(_ teller: String, _ told: String, _ isTaken: Bool) {
        var driver = Driver()
        let id = driver.inbound(1, from: "\(teller):1")
        driver.tell(id, [endpoint(told)])
        #expect(driver.manager.knownAddressCount == (isTaken ? 1 : 0))
        #expect(driver.manager.isAllowed(endpoint(told), toldFrom: endpoint("\(teller):1").scope) == isTaken)
    }

    @Test func aNetworkAcrossPrivateNetworksMayShareThem() {
        var driver = Driver { $0.sharesLocalAddresses = true }
        let id = driver.inbound(1, from: "20.1.1.1:1")
        driver.tell(id, [endpoint("10.0.0.1:9000"), endpoint("127.0.0.1:9000")])
        #expect(driver.manager.knownAddressCount == 1)
    }

    @Test func loopbackPeersAreToldToLoopbackPeersOnly() {
        var driver = Driver()
        let near = driver.inbound(1, from: "127.0.0.1:1", listen: ":9001")
        let far = driver.inbound(2, from: "20.1.1.1:1", listen: ":9000")
        #expect(driver.request(near) == [endpoint("20.1.1.1:9000")])
        #expect(driver.request(far) == [])
    }

    @Test func anAnswerThatWasNotAskedForIsTakenInSmallAmounts() {
        var driver = Driver()
        let id = driver.inbound(1, from: "20.1.1.1:1")
        let list = (0..<1000).map { endpoint("\(30 + $0 / 250).\($0 % 250).1.1:9000") }
        driver.tell(id, list)
        let first = driver.manager.knownAddressCount
        #expect(first > 100)
        driver.tell(id, (0..<1000).map { endpoint("\(40 + $0 / 250).\($0 % 250).1.1:9000") })
        #expect(driver.manager.knownAddressCount == first)
        var quiet = PeerListExchange()
        quiet.asked(at: 0)
        #expect(quiet.take(5000, at: 0) == 1000)
        #expect(quiet.take(10, at: .seconds(25)) == 2)
        #expect(quiet.take(10, at: .seconds(30)) == 1)
    }
}
