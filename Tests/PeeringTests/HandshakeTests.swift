import Primitives
import Testing
import Wire

@testable import Peering

/// `protocol.md`, "Handshake": one test a rule.
@Suite struct HandshakeTests {
    @Test func bothSidesSendTheHandshakeAtOnce() {
        var driver = Driver { $0.bootstrapPeers = [endpoint("1.2.3.4:9000")] }
        #expect(driver.take() == [.dial(endpoint("1.2.3.4:9000"))])
        let outbound = driver.connect("1.2.3.4:9000")
        #expect(driver.take() == [.sendHandshake(outbound)])
        let inbound = driver.accept("5.6.7.8:1234")
        #expect(driver.take() == [.sendHandshake(inbound)])
    }

    @Test func anAcceptableHandshakeMakesAPeer() {
        var driver = Driver()
        let id = driver.accept("5.6.7.8:1234")
        driver.shake(id, handshake(7, height: 42))
        #expect(driver.take().ready == [id])
        let peer = driver.manager.peer(id)
        #expect(peer?.isReady == true)
        #expect(peer?.height == 42)
        #expect(peer?.nodeID == nodeID(7))
        #expect(peer?.isSigned == true)
        #expect(driver.manager.peerCount == 1)
        #expect(driver.manager.readyPeers.map(\.id) == [id])
    }

    @Test func anythingBeforeTheHandshakeCloses() {
        var driver = Driver()
        let id = driver.accept("5.6.7.8:1234")
        let isUsable = driver.message(id)
        #expect(!isUsable)
        #expect(driver.take().closed(id) == .handshakeExpected)
        #expect(driver.manager.peer(id) == nil)
    }

    @Test func aSecondHandshakeCloses() {
        var driver = Driver()
        let id = driver.inbound(7)
        driver.shake(id, handshake(7))
        let effects = driver.take()
        #expect(effects.closed(id) == .secondHandshake)
        #expect(effects.gone(id) == .secondHandshake)
    }

    @Test(arguments: ["2.0.0", "0.9.9", "1", "one", "", "1.0.0.0"])
    func anotherMajorVersionCloses(_ version: String) {
        var driver = Driver()
        let id = driver.accept("5.6.7.8:1234")
        driver.shake(id, handshake(7, version: version))
        #expect(driver.take().closed(id) == .incompatibleVersion)
    }

    @Test(arguments: ["1.0.0", "1.99.0-rc.1", "v1.2.3+build"])
    func theSameMajorVersionIsWelcome(_ version: String) {
        var driver = Driver()
        let id = driver.accept("5.6.7.8:1234")
        driver.shake(id, handshake(7, version: version))
        #expect(driver.take().ready == [id])
    }

    @Test(arguments: ["0x" + String(repeating: "cd", count: 32), "", "testnet"])
    func anotherChainCloses(_ chainID: String) {
        var driver = Driver()
        let id = driver.accept("5.6.7.8:1234")
        driver.shake(id, handshake(7, chainID: chainID))
        #expect(driver.take().closed(id) == .otherChain)
    }

    @Test func otherRulesOfTheSameChainCloseAndAreToldWithBothValues() {
        let (ours, theirs) = (SHA256.hash([1]), SHA256.hash([2]))
        var driver = Driver { $0.local.rules = ours }
        let id = driver.accept("5.6.7.8:1234")
        var hello = handshake(7)
        hello.rules = theirs
        driver.shake(id, hello)
        let outcome = driver.take()
        #expect(outcome.closed(id) == .otherRules)
        #expect(outcome.facts.contains(.otherRules(endpoint("5.6.7.8:1234"), theirs: theirs, ours: ours)))
    }

    @Test func whoSaysNothingOfItsRulesIsWelcome() {
        var driver = Driver { $0.local.rules = SHA256.hash([1]) }
        let silent = driver.accept("5.6.7.8:1234")
        driver.shake(silent, handshake(7))
        var same = handshake(8)
        same.rules = SHA256.hash([1])
        let equal = driver.accept("6.6.7.8:1234")
        driver.shake(equal, same)
        #expect(driver.take().ready == [silent, equal])
    }

    @Test func aNodeOfAnotherChainIsToldAsThatWhateverItsRules() {
        var driver = Driver { $0.local.rules = SHA256.hash([1]) }
        let id = driver.accept("5.6.7.8:1234")
        var hello = handshake(7, chainID: "testnet")
        hello.rules = SHA256.hash([2])
        driver.shake(id, hello)
        #expect(driver.take().closed(id) == .otherChain)
    }

