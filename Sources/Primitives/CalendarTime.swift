/// A time of day and date for people, without a calendar library: RFC 3339 in UTC.
public enum CalendarTime {
    /// `2026-03-01T12:00:00Z` of seconds since 1970. Times before the year 1 or after 9999 are shown as the first or last that have four
    /// digits.
    public static func text(unixSeconds: Int64) -> String {
        let seconds = min(max(unixSeconds, earliest), latest)
        let day = seconds >= 0 ? seconds / 86_400 : (seconds - 86_399) / 86_400
        let second = seconds - day * 86_400
        let (year, month, dayOfMonth) = date(day)
        return "\(digits(year, 4))-\(digits(month, 2))-\(digits(dayOfMonth, 2))T"
            + "\(digits(second / 3600, 2)):\(digits(second / 60 % 60, 2)):\(digits(second % 60, 2))Z"
    }

    /// 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z.
    private static let earliest: Int64 = -62_135_596_800
    private static let latest: Int64 = 253_402_300_799

    /// The date of a day counted from 1970-01-01. Years are counted from 1 March in spans of 400, which all have as many days: then the
    /// leap day is the last of its year.
    private static func date(_ day: Int64) -> (year: Int64, month: Int64, day: Int64) {
        // Days from 0000-03-01 to 1970-01-01.
        let shifted = day + 719_468
        let span = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfSpan = shifted - span * 146_097
        let yearOfSpan = (dayOfSpan - dayOfSpan / 1460 + dayOfSpan / 36_524 - dayOfSpan / 146_096) / 365
        let dayOfYear = dayOfSpan - (365 * yearOfSpan + yearOfSpan / 4 - yearOfSpan / 100)
        // Months from March on have 30.6 days on the whole.
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let dayOfMonth = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (yearOfSpan + span * 400 + (month <= 2 ? 1 : 0), month, dayOfMonth)
    }

    private static func digits(_ number: Int64, _ width: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, width - text.count)) + text
    }
}
