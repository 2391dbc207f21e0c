import Network
import PodoruConfiguration
import Primitives
import Testing

struct NetworkTests {
    static let members: [(network: String, inside: [String], outside: [String])] = [
        ("10.0.0.0/8", ["10.0.0.0", "10.255.255.255", "::ffff:10.1.2.3"], ["9.255.255.255", "11.0.0.0", "::a00:1", "x", ""]),
        ("192.168.1.0/24", ["192.168.1.7"], ["192.168.2.7"]),
        ("192.168.1.128/25", ["192.168.1.128", "192.168.1.255"], ["192.168.1.127"]),
        ("1.2.3.4", ["1.2.3.4"], ["1.2.3.5"]),
        ("1.2.3.4/32", ["1.2.3.4"], ["1.2.3.5"]),
        ("0.0.0.0/0", ["0.0.0.0", "255.255.255.255"], ["::1"]),
        ("2001:db8::/32", ["2001:db8::1", "2001:db8:ffff::"], ["2001:db9::", "10.0.0.1"]),
        ("2001:db8::/65", ["2001:db8::7fff:0:0:1"], ["2001:db8::8000:0:0:1"]),
        ("::/0", ["::1", "ffff::"], ["1.2.3.4"]),
        ("::1", ["::1"], ["::2"]),
        ("fe80::/64", ["fe80::1"], ["fe80:0:0:1::1"]),
    ]

