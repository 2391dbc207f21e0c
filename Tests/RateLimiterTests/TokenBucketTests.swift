import RateLimiter
import Testing

@Suite struct TokenBucketTests {
    static let second: Int64 = 1_000_000_000

    static func drain(_ bucket: inout TokenBucket, at now: Int64) -> Int {
        var taken = 0
        while bucket.take(at: now) { taken += 1 }
        return taken
    }

    static func take(_ count: Int, from bucket: inout TokenBucket, at now: Int64) -> Bool { bucket.take(count, at: now) }

    static func excess(of bucket: inout TokenBucket, at now: Int64) -> Int64 { bucket.excess(at: now) }

    @Test func aNewBucketHoldsItsBurst() {
        var bucket = TokenBucket(rate: 100, burst: 30, at: 5)
        #expect(bucket.available(at: 5) == 30)
        #expect(Self.drain(&bucket, at: 5) == 30)
    }

    @Test func tokensReturnAtTheRate() {
        var bucket = TokenBucket(rate: 100, burst: 100, at: 0)
        #expect(Self.drain(&bucket, at: 0) == 100)
        #expect(Self.drain(&bucket, at: Self.second / 2) == 50)
        #expect(Self.drain(&bucket, at: Self.second * 10) == 100)
    }

    @Test func aTokenIsThereAtTheNextTokenTimeAndNotBefore() throws {
        var bucket = TokenBucket(rate: 3, burst: 1, at: 0)
        #expect(Self.take(1, from: &bucket, at: 0))
        let time = try #require(bucket.nextTokenTime(at: 1))
        #expect(time == 333_333_334)
        var early = bucket
        #expect(!Self.take(1, from: &early, at: time - 1))
        #expect(Self.take(1, from: &bucket, at: time))
    }

    @Test func aTokenThatIsThereNeedsNoWait() {
        let bucket = TokenBucket(rate: 1, burst: 5, at: 10)
        #expect(bucket.nextTokenTime(5, at: 20) == 20)
        #expect(bucket.nextTokenTime(6, at: 20) == nil)
    }

    @Test func smallStepsLoseNothing() {
        var bucket = TokenBucket(rate: 3, burst: 10, at: 0)
        #expect(Self.drain(&bucket, at: 0) == 10)
        var taken = 0
        for step in 1...3000 { taken += Self.drain(&bucket, at: Int64(step) * Self.second / 1000 * 10) }
        #expect(taken == 90)
    }

    @Test func takingMoreThanIsThereTakesNothing() {
        var bucket = TokenBucket(rate: 1, burst: 4, at: 0)
        #expect(!Self.take(5, from: &bucket, at: 0))
        #expect(Self.take(3, from: &bucket, at: 0))
        #expect(!Self.take(2, from: &bucket, at: 0))
        #expect(Self.take(1, from: &bucket, at: 0))
        #expect(Self.take(0, from: &bucket, at: 0))
    }

    @Test func timeThatGoesBackwardsCountsAsNoTime() {
        var bucket = TokenBucket(rate: 10, burst: 1, at: Self.second)
        #expect(Self.take(1, from: &bucket, at: Self.second))
        #expect(!Self.take(1, from: &bucket, at: 0))
        #expect(!Self.take(1, from: &bucket, at: .min))
        #expect(!Self.take(1, from: &bucket, at: Self.second + Self.second / 10 - 1))
        #expect(Self.take(1, from: &bucket, at: Self.second + Self.second / 10))
    }

    @Test func theEndsOfTimeDoNotOverflow() {
        var bucket = TokenBucket(rate: .max, burst: .max, at: .min)
        #expect(Self.take(TokenBucket.maxBurst, from: &bucket, at: .min))
        #expect(bucket.nextTokenTime(TokenBucket.maxBurst, at: .min) == .min + Self.second)
        #expect(Self.take(TokenBucket.maxBurst, from: &bucket, at: .max))
        #expect(bucket.nextTokenTime(at: .max) == .max)
        #expect(bucket.checkInvariants())
    }

    @Test func nonsenseRatesCountAsOne() {
        var bucket = TokenBucket(rate: -5, burst: 0, at: 0)
        #expect(Self.take(1, from: &bucket, at: 0))
        #expect(!Self.take(1, from: &bucket, at: 0))
        #expect(Self.take(1, from: &bucket, at: Self.second))
    }

    @Test func aRefusedMessageStartsTheExcess() {
        var bucket = TokenBucket(rate: 100, burst: 100, at: 0)
        _ = Self.drain(&bucket, at: 7)
        #expect(bucket.emptySince == 7)
        #expect(Self.excess(of: &bucket, at: 107) == 100)
    }

    @Test func sendingAsFastAsOneIsLetKeepsTheExcess() {
        var bucket = TokenBucket(rate: 100, burst: 100, at: 0)
        for step in 0...1000 { _ = Self.drain(&bucket, at: Int64(step) * Self.second / 100) }
        #expect(Self.excess(of: &bucket, at: 10 * Self.second) == 10 * Self.second)
    }

    @Test func halfAFullBucketEndsTheExcess() {
        var bucket = TokenBucket(rate: 100, burst: 100, at: 0)
        _ = Self.drain(&bucket, at: 0)
        var early = bucket
        #expect(Self.excess(of: &early, at: Self.second / 2 - 1) > 0)
        #expect(Self.excess(of: &bucket, at: Self.second / 2) == 0)
        #expect(bucket.emptySince == nil)
    }

    @Test func reconfiguringKeepsWhatFits() {
        var bucket = TokenBucket(rate: 100, burst: 100, at: 0)
        bucket.reconfigure(rate: 10, burst: 20, at: 0)
        #expect(Self.drain(&bucket, at: 0) == 20)
        #expect(Self.drain(&bucket, at: Self.second) == 10)
    }
}

@Suite struct TokenBucketPropertyTests {
    /// Over any schedule, what was taken since any start is at most `rate · t + burst`, and nobody who asks too late
    /// gets less than that either.
    @Test func anyScheduleStaysWithinRateAndBurst() {
        let seed = UInt64.random(in: 0 ... .max)
        print("seed of any schedule: \(seed)")
        var random = Generator(state: seed)
        for _ in 0..<300 {
            let rate = Int(random.next() % 1000) + 1
            let burst = Int(random.next() % 200) + 1
            let start = Int64(truncatingIfNeeded: random.next() >> 2)
            var now = start
            var bucket = TokenBucket(rate: rate, burst: burst, at: now)
            var taken = 0
            for _ in 0..<300 {
                now += Int64(random.next() % (random.next() % 8 == 0 ? 3_000_000_000 : 20_000_000))
                let count = Int(random.next() % 5)
                let promised = bucket.nextTokenTime(count, at: now)
                let hasTaken = bucket.take(count, at: now)
                #expect(hasTaken == (promised == now))
                if hasTaken { taken += count }
                let allowed = Double(rate) * Double(now - start) / 1e9 + Double(burst)
                #expect(Double(taken) <= allowed + 1e-6)
                #expect(bucket.checkInvariants())
            }
        }
    }

    @Test func greedyTakingReachesTheWholeRate() {
        var random = Generator(state: 11)
        var bucket = TokenBucket(rate: 97, burst: 13, at: 0)
        var taken = 0
        var now: Int64 = 0
        while now < 100_000_000_000 {
            while bucket.take(at: now) { taken += 1 }
            now += Int64(random.next() % 50_000_000)
        }
        #expect(abs(taken - (97 * 100 + 13)) <= 6)
    }

    struct Generator: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state ^ state >> 29
        }
    }
}
