/// Numbers for people.
package enum StatusText {
    /// 1234567 → 1,234,567
    package static func number(_ value: UInt64) -> String {
        var groups = ""
        for (index, digit) in String(value).reversed().enumerated() {
            if index > 0, index.isMultiple(of: 3) { groups.append(",") }
            groups.append(digit)
        }
        return String(groups.reversed())
    }

    /// 1 block, 2 blocks
    package static func count(_ value: UInt64, _ noun: String) -> String { "\(number(value)) \(noun)\(value == 1 ? "" : "s")" }

    /// One digit behind the point, rounded.
    package static func decimal(_ value: Double) -> String {
        let tenths = Int64((min(abs(value), 1e15) * 10).rounded())
        return "\(value < 0 && tenths > 0 ? "-" : "")\(tenths / 10).\(tenths % 10)"
    }

    /// The two largest units: 47 s, 3 m 12 s, 2 h 5 m, 4 d 3 h.
    package static func duration(_ seconds: Int64) -> String {
        let value = max(0, seconds)
        switch value {
        case ..<60: return "\(value) s"
        case ..<3600: return pair(value, 60, "m", 1, "s")
        case ..<86_400: return pair(value, 3600, "h", 60, "m")
        default: return pair(value, 86_400, "d", 3600, "h")
        }
    }

    private static func pair(_ value: Int64, _ large: Int64, _ largeName: String, _ small: Int64, _ smallName: String) -> String {
        let rest = value % large / small
        return rest == 0 ? "\(value / large) \(largeName)" : "\(value / large) \(largeName) \(rest) \(smallName)"
    }

    /// 1536 → 1.5 KiB, 153600 → 150 KiB: eight characters at most.
    package static func bytes(_ value: UInt64) -> String {
        if value < 1024 { return "\(value) B" }
        var rest = Double(value) / 1024
        for unit in ["KiB", "MiB", "GiB"] {
            if rest < 99.95 { return "\(decimal(rest)) \(unit)" }
            if rest < 1000 { return "\(Int64(rest)) \(unit)" }
            rest /= 1024
        }
        return "\(decimal(rest)) TiB"
    }

    package static func latency(_ milliseconds: Double) -> String {
        milliseconds >= 100 ? "\(Int64(min(milliseconds, 1e15).rounded())) ms" : "\(decimal(milliseconds)) ms"
    }

    /// The beginning and the end of a hash or an address.
    package static func short(_ text: String) -> String {
        text.count <= 16 ? text : "\(text.prefix(8))…\(text.suffix(4))"
    }

    /// `text` as a terminal may be given it: what a peer calls itself must not move the cursor or ring a bell.
    package static func printable(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.map { isHarmless($0) ? $0 : "\u{FFFD}" }))
    }

    private static func isHarmless(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: false
        default: true
        }
    }
}
