import Network
import TestKit
import Testing
import Wire

@Suite struct HandshakeTests {
    static func handshake(version: String = "1.2.3", listen: String = "") -> Handshake {
        Handshake(version: version, chainID: "0x00", height: 7, nodeType: .full, listenAddress: listen)
    }

    @Test(arguments: [("1.2.3", 1), ("v2.0.0", 2), ("0.10.0-rc.1+build.5", 0), ("10.0.0+x", 10)] as [(String, UInt64)])
    func theMajorVersionIsRead(_ text: String, _ major: UInt64) {
        #expect(Self.handshake(version: text).majorVersion == major)
    }

    @Test(arguments: ["", "1", "1.2", "1.2.3.4", "a.b.c", "1..3", "-1.0.0", "1.2.x", "18446744073709551616.0.0", "1.0.0 "])
    func whatIsNoSemanticVersionHasNoMajor(_ text: String) {
        #expect(Self.handshake(version: text).majorVersion == nil)
    }

    @Test(
        arguments: [
            ("", nil), ("1.2.3.4:0", nil), (":0", nil), ("nonsense", nil), (":9000", "10.0.0.9:9000"), ("0.0.0.0:9000", "10.0.0.9:9000"),
            ("[::]:9001", "10.0.0.9:9001"), ("1.2.3.4:9000", "1.2.3.4:9000"), ("node.example:9000", "node.example:9000"),
        ] as [(String, String?)])
    func aWildcardListenAddressIsTheAddressThatIsSeen(_ listen: String, _ expected: String?) throws {
        let seen = try #require(Endpoint("10.0.0.9:51234"))
        #expect(Self.handshake(listen: listen).listenEndpoint(seenFrom: seen)?.description == expected)
    }

    @Test func chainsAreComparedAsBytesAndHashesWithoutCase() {
        func isOf(_ ours: String, _ theirs: String) -> Bool {
            Handshake(version: "1.0.0", chainID: ours, height: 0, nodeType: .full, listenAddress: "").isOfChain(theirs)
        }
        let hash = "0x" + String(repeating: "aB", count: 32)
        #expect(isOf(hash, hash.lowercased()) && isOf("mine", "mine"))
        #expect(!isOf(hash, "0x" + String(repeating: "ac", count: 32)) && !isOf("mine", "Mine"))
        // Swift's strings take these for equal: one letter with its accent, and a letter with an accent behind it.
        #expect(!isOf("caf\u{e9}", "cafe\u{301}"))
        #expect(!isOf("0xAB", "0xab"))
    }

    @Test func nodeTypesKeepTheirWord() {
        for text in ["producer", "full", "archive", ""] { #expect(NodeType(text).text == text) }
        #expect(NodeType("producer") == .producer)
        #expect(NodeType("Full") == .other("Full"))
    }
}
