internal import HummingbirdCore
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
    private let server: Server<HTTPChild>
    private let running: Task<Void, Never>
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
        let hub = EventHub(node: context.node, loop: loop, limits: limits, logger: context.logger, counters: context.counters)
        let state = ServerState(
            loop: loop, limits: limits, logger: context.logger, hub: hub, counters: context.counters,
            crowdHasGone: { [node = context.node] in node.releaseFreedMemory() })
        let profile = ListenerProfile(router: Router(routes), cors: CORSPolicy(origins: configuration.apiCORSOrigins))
        let (opened, opening) = AsyncStream.makeStream(of: Result<any Channel, any Error>.self, bufferingPolicy: .bufferingOldest(1))
        let server = Server(
            childChannelSetup: HTTPChild(state: state, profile: profile),
            configuration: ServerConfiguration(
                address: .hostname(configuration.apiBindAddr, port: Int(configuration.apiPort)), backlog: APIServer.backlog),
            onServerRunning: { opening.yield(.success($0)) }, eventLoopGroup: group,
            logger: Logger(label: "hummingbird") { _ in SwiftLogNoOpLogHandler() })
        running = Task {
            do { try await server.run() } catch { opening.yield(.failure(error)) }
        }
        var outcome: Result<any Channel, any Error>?
        for await first in opened {
            outcome = first
            break
        }
        self.group = group
        self.server = server
        self.state = state
        switch outcome {
        case .success(let channel):
            try? await loop.submit {
                let rest = AcceptRest("the HTTP API", limits: limits, room: { state.limits.room }, logger: context.logger)
                try rest.guardListener(channel)
            }.get()
            port = UInt16(channel.localAddress?.port ?? 0)
            let host = configuration.apiBindAddr
            address = (host.contains(":") ? "[\(host)]" : host) + ":\(port)"
            bound.set(port)
        case .failure(let error):
            try? await group.shutdownGracefully()
            throw APIServerError(listeningFor: configuration, error)
        case nil:
            try? await group.shutdownGracefully()
            throw APIServerError(.address, "the HTTP server ended while it started", remedy: "start the node again", \.apiPort)
        }
        try? await loop.submit { state.startSweeping() }.get()
        do throws(APIServerError) {
            admin = try await APIServer.openAdmin(context, state, group)
        } catch {
            try? await server.shutdownGracefully()
            try? await group.shutdownGracefully()
            throw error
        }
    }

    private static func openAdmin(
        _ context: APIContext, _ state: ServerState, _ group: MultiThreadedEventLoopGroup
    ) async throws(APIServerError) -> AdminSocket? {
        guard let path = context.configuration.apiAdminSocket else { return nil }
        let profile = ListenerProfile(router: Router(adminRoutes(node: context.node)), cors: nil)
        return try await AdminSocket.open(path, child: HTTPChild(state: state, profile: profile), group: group)
    }

    /// Connections that wait to be accepted: a second of a busy web page. Linux caps it at `net.core.somaxconn`.
    private static let backlog = 1024

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
        let deadline = state.limits.stopDeadline
        try? await state.loop.submit { state.quiesce() }.get()
        let hammer = state.loop.scheduleTask(in: deadline) { state.closeAll() }
        await admin?.end()
        try? await server.shutdownGracefully()
        hammer.cancel()
        await running.value
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
