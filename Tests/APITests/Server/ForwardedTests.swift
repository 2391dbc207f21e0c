import NIOHTTP1
import Network
import PodoruConfiguration
import Testing

@testable import API

/// Who a request is from behind proxies (`api_trusted_proxies`).
@Suite struct ForwardedTests {
    private static let proxies = TrustedProxies(["127.0.0.0/8", "10.0.0.0/8", "fd00::/8"].compactMap { IPNetwork($0) })

    private func client(_ peer: String, _ fields: String..., proxies: TrustedProxies = Self.proxies) throws -> String {
        proxies.client(of: try #require(IPAddress(peer)), forwarded: fields).description
    }

    @Test func theRightMostAddressThatIsNoProxyIsTheClient() throws {
        #expect(try client("127.0.0.1", "203.0.113.7") == "203.0.113.7")
        #expect(try client("127.0.0.1", "203.0.113.7, 10.0.0.1") == "203.0.113.7")
        #expect(try client("127.0.0.1", "203.0.113.7,10.0.0.1 ,\t10.2.3.4") == "203.0.113.7")
        #expect(try client("127.0.0.1", "2001:db8::9, fd00::1") == "2001:db8::9")
        #expect(try client("::ffff:127.0.0.1", "::ffff:203.0.113.7") == "203.0.113.7", "an IPv4 address inside IPv6 is that IPv4 address")
    }

    @Test func whatAClientWritesItselfIsNotBelieved() throws {
        #expect(try client("127.0.0.1", "198.51.100.1, 203.0.113.7") == "203.0.113.7")
        #expect(try client("127.0.0.1", "10.0.0.9, 203.0.113.7, 10.0.0.1") == "203.0.113.7")
        #expect(try client("127.0.0.1", "198.51.100.1", "203.0.113.7") == "203.0.113.7", "two fields are one list")
    }

    @Test func fromAnybodyElseTheHeaderIsNotRead() throws {
        #expect(try client("203.0.113.7", "198.51.100.1") == "203.0.113.7")
        #expect(try client("127.0.0.1", "198.51.100.1", proxies: TrustedProxies()) == "127.0.0.1")
    }

    @Test func withoutAnAddressOfAClientItIsTheLastProxyThatIsKnown() throws {
        #expect(try client("127.0.0.1") == "127.0.0.1")
        #expect(try client("127.0.0.1", "") == "127.0.0.1")
        #expect(try client("127.0.0.1", "10.0.0.2, 10.0.0.1") == "10.0.0.2", "it asks by itself")
        #expect(try client("127.0.0.1", "203.0.113.7, unknown") == "127.0.0.1")
        #expect(try client("127.0.0.1", "203.0.113.7, unknown, 10.0.0.1") == "10.0.0.1")
        #expect(try client("127.0.0.1", "203.0.113.7, , 10.0.0.1,") == "203.0.113.7", "an empty entry says nothing")
    }

    @Test(arguments: [
        "203.0.113.7:4711", "[2001:db8::9]:4711", "[2001:db8::9]", "2001:db8::9",
    ]) func aPortIsLeftOut(_ text: String) throws {
        #expect(try client("127.0.0.1", text) == (text.hasPrefix("203") ? "203.0.113.7" : "2001:db8::9"))
    }

    @Test(arguments: [
        "203.0.113.7:", "203.0.113.7:x", "203.0.113.7:123456", "[203.0.113.7]", "[2001:db8::9", "2001:db8::9]", "[2001:db8::9]x",
        "203.0.113",
        "0203.0.113.7", "203.0.113.7 203.0.113.8", "_secret", "\"203.0.113.7\"", "for=203.0.113.7", "::ffff:203.0.113.7%eth0", "é",
        String(repeating: "1", count: 4000),
    ]) func whatIsNoAddressIsNobody(_ text: String) throws {
        #expect(try client("127.0.0.1", text) == "127.0.0.1")
    }

    @Test func theWayIsBounded() throws {
        let long = "203.0.113.7, " + (0..<5000).map { _ in "10.0.0.1" }.joined(separator: ", ")
        #expect(try client("127.0.0.1", long) == "10.0.0.1")
    }

    // MARK: The rate limit

    private func statuses(_ api: APINode, _ client: RawClient, _ count: Int, from address: String) async throws -> [Int] {
        var statuses: [Int] = []
        for _ in 0..<count {
            statuses.append(try await client.send("GET", "/item/a", headers: ["X-Forwarded-For": address]).status)
        }
        return statuses
    }

    @Test func behindATrustedProxyEachClientHasItsOwnRate() async throws {
        let configure: (inout NodeConfiguration) -> Void = {
            $0.apiRequestsPerSecond = 1
            $0.apiTrustedProxies = ["127.0.0.1"].compactMap { IPNetwork($0) }
        }
        try await withAPINode(routes: DispatchTests.routes, configure: configure) { api in
            let proxy = try await RawClient.connect(port: api.port)
            defer { proxy.close() }
            #expect(try await statuses(api, proxy, 20, from: "203.0.113.7").contains(429))
            #expect(try await statuses(api, proxy, 2, from: "203.0.113.8") == [200, 200])
            // To write another address in front does not help.
            #expect(try await statuses(api, proxy, 20, from: "198.51.100.1, 203.0.113.9").contains(429))
            #expect(try await statuses(api, proxy, 20, from: "198.51.100.2, 203.0.113.9").contains(429))
        }
    }

    @Test func aClientThatIsNoProxyCannotChooseItsAddressAndAReloadChangesThat() async throws {
        let limited: (inout NodeConfiguration) -> Void = { $0.apiRequestsPerSecond = 1 }
        try await withAPINode(routes: DispatchTests.routes, configure: limited) { api in
            let client = try await RawClient.connect(port: api.port)
            defer { client.close() }
            var statuses: [Int] = []
            for number in 0..<40 { statuses += try await self.statuses(api, client, 1, from: "203.0.113.\(number)") }
            #expect(statuses.contains(429))
            var trusting = NodeConfiguration()
            trusting.apiRequestsPerSecond = 1
            trusting.apiTrustedProxies = ["127.0.0.0/8"].compactMap { IPNetwork($0) }
            await api.server.reload(trusting)
            // An open connection too.
            for number in 0..<40 { #expect(try await self.statuses(api, client, 1, from: "198.51.100.\(number)") == [200]) }
        }
    }
}
