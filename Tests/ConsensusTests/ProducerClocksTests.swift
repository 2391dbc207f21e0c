import Consensus
import Primitives
import Testing

@Suite struct ProducerClocksTests {
    private static let start: Int64 = 1_800_000_000
    private var clocks = ProducerClocks()
    private var height: UInt64 = 0

    /// A block of `producer` comes `seconds` after the start of the test, dated `ahead` milliseconds off our clock then.
    private mutating func block(_ producer: ByteString, ahead: Int64, after seconds: Int64) -> ProducerClocks.Notice? {
        height += 1
        let dated = Self.start + seconds
        let now = Moment(uptime: .seconds(seconds), unixMilliseconds: dated * 1000 - ahead)
        return clocks.blockCame(producer: producer, height: height, timestamp: dated, at: now)
    }

    private func isAhead(_ notice: ProducerClocks.Notice?) -> Bool {
        if case .ahead = notice { true } else { false }
    }

    @Test mutating func aClockThatIsRightIsNotToldOf() {
        for second in 1...100 { #expect(block("a", ahead: -999, after: Int64(second)) == nil) }
        #expect(clocks.readings(at: .seconds(100)).map(\.offsetMilliseconds) == [-999])
    }

    @Test mutating func threeSecondsAheadAreToldOnceAndTheReturnToo() {
        #expect(block("b", ahead: -500, after: 0) == nil)
        #expect(block("a", ahead: 2999, after: 1) == nil)
        #expect(isAhead(block("a", ahead: 3000, after: 2)))
        // One and the same clock is read up to a second apart: that is no return.
        for second in 3...60 { #expect(block("a", ahead: second.isMultiple(of: 2) ? 3000 : 2001, after: Int64(second)) == nil) }
        guard case .inStep(let reading) = block("a", ahead: 1999, after: 61) else {
            Issue.record("the return is not told")
            return
        }
        #expect(reading.producer == "a" && reading.offsetMilliseconds == 1999)
        #expect(isAhead(block("a", ahead: 20_000, after: 62)))
    }

    @Test mutating func aClockThatStaysAheadIsToldAgainEveryTenMinutes() {
        var told: [Int64] = []
        for second in 0..<1900 {
            _ = block("b", ahead: -100, after: Int64(second))
            if block("a", ahead: 20_000, after: Int64(second)) != nil { told.append(Int64(second)) }
        }
        #expect(told == [0, 600, 1200, 1800])
    }

    @Test mutating func whenAllAreAheadItIsOurClock() {
        #expect(isAhead(block("a", ahead: 5000, after: 1)), "one alone may be the one that is wrong")
        guard case .weAreBehind = block("b", ahead: 5500, after: 2) else {
            Issue.record("two of two")
            return
        }
        _ = block("c", ahead: -300, after: 3)
        #expect(isAhead(block("d", ahead: 5000, after: 4)))
    }

    @Test mutating func whatIsOldTellsNothingOfThePresent() {
        _ = block("a", ahead: 5000, after: 0)
        #expect(clocks.readings(at: .seconds(599)).count == 1)
        #expect(clocks.readings(at: .seconds(600)).isEmpty)
    }

    @Test mutating func theTableIsBounded() {
        for index in 0..<1000 { _ = block(ByteString("p\(index)"), ahead: 0, after: Int64(index) / 10) }
        let readings = clocks.readings(at: .seconds(100))
        #expect(readings.count == ProducerClocks.maxReadings)
        #expect(readings.last?.producer == "p999")
    }

    @Test func anyDatesAndClocksAreTaken() {
        var clocks = ProducerClocks()
        let ends: [Int64] = [.min, -1, 0, 1, .max]
        for timestamp in ends {
            for clock in ends {
                for producer in ["a", "b"] as [ByteString] {
                    _ = clocks.blockCame(
                        producer: producer, height: .max, timestamp: timestamp, at: Moment(uptime: 1, unixMilliseconds: clock))
                }
            }
        }
        #expect(clocks.readings(at: 1).count == 2)
    }
}
