internal import NIOHTTP1
internal import Synchronization

/// What the server counts of its TCP port, for the metrics. Written on the API's thread, read from any: relaxed atomics, a few
/// nanoseconds each, never contended.
final class APICounters: Sendable {
    private let informational = Atomic<UInt64>(0)
    private let successful = Atomic<UInt64>(0)
    private let redirected = Atomic<UInt64>(0)
    private let wrong = Atomic<UInt64>(0)
    private let failed = Atomic<UInt64>(0)
    private let openConnections = Atomic<Int>(0)
    private let webSockets = Atomic<Int>(0)

    /// An answer was made.
    func answered(status: HTTPResponseStatus) {
        switch status.code {
        case ..<200: informational.wrappingAdd(1, ordering: .relaxed)
        case ..<300: successful.wrappingAdd(1, ordering: .relaxed)
        case ..<400: redirected.wrappingAdd(1, ordering: .relaxed)
        case ..<500: wrong.wrappingAdd(1, ordering: .relaxed)
        default: failed.wrappingAdd(1, ordering: .relaxed)
        }
    }

    /// Connections that count against the cap, WebSockets among them.
    func setConnections(_ count: Int) { openConnections.store(count, ordering: .relaxed) }

    func setWebSocketClients(_ count: Int) { webSockets.store(count, ordering: .relaxed) }

    var families: [MetricFamily] {
        let answers: [(String, UInt64)] = [
            ("1xx", informational.load(ordering: .relaxed)), ("2xx", successful.load(ordering: .relaxed)),
            ("3xx", redirected.load(ordering: .relaxed)), ("4xx", wrong.load(ordering: .relaxed)),
            ("5xx", failed.load(ordering: .relaxed)),
        ]
        return [
            MetricFamily(
                .counter, "api_requests", "Requests to the API that were answered, by the class of the status.",
                answers.map { .init(labels: [("status", $0.0)], value: .count($0.1)) }),
            MetricFamily(
                .gauge, "api_connections", "Connections to the API, WebSockets among them.",
                .number(Int64(openConnections.load(ordering: .relaxed)))),
            MetricFamily(
                .gauge, "api_websocket_clients", "Clients of the event stream.", .number(Int64(webSockets.load(ordering: .relaxed)))),
        ]
    }
}
