internal import Logging
internal import NIOCore
internal import NIOHTTP1
internal import Network
internal import PodoruConfiguration

/// One connection, as the server looks after it. On the API's thread.
protocol LiveConnection: AnyObject {
    /// Looks at its deadlines.
    func sweep(at now: NIODeadline)
    /// Finishes what is under way, then ends.
    func quiesce()
    /// Ends at once.
    func close()
}

/// What a listener serves: the TCP port or the admin socket.
struct ListenerProfile: Sendable {
    var router: Router
    /// `nil` on the admin socket, which no web page reaches.
    var cors: CORSPolicy?
    var isAdmin: Bool { cors == nil }
}

/// What the API's thread knows of all its connections together.
// Unchecked: after `init` it is used on the loop's thread only.
final class ServerState: @unchecked Sendable {
    let loop: any EventLoop
    let executor: LoopExecutor
    private(set) var limits: APILimits
    let logger: Logger
    /// Tells WebSocket clients what happens.
    let hub: EventHub?
    let counters: APICounters

    private var connections: [UInt64: any LiveConnection] = [:]
    private var lastID: UInt64 = 0
    private var sweeping: RepeatedTask?
    private var sweeps = 0
    private var crowd = CrowdMark()
    /// A crowd of clients has gone, and what it held is free.
    private let crowdHasGone: @Sendable () -> Void
    /// Connections that count against the cap.
    private(set) var counted = 0 {
        didSet { counters.setConnections(counted) }
    }
    private var admins = 0
    /// Connections over the cap that are being told so.
    private(set) var refusing = 0
    private var rates: ClientRates
    private var proxies: TrustedProxies
    private var refusalToldAt: NIODeadline?
    private var refusalsUntold = 0
    var date = DateLine()
    /// Bytes of request bodies in memory.
    private(set) var bodyBytes = 0
    private(set) var isStopping = false
    /// Told once nobody is connected any more, while it stops.
    private var emptied: EventLoopPromise<Void>?

    init(
        loop: any EventLoop, executor: LoopExecutor, limits: APILimits, logger: Logger, hub: EventHub?, counters: APICounters,
        crowdHasGone: @escaping @Sendable () -> Void = {}
    ) {
        self.crowdHasGone = crowdHasGone
        self.loop = loop
        self.hub = hub
        self.counters = counters
        self.limits = limits
        self.logger = logger
        self.executor = executor
        rates = ClientRates(rate: limits.requestsPerSecond, capacity: limits.rateEntries)
        proxies = TrustedProxies(limits.trustedProxies)
    }

    /// Takes what of a reloaded configuration concerns limits. Who is connected stays, also above a smaller one.
    func take(_ configuration: NodeConfiguration) {
        let rate = limits.requestsPerSecond
        limits.take(configuration)
        proxies = TrustedProxies(limits.trustedProxies)
        if limits.requestsPerSecond != rate { rates = ClientRates(rate: limits.requestsPerSecond, capacity: limits.rateEntries) }
        hub?.take(limits)
    }

    // MARK: Connections

    /// All that are looked after, those over the cap included.
    var connectionCount: Int { connections.count }

    enum Admission {
        case admitted
        case admin
        /// Over the cap: to be told so.
        case refused
        /// Over what can be told.
        case dropped
    }

    /// - Parameter hasPlace: false when its descriptor is one of those that are left to others.
    func admit(isAdmin: Bool, hasPlace: Bool) -> Admission {
        if isAdmin {
            guard admins < limits.adminConnections else { return .dropped }
            admins += 1
            return .admin
        }
        if hasPlace, counted < limits.connections {
            counted += 1
            return .admitted
        }
        guard refusing < limits.refusals else { return .dropped }
        refusing += 1
        return .refused
    }

    func leave(_ admission: Admission) {
        switch admission {
        case .admitted: counted -= 1
        case .admin: admins -= 1
        case .refused: refusing -= 1
        case .dropped: break
        }
    }

    /// Looks after a connection until `forget`. Its number.
    func look(after connection: any LiveConnection) -> UInt64 {
        lastID += 1
        connections[lastID] = connection
        if isStopping { connection.quiesce() }
        return lastID
    }

    /// The connection goes on as another, such as a WebSocket.
    func replace(_ id: UInt64, with connection: any LiveConnection) {
        connections[id] = connection
        if isStopping { connection.quiesce() }
    }

    func forget(_ id: UInt64) {
        connections[id] = nil
        tellWhenEmpty()
    }

    // MARK: Limits

    /// Takes a request of `client`: `nil`, or the seconds after which it may try again.
    func takeRequest(of client: IPAddress?) -> Int? {
        guard let client, let wait = rates.take(ClientKey(client), at: loop.now) else { return nil }
        tellRefused(client)
        return wait
    }

    /// The client of a request, of whom `peer` may be a proxy.
    func client(of peer: IPAddress, _ head: HTTPRequestHead) -> IPAddress {
        guard proxies.contains(peer) else { return peer }
        return proxies.client(of: peer, forwarded: head.headers["X-Forwarded-For"])
    }

    /// One line a second at most: anybody can cause it.
    private func tellRefused(_ client: IPAddress) {
        let now = loop.now
        guard refusalToldAt.map({ now - $0 >= .seconds(1) }) ?? true else {
            refusalsUntold += 1
            return
        }
        logger.info("an API client is over its request rate", metadata: ["client": "\(client)", "also": "\(refusalsUntold)"])
        refusalToldAt = now
        refusalsUntold = 0
    }

    /// Makes room for so much of a body; false when the bodies of all connections have too many bytes.
    func reserveBody(_ count: Int) -> Bool {
        guard bodyBytes + count <= limits.allBodyBytes else { return false }
        bodyBytes += count
        return true
    }

    func releaseBody(_ count: Int) {
        bodyBytes -= count
    }

    // MARK: Life

    func startSweeping() {
        sweeping = loop.scheduleRepeatedTask(initialDelay: limits.sweepInterval, delay: limits.sweepInterval) { [weak self] _ in
            self?.sweep()
        }
    }

    private func sweep() {
        let now = loop.now
        for connection in connections.values { connection.sweep(at: now) }
        sweeps += 1
        if crowd.hasGone(now: connections.count) { crowdHasGone() }
        if sweeps % 8 == 0 { rates.forgetQuiet(at: Int64(clamping: now.uptimeNanoseconds)) }
    }

    /// Every connection finishes what is under way and ends, those that are still accepted too.
    ///
    /// - Returns: when the last has ended.
    func quiesce() -> EventLoopFuture<Void> {
        isStopping = true
        hub?.end()
        let promise = loop.makePromise(of: Void.self)
        emptied = promise
        for connection in connections.values { connection.quiesce() }
        tellWhenEmpty()
        return promise.futureResult
    }

    private func tellWhenEmpty() {
        guard connections.isEmpty else { return }
        emptied?.succeed()
        emptied = nil
    }

    /// Ends what is still open.
    func closeAll() {
        for connection in connections.values { connection.close() }
    }

    func stopSweeping() { sweeping?.cancel() }
}
