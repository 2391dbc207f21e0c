internal import CPosix

/// A time of the calendar in UTC, for people.
package enum CalendarText {
    /// `2026-11-26T14:21:13Z` of seconds since 1970; `nil` where no calendar has it.
    package static func text(unixSeconds: Int64) -> String? {
        var (time, parts) = (time_t(unixSeconds), tm())
        var buffer = [CChar](repeating: 0, count: 64)
        guard gmtime_r(&time, &parts) != nil, strftime(&buffer, buffer.count, "%Y-%m-%dT%H:%M:%SZ", &parts) > 0 else { return nil }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