    @Test func aNetworkContainsItsAddressesAndNoOthers() throws {
        for (text, inside, outside) in NetworkTests.members {
            let network = try #require(IPNetwork(text))
            for address in inside { #expect(network.contains(try #require(IPAddress(address))), "\(text) \(address)") }
            for address in outside { #expect(IPAddress(address).map(network.contains) != true, "\(text) \(address)") }
            #expect(IPNetwork(network.description) == network)
        }
    }

    @Test(arguments: [
        "", "/", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/08x", "10.0.0/8", "010.0.0.0/8", "1.2.3.4/8/8", "::1/129",
        "::ffff:1.2.3.4/120",
        "fe80::1%eth0", "localhost", "1.2.3.4\u{0}", "1.2.3.4 ",
    ])
    func whatIsNoNetworkIsRefused(text: String) {
        #expect(IPNetwork(text) == nil)
    }

    @Test func aNetworkIsMaskedToItsLength() throws {
        for (text, masked) in [
            ("10.1.2.3/8", "10.0.0.0/8"), ("10.0.0.0/8", "10.0.0.0/8"), ("1.2.3.4", "1.2.3.4/32"), ("1.2.3.4/0", "0.0.0.0/0"),
            ("2001:db8:1::1/32", "2001:db8::/32"), ("1:2:3:4:8000::1/65", "1:2:3:4:8000::/65"), ("1::1/128", "1::1/128"),
            ("1::1/0", "::/0"),
        ] { #expect("\(try #require(IPNetwork(text)).masked)" == masked) }
    }
}

struct EndpointTextTests {
    static let good = [
        "192.168.1.10:9000", "node.example.org:9000", "localhost:1", "[::1]:65535", "[2001:db8::1]:9000", "a_b-c.d1:9000",
        "podoru-producer1:9000", "A.B:9",
    ]
    static let bad = [
        "", ":", "a", "a:", ":9000", "a:0", "a:65536", "a:-1", "a:+1", "a: 1", "a:1 ", "a b:1", "-a:1", "a-:1", "a..b:1", ".a:1", "a.:1",
        "1.2.3:1", "256.1.1.1:1",
        "1.2.3.4.5:1", "010.1.1.1:1", "::1:9000", "[::1]", "[::1]9000", "[1.2.3.4]:9000", "[a]:1", "[]:1", "[::1%lo]:1", "0.0.0.0:1",
        "[::]:1", "é.org:1",
        "\(String(repeating: "a", count: 64)):1", "http://a:1", "a:1/", "user@a:1", "a:000001",
    ]

    private func accepts(_ text: String) -> Bool {
        complaints("external_address: '\(text)'").isEmpty
    }

    @Test(arguments: good) func anEndpointPasses(text: String) {
        #expect(accepts(text))
        #expect(Endpoint(text)?.isDialable == true)
    }

    @Test(arguments: bad) func whatIsNoEndpointIsRefused(text: String) {
        #expect(!accepts(text))
    }

    @Test func whatPassesIsDialableForTheNetworkModule() {
        var random = printedSeed(for: "endpoints")
        let pieces = [
            "a", "9000", ":", "::", ".", "[", "]", "1", "0", "255", "-", "_", "example.org", "10.0.0.1", "::1", " ", "65535", "65536",
        ]
        var accepted = 0
        for _ in 0..<5000 {
            let text = (0..<1 + random.below(5)).map { _ in random.pick(pieces) }.joined() + random.pick(["", ":9000", ":1"])
            let ours = accepts(text)
            #expect(ours == (Endpoint(text)?.isDialable ?? false), Comment(rawValue: text))
            accepted += ours ? 1 : 0
        }
        #expect(accepted > 100)
    }

    @Test(arguments: ["*", "https://example.org", "http://localhost:3000", "http://10.0.0.1", "https://[::1]", "https://[::1]:8443"])
    func anOriginPasses(text: String) {
        #expect(complaints("api_cors_origins: ['\(text)']").isEmpty)
    }

    @Test(arguments: [
        "", "example.org", "https://", "https://a/", "https://a/b", "ftp://a", "https://*.a.org", "https://a:", "https://a:0",
        "https://a b", "HTTPS://a", "null", "https://a@b", "https://0.0.0.0", "https://[::ffff:1.2.3.4]", "https://a:65536", "https://:1",
    ])
    func whatIsNoOriginIsRefused(text: String) {
        #expect(complaints("api_cors_origins: ['\(text)']").count == 1)
    }

    @Test(arguments: [
        ("https://Example.org", "https://example.org"), ("HTTPS://example.org", "https://example.org"),
        ("https://example.org/", "https://example.org"), ("https://example.org/app/#x", "https://example.org"),
        ("https://example.org:443", "https://example.org"), ("http://example.org:80/", "http://example.org"),
        ("http://example.org:0080", "http://example.org"), ("http://localhost:03000", "http://localhost:3000"),
        ("https://example.org?x=1", "https://example.org"), ("http://[0:0:0:0:0:0:0:1]:3000", "http://[::1]:3000"),
        ("http://[2001:DB8::1]", "http://[2001:db8::1]"), ("http://example.org:443", "http://example.org:443"),
    ]) func anOriginAsNoBrowserSendsItIsRefusedWithTheRightSpelling(text: String, sent: String) {
        let told = complaints("api_cors_origins: ['\(text)']")
        if text == sent {
            #expect(told == [])
        } else {
            #expect(told.first?.hasSuffix("is not as browsers send it and would match none of them; write \(sent)") == true, "\(told)")
            #expect(complaints("api_cors_origins: ['\(sent)']") == [])
        }
    }

    @Test func anInternationalNameIsWrittenInItsASCIIForm() {
        #expect(complaints("api_cors_origins: ['https://bücher.example']").first?.contains("begins with xn--") == true)
        #expect(complaints("api_cors_origins: ['https://xn--bcher-kva.example']") == [])
    }

    @Test(arguments: [
        ("http://10.0.0.1:9000", "http://", "10.0.0.1:9000"), ("tcp://a.org:9000", "tcp://", "a.org:9000"),
        ("a.org:9000/", "'/'", "a.org:9000"), ("https://a.org:9000/api/v1", "https:// and '/api/v1'", "a.org:9000"),
        ("http://[::1]:9000/", "http:// and '/'", "[::1]:9000"),
        ("enode://ab@10.0.0.1:9000", "enode:// and what stands before and with @", "10.0.0.1:9000"),
        ("ab@10.0.0.1:9000", "what stands before and with @", "10.0.0.1:9000"),
    ]) func aPeerAsAURLIsToldWhatToLeaveOut(text: String, surplus: String, peer: String) {
        #expect(
            complaints("bootstrap_peers: ['\(text)']") == [
                "node.yaml:1:19: bootstrap_peers: '\(text)' is more than a host and a port; leave out \(surplus): write \(peer)"
            ])
        #expect(EndpointAdvice.text(for: text)?.hasSuffix("write \(peer)") == true)
        #expect(EndpointAdvice.text(for: peer) == nil)
    }
}

struct NearestNameTests {
    @Test(arguments: [
        ("maxpeers", "max_peers"), ("max_peer_per_ip", "max_peers_per_ip"), ("MAX-PEERS", "max_peers"), ("blocktime", "block_time"),
        ("datadir", "data_dir"),
        ("p2p_prot", "p2p_port"), ("genesis", "genesis_path"), ("private", "private_key"),
    ])
    func aMistypedKeyNamesTheNearest(written: String, nearest: String) {
        #expect(
            complaints("\(written): 1").first?.hasSuffix("; the nearest known key is \(nearest): write that, or remove this one") == true)
    }
}
