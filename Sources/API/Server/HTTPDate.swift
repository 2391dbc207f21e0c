internal import Platform

/// The time of day as HTTP writes it (RFC 9110, 5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`.
enum HTTPDate {
    private static let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    /// The form has four digits for the year.
    private static let last: Int64 = 253_402_300_799

    /// - Parameter seconds: since 1970; held to the years 1970 to 9999.
    static func text(unixSeconds seconds: Int64) -> String {
        let seconds = Int(min(max(seconds, 0), last))
        let (day, second) = (seconds / 86_400, seconds % 86_400)
        // Years that begin in March end with the day that is sometimes missing; 719,468 days lie between March of the year 0 and 1970.
        let shifted = day + 719_468
        let (era, dayOfEra) = (shifted / 146_097, shifted % 146_097)
        let year = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * year + year / 4 - year / 100)
        let fromMarch = (5 * dayOfYear + 2) / 153
        let dayOfMonth = dayOfYear - (153 * fromMarch + 2) / 5 + 1
        let month = (fromMarch + 2) % 12
        let calendarYear = era * 400 + year + (month < 2 ? 1 : 0)
        let clock = [second / 3600, second / 60 % 60, second % 60].map(two).joined(separator: ":")
        let fourDigits = two(calendarYear / 100) + two(calendarYear % 100)
        return "\(days[day % 7]), \(two(dayOfMonth)) \(months[month]) \(fourDigits) \(clock) GMT"
    }

    private static func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}

/// The header line `Date`, made once a second. On one thread.
struct DateLine {
    private var second: Int64 = -1
    private var line = ""

    /// The line with its end.
    mutating func current() -> String {
        let now = SystemClock.coarseUnixSeconds
        if now != second {
            second = now
            line = "Date: \(HTTPDate.text(unixSeconds: second))\r\n"
        }
        return line
    }
}
