import Network
import TestKit
import Testing
import Wire

@Suite struct EndpointTests {
    @Test(arguments: [
        ("192.168.1.10:9000", "192.168.1.10:9000"),
        ("[::1]:9000", "[::1]:9000"),
        ("[2001:DB8:0:0:1:0:0:1]:1", "[2001:db8::1:0:0:1]:1"),
        ("[::ffff:10.0.0.1]:9000", "10.0.0.1:9000"),
        ("[::FFFF:0a00:1]:9000", "10.0.0.1:9000"),
        ("Node-1.Example.org:65535", "node-1.example.org:65535"),
        ("podoru_producer1:9000", "podoru_producer1:9000"),
        ("0.0.0.0:0", "0.0.0.0:0"),
        ("[::]:9000", "[::]:9000"),
    ])
    func anEndpointReadsAndPrintsCanonically(_ text: String, _ canonical: String) throws {
        let endpoint = try #require(Endpoint(text))
        #expect(endpoint.description == canonical)
        #expect(Endpoint(endpoint.description) == endpoint)
    }

    @Test(arguments: [
        "", ":", ":9000", "host", "host:", "host:x", "host:65536", "host:-1", "host:+1", "host: 1", "host:000001", "::1:9000",
        "[::1]", "[::1]9000", "[127.0.0.1]:1", "[host]:1", "1.2.3:1", "256.1.1.1:1", "01.2.3.4:1", "1.2.3.4.5:1", "9:9",
        "-a:1", "a-:1", "a..b:1", ".a:1", "a.:1", "a b:1", "bücher:1", "[fe80::1%eth0]:1", "[1:2:3:4:5:6:7:8:9]:1", "[1::2::3]:1",
        "[:::]:1", "[1:2:3:4:5:6:7:]:1", "[12345::]:1", "[1:2:3:4:5:6:7:8::]:1", "[::1.2.3]:1", "[1.2.3.4::]:1",
    ])
    func whatIsNoEndpointIsRefused(_ text: String) {
        #expect(Endpoint(text) == nil)
    }

    @Test func aNameIsBounded() {
        let label = String(repeating: "a", count: 63)
        let longest = [label, label, label, String(repeating: "a", count: 61)].joined(separator: ".")
        #expect(Endpoint("\(longest):65535")?.host.utf8.count == 253)
        #expect(Endpoint("\(longest)a:65535") == nil)
        #expect(Endpoint("a\(label):1") == nil)
    }

    @Test func onlyAPlaceCanBeDialled() throws {
        #expect(try #require(Endpoint("1.2.3.4:1")).isDialable)
        #expect(try #require(Endpoint("name:1")).isDialable)
        #expect(try !#require(Endpoint("1.2.3.4:0")).isDialable)
        #expect(try !#require(Endpoint("0.0.0.0:1")).isDialable)
        #expect(try !#require(Endpoint("[::]:1")).isDialable)
    }

    @Test(arguments: [
        ("::", "::"), ("1::", "1::"), ("::8", "::8"), ("1:0:0:2:0:0:0:3", "1:0:0:2::3"), ("1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7"),
        ("0:0:1::", "0:0:1::"), ("::1.2.3.4", "::102:304"), ("64:ff9b::1.2.3.4", "64:ff9b::102:304"),
        ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"), ("FE80::ABCD", "fe80::abcd"),
    ])
    func ipv6PrintsAsRFC5952Says(_ text: String, _ canonical: String) {
        #expect(IPAddress(text)?.description == canonical)
    }

    @Test func loopbackIsRecognised() throws {
        for text in ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"] { #expect(try #require(IPAddress(text)).isLoopback) }
        for text in ["128.0.0.1", "::2", "::", "1.0.0.127"] { #expect(try !#require(IPAddress(text)).isLoopback) }
    }

    @Test(arguments: [
        ("10.0.0.0/8", "10.255.0.1", true), ("10.0.0.0/8", "11.0.0.1", false), ("0.0.0.0/0", "9.9.9.9", true),
        ("0.0.0.0/0", "::1", false), ("1.2.3.4", "1.2.3.4", true), ("1.2.3.4/32", "1.2.3.5", false),
        ("2001:db8::/32", "2001:db8:ffff::1", true), ("2001:db8::/32", "2001:db9::1", false), ("::/0", "fe80::1", true),
        ("1:2:3:4:8000::/65", "1:2:3:4:ffff::", true), ("1:2:3:4:8000::/65", "1:2:3:4:7fff::", false),
        ("10.0.0.0/8", "::ffff:10.1.1.1", true),
    ])
    func aNetworkContainsItsAddresses(_ network: String, _ address: String, _ expected: Bool) throws {
        #expect(try #require(IPNetwork(network)).contains(try #require(IPAddress(address))) == expected)
    }

    @Test(arguments: ["10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/-1", "10.0.0/8", "/8", "", "10.0.0.0/8/8", "10.0.0.0/+8"])
    func whatIsNoNetworkIsRefused(_ text: String) {
        #expect(IPNetwork(text) == nil)
    }
}
