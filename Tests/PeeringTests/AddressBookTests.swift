import Network
import Primitives
import Testing

@testable import Peering

@Suite struct AddressBookTests {
    private func book(_ key: UInt8 = 1) -> AddressBook { AddressBook(key: [key]) }

    private func place(_ number: Int) -> Endpoint {
        let number = UInt32(number)
        return Endpoint(address: IPAddress(ipv4: 20 << 24 + (number >> 6) << 16 + (number & 63) << 8 + 1), port: 9000)
    }

    @Test func oneSourceReachesAnEighthOfTheTable() {
        var book = book()
        for number in 0..<6000 { _ = book.learn(place(number), from: endpoint("66.6.6.6:1"), scope: .global, at: 0) }
        #expect(book.count <= PeeringLimits.untriedBucketsPerSource * PeeringLimits.untriedBucketSize)
        #expect(book.findings() == [])
    }

    @Test func theWholeTableIsBounded() {
        var book = book()
        for source in 0..<200 {
            for number in 0..<30 {
                _ = book.learn(place(source * 30 + number), from: endpoint("\(source + 20).1.1.1:1"), scope: .global, at: 0)
            }
        }
        #expect(book.count <= PeeringLimits.untriedBuckets * PeeringLimits.untriedBucketSize)
        #expect(book.count > 1500)
        #expect(book.findings() == [])
    }

    @Test func aFloodDoesNotPushOutGoodAddresses() {
        var book = book()
        let good = (0..<60).map { endpoint("\(100 + $0).1.1.1:9000") }
        for (index, address) in good.enumerated() {
            _ = book.learn(address, from: endpoint("\(30 + index % 6).1.1.1:1"), scope: .global, at: 0)
        }
        let known = good.filter { book[$0] != nil }
        #expect(known.count == good.count)
        for source in 0..<20 {
            for number in 0..<300 {
                _ = book.learn(place(source * 300 + number), from: endpoint("66.\(source).6.6:1"), scope: .global, at: 1)
            }
        }
        #expect(good.allSatisfy { book[$0] != nil })
        #expect(book.findings() == [])
    }

    @Test func afterAFloodOfOneSourceGoodAddressesAreStillDrawn() {
        var book = book()
        for number in 0..<2500 { _ = book.learn(place(number), from: endpoint("66.6.6.6:1"), scope: .global, at: 0) }
        let good = Set((0..<30).map { endpoint("\(100 + $0).1.1.1:9000") })
        for (index, address) in good.enumerated() {
            _ = book.learn(address, from: endpoint("\(30 + index).1.1.1:1"), scope: .global, at: 0)
        }
        var generator = SplitMix64(seed: 7)
        let draws = (0..<400).count { _ in book.choose(at: 1, using: &generator) { _ in true }.map(good.contains) ?? false }
        #expect(draws > 200, "\(draws) of 400 draws, although the flood has eight times as many addresses")
    }

    @Test func failedAndForgottenOnesGiveUpTheirPlace() {
        var book = book()
        let source = endpoint("66.6.6.6:1")
        var number = 0
        while number < 2500 {
            _ = book.learn(place(number), from: source, scope: .global, at: 0)
            number += 1
        }
        let full = book.count
        let before = (0..<2500).map(place).filter { book[$0] != nil }
        for address in before { _ = book.failed(address, isCounted: true) }
        for more in 2500..<5000 { _ = book.learn(place(more), from: source, scope: .global, at: 0) }
        #expect(book.count == full)
        #expect(!before.contains { book[$0] != nil })
        let stale = (2500..<5000).map(place).filter { book[$0] != nil }
        for more in 5000..<7500 { _ = book.learn(place(more), from: source, scope: .global, at: .seconds(25 * 3600)) }
        #expect(!stale.contains { book[$0] != nil })
        #expect(book.findings() == [])
    }

    @Test func triedAddressesAreBoundedAndTheOldestGoesBackToHearsay() {
        var book = book()
        for number in 0..<1200 { book.succeeded(place(number), at: Nanoseconds(number)) }
        #expect(book.triedCount <= PeeringLimits.triedBuckets * PeeringLimits.triedBucketSize)
        #expect(book.triedCount > 300)
        #expect(book[place(1199)]?.isTried == true)
        #expect(book.findings() == [])
    }

    @Test func oneGroupReachesAQuarterOfTheTriedTable() {
        var book = book()
        for number in 0..<2500 { book.succeeded(endpoint("30.1.\(number >> 8).\(number & 255):9000"), at: 0) }
        #expect(book.triedCount <= PeeringLimits.triedBucketsPerGroup * PeeringLimits.triedBucketSize)
    }

