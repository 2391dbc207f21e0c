import Foundation
import Testing

@testable import NodeClient
@testable import Operator
@testable import Terminal

/// The report from fixed findings.
@Suite struct DoctorLayoutTests {
    private let report = DoctorReport(
        file: "node.yaml",
        findings: [
            .ok(.configuration, "a full node with 2 bootstrap peers"),
            .failure(.key, "producer.key has mode 0644: others can read it", do: "Run `chmod 600 producer.key`."),
            .warning(.p2pPort, "p2p_port is 0", do: "Set a fixed one."),
            .skipped(.firewall, "not looked at", do: "Look again."),
            .skipped(.peer, "not looked at", do: "Look again."),
            .skipped(.node, "the node does not run", do: "Start it."),
        ])

    private func text(_ report: DoctorReport, width: Int? = nil, colours: Bool = false) -> [String] {
        DoctorLayout(width: width).lines(report).map { $0.text(width: width, hasColours: colours) }
    }

    @Test func eachFindingHasALineAndARemedyBelowIt() {
        #expect(
            text(report) == [
                "podoru doctor  node.yaml",
                "",
                "ok    configuration  a full node with 2 bootstrap peers",
                "FAIL  key            producer.key has mode 0644: others can read it",
                "                     → Run `chmod 600 producer.key`.",
                "warn  p2p port       p2p_port is 0",
                "                     → Set a fixed one.",
                "skip  firewall,      peer: not looked at",
                "                     → Look again.",
                "skip  node           the node does not run",
                "                     → Start it.",
                "",
                "1 failure, 1 warning, 1 ok, 3 skipped",
            ])
    }

    @Test func longLinesAreBrokenBesideTheNames() {
        let lines = text(report, width: 50)
        #expect(lines.allSatisfy { $0.count <= 50 })
        #expect(
            lines.drop { !$0.hasPrefix("FAIL") }.prefix(3) == [
                "FAIL  key            producer.key has mode 0644:",
                "                     others can read it",
                "                     → Run `chmod 600",
            ])
    }

    @Test func coloursAreAskedFor() {
        #expect(!text(report).joined().contains("\u{1B}"))
        #expect(text(report, colours: true)[3].hasPrefix("\u{1B}[31mFAIL\u{1B}[0m"))
        #expect(text(report, colours: true)[2].hasPrefix("\u{1B}[32mok\u{1B}[0m"))
    }

    @Test func whatAPeerSaysCannotMoveTheCursor() {
        let report = DoctorReport(file: "node.yaml", findings: [.ok(.peer, "version \u{1B}[2J\n1")])
        #expect(!text(report).joined(separator: " ").contains("\u{1B}"))
    }

    @Test func nothingThatFailedIsSaid() {
        #expect(text(DoctorReport(file: "a", findings: [.ok(.key, "k")])).last == "nothing failed, 1 ok")
    }

    @Test func theJSONHasEveryFinding() throws {
        let json = report.json
        #expect(json.last == UInt8(ascii: "\n") && json.count { $0 == UInt8(ascii: "\n") } == 1)
        let value = try JSONValue(json.dropLast())
        #expect(value["config"].text == "node.yaml" && value["exit_code"].int == 78)
        #expect(value["failures"].int == 1 && value["warnings"].int == 1 && value["ok"].int == 1 && value["skipped"].int == 3)
        let findings = try #require(value["findings"].array)
        #expect(findings.count == 6)
        #expect(findings[2]["check"].text == "p2p_port" && findings[2]["outcome"].text == "warning")
        #expect(findings[0]["remedy"].isNull && findings[1]["remedy"].text == "Run `chmod 600 producer.key`.")
    }

    // MARK: Exit codes

    private func code(_ findings: DoctorFinding...) -> Int32 { DoctorReport(file: "", findings: findings).exitCode }

    @Test func warningsAndWhatWasSkippedFailNothing() {
        #expect(code(.ok(.key, ""), .warning(.disk, "", do: ""), .skipped(.node, "", do: "")) == 0)
    }

    @Test(arguments: DoctorFinding.Check.allCases) func theCodeSaysWhetherWhatWasWrittenIsWrong(check: DoctorFinding.Check) {
        let isWritten = [.configuration, .genesis, .key].contains(check)
        #expect(code(.failure(check, "", do: "")) == (isWritten ? 78 : 69))
        #expect(code(.failure(check, "", do: ""), .failure(.configuration, "", do: "")) == 78)
    }
}
