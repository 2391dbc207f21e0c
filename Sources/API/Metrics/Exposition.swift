internal import Primitives
internal import ProtocolCore

/// The two texts in which metrics are told.
enum ExpositionFormat: Sendable {
    /// Prometheus text format 0.0.4, which everything reads.
    case prometheus
    /// OpenMetrics 1.0.
    case openMetrics

    var contentType: String {
        switch self {
        case .prometheus: "text/plain; version=0.0.4; charset=utf-8"
        case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
        }
    }
}

/// Writes metrics as text. Numbers are written exactly: integers as they are, times from whole nanoseconds.
///
/// What differs between the formats: OpenMetrics names a counter without `_total` and an info without `_info` in its HELP and TYPE
/// lines, has UNIT lines, and ends with `# EOF`; Prometheus calls an info a gauge.
struct Exposition {
    private let format: ExpositionFormat
    private var bytes: [UInt8] = []

    /// The whole text.
    static func render(_ families: [MetricFamily], as format: ExpositionFormat) -> [UInt8] {
        var writer = Exposition(format: format)
        // About 40 families, 250 lines of 60 bytes.
        writer.bytes.reserveCapacity(24 << 10)
        for family in families { writer.write(family) }
        if format == .openMetrics { writer.put("# EOF\n") }
        return writer.bytes
    }

    private init(format: ExpositionFormat) {
        self.format = format
    }

    // MARK: Families

    private mutating func write(_ family: MetricFamily) {
        let suffix = family.kind.suffix
        let name = format == .openMetrics ? family.name : family.name + suffix
        put("# HELP \(name) \(escaped(family.help, quotes: format == .openMetrics))\n")
        put("# TYPE \(name) \(family.kind.name(in: format))\n")
        if format == .openMetrics, let unit = family.unit { put("# UNIT \(name) \(unit.rawValue)\n") }
        for sample in family.samples {
            switch sample.value {
            case .count(let count): line(family.name + suffix, sample.labels, "\(count)")
            case .number(let number): line(family.name + suffix, sample.labels, "\(number)")
            case .time(let time): line(family.name + suffix, sample.labels, Exposition.seconds(time))
            case .histogram(let histogram): write(histogram, family.name, sample.labels)
            }
        }
    }

    private mutating func write(_ histogram: Histogram, _ name: String, _ labels: [(name: String, value: String)]) {
        var total: UInt64 = 0
        for (index, count) in histogram.counts.enumerated() {
            total += count
            let bound = index < histogram.bounds.count ? Exposition.seconds(histogram.bounds[index]) : "+Inf"
            line(name + "_bucket", labels + [("le", bound)], "\(total)")
        }
        line(name + "_sum", labels, Exposition.seconds(histogram.sum))
        line(name + "_count", labels, "\(total)")
    }

    private mutating func line(_ name: String, _ labels: [(name: String, value: String)], _ value: String) {
        put(name)
        if !labels.isEmpty {
            put("{")
            put(labels.map { "\($0.name)=\"\(escaped($0.value, quotes: true))\"" }.joined(separator: ","))
            put("}")
        }
        put(" \(value)\n")
    }

    private mutating func put(_ text: String) {
        bytes.append(contentsOf: text.utf8)
    }

    // MARK: Texts

    /// Backslashes and line ends; double quotes where they would end the text.
    private func escaped(_ text: String, quotes: Bool) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\"" where quotes: result += "\\\""
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// Nanoseconds as seconds in decimal, without rounding: `0.00025`, `1.0`, `2.5`. At least one digit behind the point, as
    /// OpenMetrics wants bounds written.
    static func seconds(_ nanoseconds: some BinaryInteger) -> String {
        let magnitude = UInt64(nanoseconds.magnitude)
        let (whole, rest) = magnitude.quotientAndRemainder(dividingBy: 1_000_000_000)
        var digits = String(rest)
        digits = String(repeating: "0", count: 9 - digits.count) + digits
        while digits.count > 1, digits.hasSuffix("0") { digits.removeLast() }
        return "\(nanoseconds < 0 ? "-" : "")\(whole).\(digits)"
    }
}

extension MetricFamily.Kind {
    fileprivate var suffix: String {
        switch self {
        case .gauge, .histogram: ""
        case .counter: "_total"
        case .info: "_info"
        }
    }

    fileprivate func name(in format: ExpositionFormat) -> String {
        switch self {
        case .gauge: "gauge"
        case .counter: "counter"
        case .histogram: "histogram"
        case .info: format == .openMetrics ? "info" : "gauge"
        }
    }
}