    @Test func theKeyDecidesThePlace() {
        var first = book(1)
        var second = book(2)
        let addresses = (0..<50).map { endpoint("\(100 + $0).1.1.1:9000") }
        for address in addresses {
            _ = first.learn(address, from: address, scope: .global, at: 0)
            _ = second.learn(address, from: address, scope: .global, at: 0)
        }
        #expect(addresses.count { first[$0]?.bucket == second[$0]?.bucket } < 10)
    }

    @Test func aPostponedAddressIsNotDrawnBeforeItsTime() {
        var book = book()
        var generator = SplitMix64(seed: 1)
        _ = book.learn(place(1), from: place(2), scope: .global, at: 0)
        book.postpone(place(1), until: 10)
        #expect(book.choose(at: 9, using: &generator) { _ in true } == nil)
        #expect(book.choose(at: 10, using: &generator) { _ in true } == place(1))
        #expect(book.choose(at: 10, using: &generator) { _ in false } == nil)
    }

    @Test func randomWorkLeavesTheTablesWhole() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = SplitMix64(seed: seed)
        var book = book()
        for step in 0..<6000 {
            let address = place(Int.random(in: 0..<3000, using: &generator))
            switch Int.random(in: 0..<10, using: &generator) {
            case 0..<5:
                _ = book.learn(address, from: place(Int.random(in: 0..<9, using: &generator) * 64), scope: .global, at: Nanoseconds(step))
            case 5..<7: book.succeeded(address, at: Nanoseconds(step))
            case 7..<9: _ = book.failed(address, isCounted: Bool.random(using: &generator))
            default: book.forget(address)
            }
            if step % 500 == 0 { #expect(book.findings() == [], "seed \(seed), step \(step)") }
        }
        #expect(book.findings() == [], "seed \(seed)")
    }
}

@Suite struct AddressScopeTests {
    @Test(arguments: [
        ("127.0.0.1", AddressScope.loopback), ("127.255.0.1", .loopback), ("::1", .loopback), ("::ffff:127.0.0.1", .loopback),
        ("10.0.0.1", .local), ("172.16.0.1", .local), ("172.31.255.1", .local), ("172.32.0.1", .global), ("172.15.0.1", .global),
        ("192.168.9.9", .local), ("192.169.0.1", .global), ("169.254.1.1", .local), ("100.64.0.1", .local), ("100.127.255.255", .local),
        ("100.128.0.1", .global), ("100.63.0.1", .global), ("8.8.8.8", .global), ("0.0.0.0", .unroutable), ("0.1.2.3", .unroutable),
        ("224.0.0.1", .unroutable), ("255.255.255.255", .unroutable), ("240.0.0.1", .unroutable), ("223.255.255.255", .global),
        ("::", .unroutable), ("fe80::1", .local), ("febf::1", .local), ("fec0::1", .global), ("fc00::1", .local), ("fdff::1", .local),
        ("fe00::1", .global), ("ff02::1", .unroutable), ("2001:db8::1", .global),
    ])
    func eachAddressHasItsScope(_ text: String, _ scope: AddressScope) {
        #expect(address(text).scope == scope)
    }

    @Test func localhostIsTheLoopbackAndOtherNamesAreGlobal() {
        #expect(endpoint("localhost:1").scope == .loopback)
        #expect(endpoint("a.localhost:1").scope == .loopback)
        #expect(endpoint("localhost.example:1").scope == .global)
    }

    @Test func groupsAreNetworksOfTheInternetAndSinglePlacesOfALaboratory() {
        func group(_ text: String) -> NetworkGroup { NetworkGroup(endpoint(text)) }
        #expect(group("20.1.1.1:1") == group("20.1.200.3:2"))
        #expect(group("20.1.1.1:1") != group("20.2.1.1:1"))
        #expect(group("[2001:db8:1::1]:1") == group("[2001:db8:ffff::1]:1"))
        #expect(group("[2001:db8::1]:1") != group("[2001:db9::1]:1"))
        #expect(group("10.0.0.1:1") != group("10.0.0.2:1"))
        #expect(group("10.0.0.1:1") == group("10.0.0.1:2"))
        #expect(group("127.0.0.1:1") != group("127.0.0.1:2"))
        #expect(group("a.example:1") != group("b.example:1"))
    }

    @Test func differentGroupsHaveDifferentKeyBytes() {
        let groups = ["20.1.1.1:1", "20.2.1.1:1", "10.0.0.1:1", "127.0.0.1:1", "127.0.0.1:2", "[2001:db8::1]:1", "a.example:1"]
        #expect(Set(groups.map { NetworkGroup(endpoint($0)).keyBytes }).count == groups.count)
    }
}
