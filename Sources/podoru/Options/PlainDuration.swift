/// Durations on the command line: `90`, `60s`, `5m`, `1h`.
enum PlainDuration {
    /// A hundred years: nobody waits for longer, and sums of moments and durations fit their numbers.
    private static let longestSeconds: Int64 = 100 * 366 * 86_400

    static func seconds(_ text: String) -> Int64? {
        let units: [(Character, Int64)] = [("s", 1), ("m", 60), ("h", 3600)]
        let unit = units.first { text.last == $0.0 }
        guard let count = Int64(unit == nil ? text[...] : text.dropLast()), count >= 0 else { return nil }
        let (product, overflow) = count.multipliedReportingOverflow(by: unit?.1 ?? 1)
        return overflow || product > longestSeconds ? nil : product
    }

    /// As `seconds`, and `250ms` too.
    static func milliseconds(_ text: String) -> Int64? {
        if text.hasSuffix("ms") { return Int64(text.dropLast(2)).flatMap { (0...longestSeconds * 1000).contains($0) ? $0 : nil } }
        return seconds(text).map { $0 * 1000 }
    }
}
