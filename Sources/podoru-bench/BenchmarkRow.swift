/// One measured figure and, where there is one, what it should be.
struct BenchmarkRow {
    let name: String
    let value: Double
    let unit: String
    /// What is wanted, in words: `≤ 1.10`. `nil` for a figure that is only told.
    let target: String?
    /// Whether the target holds; `nil` without one.
    let passed: Bool?

    /// A figure without a target.
    static func figure(_ name: String, _ value: Double, _ unit: String) -> BenchmarkRow {
        BenchmarkRow(name: name, value: value, unit: unit, target: nil, passed: nil)
    }

    static func atMost(_ limit: Double, _ name: String, _ value: Double, _ unit: String) -> BenchmarkRow {
        BenchmarkRow(name: name, value: value, unit: unit, target: "≤ \(format(limit))", passed: value <= limit)
    }

    static func atLeast(_ limit: Double, _ name: String, _ value: Double, _ unit: String) -> BenchmarkRow {
        BenchmarkRow(name: name, value: value, unit: unit, target: "≥ \(format(limit))", passed: value >= limit)
    }

    /// Prints `rows` as a table.
    static func print(_ rows: [BenchmarkRow]) {
        let cells = rows.map { row in
            [row.name, format(row.value), row.unit, row.target ?? "", row.passed.map { $0 ? "held" : "MISSED" } ?? ""]
        }
        let widths = (0..<5).map { column in cells.map { $0[column].count }.max() ?? 0 }
        for row in cells {
            let line = row.enumerated().map { column, text in
                let padding = String(repeating: " ", count: widths[column] - text.count)
                return column == 1 ? padding + text : text + padding
            }
            Swift.print(line.joined(separator: "  "))
        }
    }

    /// Three or more significant digits, without an exponent: `0.974`, `12.3`, `4512`.
    static func format(_ value: Double) -> String {
        let magnitude = value.magnitude
        let digits = magnitude < 10 ? 3 : magnitude < 100 ? 2 : magnitude < 1000 ? 1 : 0
        let scale = [1.0, 10, 100, 1000][digits]
        let scaled = (magnitude * scale).rounded()
        guard scaled < 1e15 else { return "\(value)" }
        let (whole, fraction) = Int(scaled).quotientAndRemainder(dividingBy: Int(scale))
        let tail = String(fraction)
        let sign = value < 0 && scaled > 0 ? "-" : ""
        return digits == 0
            ? "\(sign)\(whole)" : "\(sign)\(whole).\(String(repeating: "0", count: digits - tail.count))\(tail)"
    }
}

/// The middle value; the mean of the two middle ones of an even number.
func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    guard !sorted.isEmpty else { return .nan }
    return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
}

/// Why a benchmark could not be run.
struct BenchmarkError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
