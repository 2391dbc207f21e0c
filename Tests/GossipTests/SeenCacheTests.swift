import Gossip
import Primitives
import Testing

@Suite struct SeenCacheTests {
    @Test func aHashIsNewOnce() {
        var cache = SeenCache(capacity: 10)
        #expect(cache.contains(hash(1), at: 0) == false)
        #expect(cache.insert(hash(1), at: 0) == true)
        #expect(cache.insert(hash(1), at: 0) == false)
        #expect(cache.contains(hash(1), at: 0) == true)
        #expect(cache.contains(hash(2), at: 0) == false)
    }

    @Test func theLastHalfOfTheCapacityAtLeastIsRemembered() {
        var cache = SeenCache(capacity: 1000)
        for number in 0..<10_000 {
            cache.insert(hash(number), at: 0)
            #expect(cache.count <= 1000)
            if number % 97 == 0, number >= 500 { #expect(cache.contains(hash(number - 499), at: 0) == true) }
        }
        #expect(cache.contains(hash(8000), at: 0) == false)
        #expect(cache.checkInvariants() == [])
    }

    @Test func aHashThatComesAgainIsRememberedLonger() {
        var cache = SeenCache(capacity: 100)
        for number in 0..<5000 {
            cache.insert(hash(number), at: 0)
            #expect(cache.insert(hash(0), at: 0) == false || number == 0)
        }
    }

    @Test func aHashLastsBetweenOneAndTwoLifetimes() {
        for offset in 0..<10 as Range<Int64> {
            var cache = SeenCache(capacity: 100, lifetime: 10)
            cache.insert(hash(1), at: 0)
            cache.insert(hash(2), at: offset)
            for time in 0...30 as ClosedRange<Int64> {
                let isThere = cache.contains(hash(2), at: time)
                if time <= offset + 9 { #expect(isThere, "\(offset) \(time)") }
                if time >= offset + 20 { #expect(!isThere, "\(offset) \(time)") }
            }
        }
    }

    @Test func afterALongQuietTimeNothingIsLeft() {
        var cache = SeenCache(capacity: 100, lifetime: 10)
        cache.insert(hash(1), at: 5)
        #expect(cache.contains(hash(1), at: .max) == false)
        #expect(cache.count == 0)
        #expect(cache.insert(hash(1), at: .max) == true)
        #expect(cache.checkInvariants() == [])
    }

    @Test func aHashCanBeForgotten() {
        var cache = SeenCache(capacity: 4)
        for number in 0..<3 { cache.insert(hash(number), at: 0) }
        for number in 0..<3 {
            cache.remove(hash(number))
            #expect(cache.contains(hash(number), at: 0) == false)
        }
        #expect(cache.count == 0)
    }

    @Test func randomUseKeepsTheInvariants() {
        var random = SplitMix64(seed: 4711)
        var cache = SeenCache(capacity: 64, lifetime: 1000)
        var time: Int64 = 0
        for _ in 0..<20_000 {
            time += Int64.random(in: 0...30, using: &random)
            let key = hash(Int.random(in: 0...200, using: &random))
            switch Int.random(in: 0...5, using: &random) {
            case 0: cache.remove(key)
            case 1:
                let was = cache.contains(key, at: time)
                #expect(cache.insert(key, at: time) != was)
            default: cache.insert(key, at: time)
            }
            #expect(cache.checkInvariants() == [])
        }
    }
}
