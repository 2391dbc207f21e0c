internal import Primitives
package import Terminal

/// A report as lines for a person. Pure: the same values give the same lines.
package struct DoctorLayout {
    /// Columns; `nil` where nobody cuts, as in a file.
    var width: Int?

    package init(width: Int? = nil) {
        self.width = width
    }

    /// Where the name of a check and what was seen of it begin.
    private static let titleColumn = 6
    private static let textColumn = 21

    package func lines(_ report: DoctorReport) -> [StyledLine] {
        var head = StyledLine("podoru doctor", .strong)
        head.add("  \(report.file)", .dim)
        let body = DoctorLayout.folded(report.findings).flatMap { lines($0.finding, titles: $0.titles) }
        return [head, StyledLine()] + body + [StyledLine(), summary(report)]
    }

    /// Neighbours that were skipped for one reason stand in one line.
    private static func folded(_ findings: [DoctorFinding]) -> [(finding: DoctorFinding, titles: [String])] {
        var folded: [(finding: DoctorFinding, titles: [String])] = []
        for finding in findings {
            if finding.outcome == .skipped, let last = folded.last?.finding, last.outcome == .skipped, last.seen == finding.seen,
                last.remedy == finding.remedy
            {
                folded[folded.count - 1].titles.append(finding.check.title)
            } else {
                folded.append((finding, [finding.check.title]))
            }
        }
        return folded
    }

    private func lines(_ finding: DoctorFinding, titles: [String]) -> [StyledLine] {
        let isFolded = titles.count > 1
        let seen = isFolded ? "\(titles.dropFirst().joined(separator: ", ")): \(finding.seen)" : finding.seen
        var lines = wrapped(seen, finding.outcome == .skipped ? .dim : .plain)
        if let remedy = finding.remedy { lines += wrapped("→ " + remedy, finding.outcome == .skipped ? .dim : .strong) }
        return lines.enumerated().map { index, line in
            var styled = StyledLine()
            if index == 0 {
                styled.add(finding.outcome.word, finding.outcome.style)
                styled.pad(to: DoctorLayout.titleColumn)
                styled.add(titles[0] + (isFolded ? "," : ""))
            }
            styled.pad(to: DoctorLayout.textColumn)
            for piece in line.pieces { styled.add(piece.text, piece.style) }
            return styled
        }
    }

    private func wrapped(_ text: String, _ style: StyledLine.Style) -> [StyledLine] {
        let lines = StyledLine.wrapped(text, first: "", style: style, width: width.map { $0 - DoctorLayout.textColumn })
        return lines.isEmpty ? [StyledLine()] : lines
    }

    private func summary(_ report: DoctorReport) -> StyledLine {
        let (failures, warnings) = (report.count(.failure), report.count(.warning))
        var line = StyledLine(failures > 0 ? StatusText.count(UInt64(failures), "failure") : "nothing failed", failures > 0 ? .bad : .good)
        if warnings > 0 { line.add(", \(StatusText.count(UInt64(warnings), "warning"))", .doubtful) }
        line.add(", \(report.count(.ok)) ok")
        if report.count(.skipped) > 0 { line.add(", \(report.count(.skipped)) skipped", .dim) }
        return line
    }
}

extension DoctorFinding.Outcome {
    fileprivate var word: String {
        switch self {
        case .ok: "ok"
        case .warning: "warn"
        case .failure: "FAIL"
        case .skipped: "skip"
        }
    }

    fileprivate var style: StyledLine.Style {
        switch self {
        case .ok: .good
        case .warning: .doubtful
        case .failure: .bad
        case .skipped: .dim
        }
    }
}

extension DoctorReport {
    /// The report as one line of JSON. Names stay as they are; new ones may come.
    package var json: [UInt8] {
        return JSONWriter.object { json in
            json.member("config", file)
            json.member("exit_code", exitCode)
            for outcome in [DoctorFinding.Outcome.failure, .warning, .ok, .skipped] { json.member(outcome.countName, count(outcome)) }
            json.member("findings") { json in
                json.array(findings) { json, finding in
                    json.object { json in
                        json.member("check", finding.check.rawValue)
                        json.member("outcome", finding.outcome.rawValue)
                        json.member("seen", finding.seen)
                        json.member("remedy", finding.remedy)
                    }
                }
            }
        } + [UInt8(ascii: "\n")]
    }
}

extension DoctorFinding.Outcome {
    fileprivate var countName: StaticString {
        switch self {
        case .ok: "ok"
        case .warning: "warnings"
        case .failure: "failures"
        case .skipped: "skipped"
        }
    }
}
