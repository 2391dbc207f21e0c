internal import Logging
internal import Node
internal import PodoruConfiguration
internal import Synchronization

/// What the endpoints work with.
struct APIContext: Sendable {
    let node: Node
    let configuration: NodeConfiguration
    let logger: Logger
    let counters = APICounters()
    private let bound: BoundPort

    init(node: Node, configuration: NodeConfiguration, logger: Logger, bound: BoundPort) {
        self.node = node
        self.configuration = configuration
        self.logger = logger
        self.bound = bound
    }

    /// The port that the API answers on: the real one where the configuration says 0.
    var port: UInt16 { bound.value }
}

/// The port of a listener that is about to be opened: the routes are there before it.
final class BoundPort: Sendable {
    private let port = Atomic<UInt16>(0)

    var value: UInt16 { port.load(ordering: .relaxed) }

    func set(_ value: UInt16) { port.store(value, ordering: .relaxed) }
}

/// Everything that the TCP port answers (`api.md`). docs/openapi.yaml lists the same.
func apiRoutes(_ context: APIContext) -> [Route] {
    ChainEndpoints.routes(context) + BlockEndpoints.routes(context) + TransactionEndpoints.routes(context)
        + StateEndpoints.routes(context) + NodeEndpoints.routes(context) + MempoolEndpoints.routes(context)
        + AccountEndpoints.routes(context) + TokenEndpoints.routes(context) + metricsRoutes(context) + [WebSocketUpgrade.route]
}
