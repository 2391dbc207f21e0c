internal import Primitives

extension ConfigurationType where Value == Bool {
    static var boolean: ConfigurationType {
        scalar(
            "true or false", write: { $0 ? "true" : "false" },
            parse: { text, isQuoted throws(ConfigurationComplaint) in
                switch (text, isQuoted) {
                case ("true", false): return true
                case ("false", false): return false
                case ("true", true), ("false", true):
                    throw ConfigurationComplaint("expected true or false, found text in quotes", remedy: "remove the quotes")
                default:
                    throw ConfigurationComplaint("'\(shortened(text))' is neither true nor false", remedy: "write one of these two words")
                }
            })
    }
}

extension ConfigurationType where Value: FixedWidthInteger & Sendable {
    /// A whole number; `unit` is a plural as in "of peers".
    static func integer(_ range: ClosedRange<Value>, unit: String? = nil) -> ConfigurationType {
        let bounds = "\(range.lowerBound) to \(range.upperBound)"
        let name = unit.map { "a whole number of \($0)" } ?? "a whole number"
        return scalar(
            "\(name), \(bounds)", write: { "\($0)" },
            parse: { text, isQuoted throws(ConfigurationComplaint) in
                let digits = text.utf8.first == UInt8(ascii: "-") ? text.utf8.dropFirst() : text.utf8[...]
                guard !digits.isEmpty, digits.allSatisfy({ 0x30...0x39 ~= $0 }) else {
                    throw ConfigurationComplaint("expected \(name), found '\(shortened(text))'", remedy: "write digits, \(bounds)")
                }
                if isQuoted { throw ConfigurationComplaint("expected \(name), found text in quotes", remedy: "remove the quotes") }
                if digits.count > 1, digits.first == 0x30 {
                    throw ConfigurationComplaint(
                        "'\(shortened(text))' begins with a zero, which YAML may read as octal", remedy: "remove the zero")
                }
                guard let value = Value(text), range.contains(value) else {
                    throw ConfigurationComplaint("\(shortened(text)) is out of range", remedy: "write \(bounds)")
                }
                return value
            })
    }
}

extension ConfigurationType where Value == Int {
    private static let units = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)]

    /// Bytes, plain or with `KiB`, `MiB`, `GiB`.
    static func size(_ range: ClosedRange<Int>) -> ConfigurationType {
        let bounds = "\(sizeText(range.lowerBound)) to \(sizeText(range.upperBound))"
        return scalar(
            "a size in bytes or as 10MiB, \(bounds)", write: sizeText,
            parse: { text, _ throws(ConfigurationComplaint) in
                let unit = units.first { text.hasSuffix($0.0) }
                let digits = unit.map { text.utf8.dropLast($0.0.utf8.count) } ?? text.utf8[...]
                guard !digits.isEmpty, digits.allSatisfy({ 0x30...0x39 ~= $0 }) else {
                    throw ConfigurationComplaint(
                        "expected a size, found '\(shortened(text))'", remedy: "write bytes, or KiB, MiB or GiB as in 10MiB")
                }
                let count = String(decoding: digits, as: UTF8.self)
                let (bytes, overflow) = (Int(count) ?? .max).multipliedReportingOverflow(by: unit?.1 ?? 1)
                guard !overflow, range.contains(bytes) else {
                    throw ConfigurationComplaint("\(shortened(text)) is out of range", remedy: "write \(bounds)")
                }
                return bytes
            })
    }

    private static func sizeText(_ bytes: Int) -> String {
        let unit = units.first { bytes >= $0.1 && bytes.isMultiple(of: $0.1) }
        return unit.map { "\(bytes / $0.1)\($0.0)" } ?? "\(bytes)"
    }
}

extension ConfigurationType where Value == Nanoseconds {
    /// The units in the order in which they are written.
    private static let units: [(name: String, span: Nanoseconds)] = [
        ("h", .seconds(3600)), ("m", .seconds(60)), ("s", .seconds(1)), ("ms", .milliseconds(1)),
    ]

    /// A time as `1m30s`, in nanoseconds. `step` is what it must be a multiple of.
    static func duration(_ range: ClosedRange<Nanoseconds>, step: Nanoseconds = .milliseconds(1)) -> ConfigurationType {
        let bounds = "\(durationText(range.lowerBound)) to \(durationText(range.upperBound))"
        let whole = step == .milliseconds(1) ? "" : " in steps of \(durationText(step))"
        return scalar(
            "a duration as 1m30s\(whole), \(bounds)", write: durationText,
            parse: { text, _ throws(ConfigurationComplaint) in
                guard let value = parseDuration(text) else {
                    throw ConfigurationComplaint(
                        "expected a duration, found '\(shortened(text))'",
                        remedy: "write it with units from h to ms, as in 5s, 250ms or 1m30s")
                }
                guard range.contains(value), value.isMultiple(of: step) else {
                    throw ConfigurationComplaint("\(shortened(text)) is out of range", remedy: "write \(bounds)\(whole)")
                }
                return value
            })
    }

    /// `nil` unless `text` is numbers with units, each unit at most once and greater ones first.
    private static func parseDuration(_ text: String) -> Nanoseconds? {
        var total: Nanoseconds = 0
        var rest = text.utf8[...]
        var remainingUnits = units[...]
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { 0x30...0x39 ~= $0 }
            rest = rest.dropFirst(digits.count)
            let name = String(decoding: rest.prefix { !(0x30...0x39 ~= $0) }, as: UTF8.self)
            guard let count = Nanoseconds(String(decoding: digits, as: UTF8.self)),
                let index = remainingUnits.firstIndex(where: { $0.name == name })
            else { return nil }
            let (span, tooLong) = count.multipliedReportingOverflow(by: units[index].span)
            let (sum, overflow) = total.addingReportingOverflow(span)
            // A count that no range has room for stays one: the caller's range refuses it.
            total = tooLong || overflow ? .max : sum
            remainingUnits = remainingUnits[(index + 1)...]
            rest = rest.dropFirst(name.utf8.count)
        }
        return total
    }

    private static func durationText(_ value: Nanoseconds) -> String {
        var rest = value
        var text = ""
        for (name, span) in units where rest >= span {
            text += "\(rest / span)\(name)"
            rest %= span
        }
        return text.isEmpty ? "0s" : text
    }
}
