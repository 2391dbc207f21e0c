public import Logging
internal import NIOCore
internal import NIOPosix
public import Node
public import PodoruConfiguration

/// The HTTP and WebSocket API of a node, on one thread of its own. The P2P loop never waits for it.
public final class APIServer: Sendable {
    /// The TCP port; the real one where the configuration says 0.
    public let port: UInt16
    /// Where it listens, as `127.0.0.1:8545`.
    public let address: String

    private let group: MultiThreadedEventLoopGroup
    private let state: ServerState
    private let listener: any Channel
    private let admin: AdminSocket?

    /// Opens the TCP port, and the admin socket when there is one.
    ///
    /// - Throws: `APIServerError`; nothing is left open then.
    public static func start(node: Node, configuration: NodeConfiguration, logger: Logger) async throws(APIServerError) -> APIServer {
        try await start(node: node, configuration: configuration, logger: logger, limits: APILimits())
    }

    /// - Parameter limits: small ones for tests.
    static func start(
        node: Node, configuration: NodeConfiguration, logger: Logger, limits: APILimits, routes extra: [Route] = []
    ) async throws(APIServerError) -> APIServer {
        var limits = limits
        limits.take(configuration)
        let bound = BoundPort()
        let context = APIContext(node: node, configuration: configuration, logger: logger, bound: bound)
        let routes = apiRoutes(context) + extra
        return try await APIServer(context, routes, bound, limits)
    }

    private init(
        _ context: APIContext, _ routes: [Route], _ bound: BoundPort, _ limits: APILimits
    ) async throws(APIServerError) {
        let configuration = context.configuration
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let loop = group.next()
        let executor = LoopExecutor(loop)
        let hub = EventHub(
            node: context.node, loop: loop, executor: executor, limits: limits, logger: context.logger, counters: context.counters)
        let state = ServerState(
            loop: loop, executor: executor, limits: limits, logger: context.logger, hub: hub, counters: context.counters,
            crowdHasGone: { [node = context.node] in node.releaseFreedMemory() })
        self.group = group
        self.state = state
        let http = HTTPListener(
            name: "the HTTP API", state: state,
            profile: ListenerProfile(router: Router(routes), cors: CORSPolicy(origins: configuration.apiCORSOrigins)),
            room: { state.limits.room })
        do {
            listener = try await http.bootstrap(on: group, backlog: APIServer.backlog)
                .bind(host: configuration.apiBindAddr, port: Int(configuration.apiPort)).get()
        } catch {
            try? await group.shutdownGracefully()
            throw APIServerError(listeningFor: configuration, error)
        }
        port = UInt16(listener.localAddress?.port ?? 0)
        let host = configuration.apiBindAddr
        address = (host.contains(":") ? "[\(host)]" : host) + ":\(port)"
        bound.set(port)
        try? await loop.submit { state.startSweeping() }.get()
        do throws(APIServerError) {
            admin = try await APIServer.openAdmin(context, state, group)
        } catch {
            try? await group.shutdownGracefully()
            throw error
        }
    }

    private static func openAdmin(
        _ context: APIContext, _ state: ServerState, _ group: MultiThreadedEventLoopGroup
    ) async throws(APIServerError) -> AdminSocket? {
        guard let path = context.configuration.apiAdminSocket else { return nil }
        // The operator may have the last descriptor.
        let listener = HTTPListener(
            name: "the admin socket", state: state, profile: ListenerProfile(router: Router(adminRoutes(node: context.node)), cors: nil),
            room: { .all })
        return try await AdminSocket.open(path, listener, on: group)
    }

    /// Connections that wait to be accepted: a second of a busy web page. Linux caps it at `net.core.somaxconn`.
    private static let backlog: Int32 = 1024

    /// Takes what of a reloaded configuration can change while it serves: `api_max_connections`, `api_max_websocket_clients`,
    /// `api_requests_per_second` and `api_trusted_proxies`.
    public func reload(_ configuration: NodeConfiguration) async {
        let state = state
        try? await state.loop.submit { state.take(configuration) }.get()
    }

    /// Ends: no new connections, requests under way are answered, WebSocket clients get 1001. Takes at most
    /// `APILimits.stopDeadline` and a little.
    public func stop() async {
        let state = state
        let hasEmptied = try? await state.loop.submit { state.quiesce() }.get()
        let hammer = state.loop.scheduleTask(in: state.limits.stopDeadline) { state.closeAll() }
        try? await listener.close().get()
        await admin?.end()
        try? await hasEmptied?.get()
        hammer.cancel()
        try? await state.loop.submit { state.stopSweeping() }.get()
        await state.executor.end()
        try? await group.shutdownGracefully()
    }

    /// Connections that are looked after now, for tests.
    var connectionCount: Int {
        get async throws { try await state.loop.submit { [state] in state.connectionCount }.get() }
    }

    // For tests.
    var hub: EventHub? { state.hub }
    var loop: any EventLoop { state.loop }
}