    @Test func aHashInUpperCaseIsTheSameChainButANameIsNot() {
        var driver = Driver()
        let id = driver.accept("5.6.7.8:1234")
        driver.shake(id, handshake(7, chainID: "0x" + String(repeating: "AB", count: 32)))
        #expect(driver.take().ready == [id])
        var named = Driver { $0.local.chainID = "testnet" }
        let other = named.accept("5.6.7.8:1234")
        named.shake(other, handshake(7, chainID: "Testnet"))
        #expect(named.take().closed(other) == .otherChain)
    }

    @Test func nothingWithinTheTimeoutCloses() {
        var driver = Driver()
        let id = driver.accept("5.6.7.8:1234")
        driver.pass(.seconds(10) - 1)
        #expect(driver.take().closed(id) == nil)
        driver.pass(1)
        #expect(driver.take().closed(id) == .handshakeTimeout)
    }

    @Test func singleBytesDoNotDrawTheTimeoutOut() {
        var driver = Driver()
        let id = driver.accept("5.6.7.8:1234")
        for _ in 0..<20 {
            driver.pass(.milliseconds(501))
            driver.manager.bytesReceived(id, at: driver.moment)
        }
        #expect(driver.take().closed(id) == .handshakeTimeout)
    }

    @Test func theOwnNonceMeansAConnectionToOneself() {
        var driver = Driver { $0.bootstrapPeers = [endpoint("1.2.3.4:9000")] }
        let id = driver.connect("1.2.3.4:9000")
        driver.shake(id, handshake(500))
        let effects = driver.take()
        #expect(effects.closed(id) == .selfConnection)
        #expect(effects.facts == [.ownEndpoint(endpoint("1.2.3.4:9000"))])
        driver.pass(.seconds(3600))
        #expect(driver.take().dials == [])
        #expect(driver.manager.ownEndpoints == [endpoint("1.2.3.4:9000")])
    }

    @Test func anotherNodeWithTheOwnKeyIsNamedAsSuch() {
        var driver = Driver()
        let id = driver.accept("5.6.7.8:1234")
        var twin = handshake(500)
        twin.nonce = 1
        driver.shake(id, twin)
        #expect(driver.take().closed(id) == .identityClash)
    }

    @Test func aHandshakeSignedByAnotherKeyCloses() {
        var driver = Driver()
        let id = driver.accept("5.6.7.8:1234")
        driver.manager.handshakeReceived(id, handshake(7), signedBy: nodeID(8), at: driver.moment, into: &driver.effects)
        #expect(driver.take().closed(id) == .identityMismatch)
    }

    @Test func anUnsignedHandshakeIsAClaim() {
        var driver = Driver()
        let id = driver.inbound(7, signed: false)
        #expect(driver.manager.peer(id)?.nodeID == nodeID(7))
        #expect(driver.manager.peer(id)?.isSigned == false)
    }

    @Test(arguments: [
        (":9001", "5.6.7.8:9001"), ("0.0.0.0:9001", "5.6.7.8:9001"), ("[::]:9001", "5.6.7.8:9001"), ("5.6.7.8:9001", "5.6.7.8:9001"),
        ("9.9.9.9:9001", "9.9.9.9:9001"), ("node.example:9001", "node.example:9001"),
    ])
    func theListenAddressIsReadWithTheAddressSeen(_ written: String, _ meant: String) {
        var driver = Driver()
        let id = driver.inbound(7, from: "5.6.7.8:1234", listen: written)
        #expect(driver.manager.peer(id)?.listenEndpoint == endpoint(meant))
        #expect(driver.manager.peer(id)?.isListenEndpointConfirmed == meant.hasPrefix("5.6.7.8"))
    }

    @Test(arguments: ["", ":0", "5.6.7.8:0", "0.0.0.0:0", "nonsense", ":99999"])
    func noPortMeansNoConnections(_ written: String) {
        var driver = Driver()
        let id = driver.inbound(7, from: "5.6.7.8:1234", listen: written)
        #expect(driver.manager.peer(id)?.isReady == true)
        #expect(driver.manager.peer(id)?.listenEndpoint == nil)
        #expect(driver.manager.knownAddressCount == 0)
    }

    @Test func lateEventsForAForgottenConnectionDoNothing() {
        var driver = Driver()
        let id = driver.inbound(7)
        driver.close(id)
        _ = driver.take()
        driver.shake(id, handshake(7))
        _ = driver.message(id)
        driver.close(id)
        driver.penalize(id, .invalidBlock)
        #expect(driver.take() == [])
    }

    @Test func everyReasonHasASnakeCaseNameAndItsOwnSentence() {
        let sentences = Set(DisconnectReason.allCases.map(\.description))
        #expect(sentences.count == DisconnectReason.allCases.count)
        for reason in DisconnectReason.allCases {
            #expect(reason.rawValue.utf8.allSatisfy { $0 == UInt8(ascii: "_") || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) })
            #expect(reason.description.count > 15)
        }
    }
}
