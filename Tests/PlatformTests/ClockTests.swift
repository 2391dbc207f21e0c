internal import Foundation
internal import Testing

@testable internal import Platform

@Suite struct ClockTests {
    @Test func theUptimeNeverGoesBackAndRestsAreAtLeastAsLongAsAsked() {
        let before = SystemClock.uptime
        SystemClock.sleep(milliseconds: 5)
        #expect(SystemClock.uptime >= before + 5_000_000)
    }

    @Test func theTimeOfDayIsTheOneThatOthersTell() {
        let wall = Int64(Date().timeIntervalSince1970)
        #expect(abs(SystemClock.unixSeconds - wall) < 5)
        #expect(abs(SystemClock.coarseUnixSeconds - wall) < 5)
        #expect(abs(SystemClock.unixMilliseconds / 1000 - wall) < 5)
        #expect(abs(Int64(SystemClock.unixMicroseconds / 1_000_000) - wall) < 5)
    }

    @Test func aTimeOfTheCalendarIsInUTC() {
        #expect(CalendarText.text(unixSeconds: 1_795_703_673) == "2026-11-26T14:34:33Z")
        #expect(CalendarText.text(unixSeconds: .max) == nil)
    }
}
