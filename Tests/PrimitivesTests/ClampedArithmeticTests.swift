import Foundation
import Primitives
import Testing

@Suite struct ClampedArithmeticTests {
    private static let ends: [Int64] = [.min, .min + 1, -1_000_000_001, -1000, -1, 0, 1, 2, 1000, 1_000_000_001, .max - 1, .max]

    /// What the same would be in 128 bits, held at the ends of 64.
    private func held(_ value: Int128) -> Int64 { Int64(clamping: value) }

    @Test func sumsDifferencesAndProductsHoldAtTheEnds() {
        for a in Self.ends {
            for b in Self.ends {
                #expect(a.adding(clamping: b) == held(Int128(a) + Int128(b)), "\(a) + \(b)")
                #expect(a.subtracting(clamping: b) == held(Int128(a) - Int128(b)), "\(a) - \(b)")
                #expect(a.multiplied(clampingBy: b) == held(Int128(a) * Int128(b)), "\(a) * \(b)")
            }
        }
    }

    @Test func numbersWithoutASignHoldAtZeroAndAtTheirEnd() {
        #expect(UInt64(3).subtracting(clamping: 5) == 0)
        #expect(UInt64.max.adding(clamping: 1) == .max)
        #expect(UInt64.max.multiplied(clampingBy: 2) == .max)
    }

    @Test func anySecondsMakeASpan() {
        #expect(Nanoseconds.seconds(5) == 5_000_000_000)
        #expect(Nanoseconds.seconds(.max) == .max)
        #expect(Nanoseconds.milliseconds(.min) == .min)
        #expect(Nanoseconds.microseconds(.max) == .max)
    }
}

@Suite struct CalendarTimeTests {
    @Test func timesAreThoseOfTheCalendar() {
        let formatter = ISO8601DateFormatter()
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        var random = SplitMix64(seed: seed)
        // Foundation counts in the Julian calendar before 1582.
        let times =
            [0, -1, 86_399, 951_782_400, 951_868_800, 4_107_542_400]
            + (0..<2000).map { _ in
                Int64.random(in: -12_000_000_000...253_402_300_799, using: &random)
            }
        for time in times {
            #expect(CalendarTime.text(unixSeconds: time) == formatter.string(from: Date(timeIntervalSince1970: Double(time))))
        }
    }

    @Test func timesWithoutFourDigitsOfAYearAreHeld() {
        #expect(CalendarTime.text(unixSeconds: .min) == "0001-01-01T00:00:00Z")
        #expect(CalendarTime.text(unixSeconds: .max) == "9999-12-31T23:59:59Z")
    }
}
