import Foundation
import Node
import Primitives
import ProtocolCore
import TestKit
import Testing

@testable import API

/// The two texts, and which of them a client gets.
@Suite struct ExpositionTests {
    private func text(_ families: [MetricFamily], _ format: ExpositionFormat) -> String {
        String(decoding: Exposition.render(families, as: format), as: UTF8.self)
    }

    @Test func aCounterIsNamedAsEachFormatWantsIt() {
        let family = MetricFamily(.counter, "x_seconds", unit: .seconds, "Help.", .time(1_500_000_000))
        #expect(
            text([family], .prometheus)
                == "# HELP podoru_x_seconds_total Help.\n# TYPE podoru_x_seconds_total counter\npodoru_x_seconds_total 1.5\n")
        #expect(
            text([family], .openMetrics)
                == "# HELP podoru_x_seconds Help.\n# TYPE podoru_x_seconds counter\n# UNIT podoru_x_seconds seconds\n"
                + "podoru_x_seconds_total 1.5\n# EOF\n")
    }

    @Test func labelsAndHelpAreEscaped() throws {
        let nasty = "a\\b\"c\nd"
        let family = MetricFamily(.gauge, "x", nasty, [.init(labels: [("l", nasty)], value: .number(-1))])
        #expect(
            text([family], .prometheus) == #"# HELP podoru_x a\\b"c\nd"# + "\n# TYPE podoru_x gauge\n" + #"podoru_x{l="a\\b\"c\nd"} -1"#
                + "\n")
        #expect(text([family], .openMetrics).hasPrefix(#"# HELP podoru_x a\\b\"c\nd"# + "\n"))
        let read = try ExpositionParser.parse(Exposition.render([family], as: .prometheus), isOpenMetrics: false)
        #expect(read[0].samples[0]["l"] == nasty)
    }

    @Test func aHistogramIsCumulativeAndExact() throws {
        var histogram = Histogram([.milliseconds(1), .seconds(1)])
        for time in [0, 1_000_000, 1_000_001, 5_000_000_000] as [Nanoseconds] { histogram.observe(time) }
        let family = MetricFamily(.histogram, "x_seconds", unit: .seconds, "Help.", .histogram(histogram))
        let lines = text([family], .prometheus).split(separator: "\n").dropFirst(2)
        #expect(
            Array(lines) == [
                #"podoru_x_seconds_bucket{le="0.001"} 2"#, #"podoru_x_seconds_bucket{le="1.0"} 3"#,
                #"podoru_x_seconds_bucket{le="+Inf"} 4"#, "podoru_x_seconds_sum 5.002000001", "podoru_x_seconds_count 4",
            ])
    }

    @Test(arguments: [
        (0, "0.0"), (1, "0.000000001"), (250_000, "0.00025"), (1_000_000_000, "1.0"), (-1_500_000_000, "-1.5"),
        (Int64.max, "9223372036.854775807"),
    ])
    func timesAreWrittenWithoutRounding(_ time: Int64, _ text: String) {
        #expect(Exposition.seconds(time) == text)
    }

    @Test(arguments: [
        "", "*/*", "text/plain", "application/json", "text/plain;q=1,application/openmetrics-text;q=0.5",
        "application/openmetrics-text;q=0", "application/openmetrics-text;version=0.0.1", "application/openmetrics-text;q=x", ";;,,q=",
    ])
    func theseClientsGetPrometheusText(_ accept: String) {
        #expect(ExpositionFormat(accept: accept) == .prometheus)
    }

    @Test(arguments: [
        "application/openmetrics-text", "application/openmetrics-text; version=1.0.0; charset=utf-8", "Application/OpenMetrics-Text",
        // Prometheus 2.x and 3.x.
        "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
        "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
    ])
    func theseClientsGetOpenMetrics(_ accept: String) {
        #expect(ExpositionFormat(accept: accept) == .openMetrics)
    }

    @Test(arguments: [
        "podoru_x 1\n", "# HELP a b\n# TYPE a gauge\na 1", "# HELP a b\n# TYPE a gauge\na one\n", "# HELP a b\n# TYPE a gauge\na 1\na 1\n",
        "# HELP a b\n# TYPE a counter\na 1\n", "# HELP a b\n# TYPE a gauge\na{l=\"\\x\"} 1\n", "# HELP a b\n# TYPE a gauge\n",
        "# HELP a b\n# TYPE a histogram\na_bucket{le=\"1.0\"} 2\na_bucket{le=\"+Inf\"} 1\na_sum 1\na_count 1\n",
    ])
    func theParserOfTheseTestsRefusesWhatIsWrong(_ text: String) {
        #expect(throws: ExpositionParser.Refusal.self) { try ExpositionParser.parse(Array(text.utf8), isOpenMetrics: false) }
    }

    /// The parsers of Prometheus' own Python package read both texts and find what ours finds.
    @Test(.enabled(if: PrometheusPackage.isThere, "the Python package prometheus_client is not installed"))
    func thePackageOfPrometheusReadsBothTexts() async throws {
        try await withBareNodes(2) { nodes in
            try await eventually("the two are connected") { await nodes[0].status()?.peers.count == 1 }
            let metrics = try #require(await nodes[0].metrics())
            for format in [ExpositionFormat.prometheus, .openMetrics] {
                let bytes = Exposition.render(metrics.families, as: format)
                let ours = try ExpositionParser.parse(bytes, isOpenMetrics: format == .openMetrics)
                let sampleCount = try PrometheusPackage.sampleCount(bytes, isOpenMetrics: format == .openMetrics)
                #expect(sampleCount == ours.reduce(0) { $0 + $1.samples.count })
            }
        }
    }
}

/// The Python package `prometheus_client`, where it is installed.
enum PrometheusPackage {
    static let isThere = (try? run("import prometheus_client", input: [])) != nil

    static func sampleCount(_ text: [UInt8], isOpenMetrics: Bool) throws -> Int? {
        let module = isOpenMetrics ? "prometheus_client.openmetrics.parser" : "prometheus_client.parser"
        let script = """
            import sys
            from \(module) import text_string_to_metric_families as read
            print(sum(len(family.samples) for family in read(sys.stdin.read())))
            """
        return Int(try run(script, input: text).trimmingCharacters(in: .whitespacesAndNewlines))
    }

    private static func run(_ script: String, input: [UInt8]) throws -> String {
        let result = try TestProcess.run(
            ["/usr/bin/env", "python3", "-B", "-c", script], in: FileManager.default.temporaryDirectory, input: Data(input))
        guard result.code == 0 else { throw TestFailure("python refused") }
        return result.output
    }
}
