internal import ChainService
internal import NIOHTTP1
internal import Node
internal import PodoruConfiguration

/// `GET /metrics`, where the configuration has `metrics_enabled`; no route at all otherwise.
func metricsRoutes(_ context: APIContext) -> [Route] {
    context.configuration.metricsEnabled ? [metricsRoute(node: context.node) { [counters = context.counters] in counters.families }] : []
}

/// `GET /metrics`.
///
/// - Parameter others: metrics that the node does not know, such as the server's own. Called for each scrape, on the server's thread.
func metricsRoute(node: Node, others: @escaping @Sendable () -> [MetricFamily] = { [] }) -> Route {
    Route(.GET, "/metrics") { request in
        guard let metrics = await node.metrics() else { throw NodeStopped() }
        let format = ExpositionFormat(accept: request.accept)
        var response = APIResponse(
            contentType: format.contentType, body: Exposition.render(metrics.families + others(), as: format))
        response.headers.add(name: "Vary", value: "Accept")
        return response
    }
}

extension ExpositionFormat {
    /// The best of what a client takes (RFC 9110, 12.5.1, as far as two formats need it): OpenMetrics when it is named in version 1 with
    /// a weight that plain text does not exceed, else Prometheus text, also for who takes neither.
    init(accept: String) {
        var openMetrics = 0.0
        var text: Double?
        var anything = 0.0
        for entry in accept.split(separator: ",").prefix(ExpositionFormat.maxAcceptEntries) {
            let parts = entry.split(separator: ";").map { $0.lowercased().filter { !$0.isWhitespace } }
            let weight = parts.dropFirst().first { $0.hasPrefix("q=") }.map { Double($0.dropFirst(2)) ?? 0 } ?? 1
            switch parts.first {
            case "application/openmetrics-text":
                let version = parts.first { $0.hasPrefix("version=") }?.dropFirst(8) ?? "1.0.0"
                if version.hasPrefix("1.") { openMetrics = max(openMetrics, weight) }
            case "text/plain": text = max(text ?? 0, weight)
            case "text/*", "*/*": anything = max(anything, weight)
            default: break
            }
        }
        self = openMetrics > 0 && openMetrics >= text ?? anything ? .openMetrics : .prometheus
    }

    /// Entries of an Accept header that are looked at. Scrapers send five.
    private static let maxAcceptEntries = 32
}
