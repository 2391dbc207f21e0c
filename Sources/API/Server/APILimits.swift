internal import NIOCore
internal import Network
internal import PodoruConfiguration

/// Every bound of the HTTP server, each with its reason. A value, so that tests can make them small.
struct APILimits: Sendable {
    // MARK: What an operator tunes; the defaults and their reasons are the configuration's

    /// Connections at once on the TCP port (`api_max_connections`).
    private(set) var connections = 0
    /// WebSocket clients at once (`api_max_websocket_clients`). Every event is written to each of them.
    private(set) var webSocketClients = 0
    /// Requests a second of one client address (`api_requests_per_second`); 0 is no limit. Twice as many may come at once, which
    /// is what a page with many widgets does when it opens.
    private(set) var requestsPerSecond = 0

    /// Proxies whose `X-Forwarded-For` names the client (`api_trusted_proxies`).
    private(set) var trustedProxies: [IPNetwork] = []
    /// Descriptors that connections of the API leave to others.
    private(set) var room = DescriptorRoom.all

    // MARK: A request

    /// The request line and the header fields together. Browsers with many cookies stay below 8 KiB.
    var headBytes = 16 * 1024
    /// The request target. The longest useful one is a state key of 1024 bytes, each of them percent-encoded.
    var targetBytes = 8 * 1024
    /// Header fields. Browsers send about 20.
    var headerFields = 100
    /// A body (`api.md`): the longest transaction has 1 MiB, somewhat more with its byte fields as base64 or hex.
    var bodyBytes = 2 * 1024 * 1024
    /// Bodies that are being received or answered, of all connections together. 32 bodies of the greatest size.
    var allBodyBytes = 64 * 1024 * 1024
    /// Requests of one connection that are answered in one go before others have their turn.
    var requestsInARow = 32

    // MARK: Waits

    /// From the first byte of a head to its last, and from the accept to the first head. A slow client on a bad line needs two or
    /// three seconds; a slow-loris holds its place no longer than this.
    var headDeadline = TimeAmount.seconds(10)
    /// From the end of a head to the end of its body: 2 MiB at 0.6 Mbit/s.
    var bodyDeadline = TimeAmount.seconds(30)
    /// How long a connection may stay open without a request. Browsers close after one to two minutes by themselves.
    var idleDeadline = TimeAmount.seconds(75)
    /// How long an answer may take to make. Nothing that an endpoint asks for waits for a peer.
    var answerDeadline = TimeAmount.seconds(30)
    /// How long bytes may wait for a client that does not read. While it takes at least `drainBytes` in that time it goes on.
    var writeDeadline = TimeAmount.seconds(10)
    /// See `writeDeadline`: 6 KiB a second.
    var drainBytes = 64 * 1024
    /// How long a connection stays half open after an error's answer, so that the answer is not lost to a reset.
    var lingerDeadline = TimeAmount.seconds(1)
    /// How long requests under way and the WebSocket's closing handshake may take when the server stops. With the node's own end
    /// it stays under the 5 s that a service manager is promised.
    var stopDeadline = TimeAmount.milliseconds(1500)
    /// How often deadlines are looked at. One walk over all connections instead of a timer each.
    var sweepInterval = TimeAmount.milliseconds(250)

    /// How long a listener rests when descriptors or memory ran out, as that for peers does (`EventLoopLimits.acceptPause`).
    var acceptPause = TimeAmount.seconds(1)
    /// After so long without a rest a shortage is over: while it lasts, one warning is enough.
    var acceptCalm = TimeAmount.seconds(10)

    // MARK: Clients

    /// Descriptors that are left to the store, the log, files that are written anew, and name look-ups, beside one a peer: with fewer the
    /// listener for peers rests (`EventLoopLimits.reservedDescriptors`). A flood of clients must not keep peers away.
    static let filesAndLookups = 32
    /// Connections at once on the admin socket, which are counted by themselves: whoever has taken all of the TCP port's keeps no
    /// operator out.
    var adminConnections = 32
    /// Connections over the cap that are told so at once; those over this number are closed without a word.
    var refusals = 256
    /// Client addresses whose rate is known. Those that were quiet for long enough are forgotten first; when all are busy, the
    /// newcomers share one bucket. About 100 bytes each.
    var rateEntries = 16_384

    // MARK: WebSocket

    /// A client's frame, and its message (`api.md`): the longest useful one names four events.
    var messageBytes = 4 * 1024
    /// Bytes that wait for one WebSocket client: about 3,000 events. One that is further behind is dropped.
    var clientBacklogBytes = 1024 * 1024
    /// How often a client is asked whether it lives. Proxies close quiet connections after 60 s.
    var pingInterval = TimeAmount.seconds(30)
    /// A client that was silent for this long, pings unanswered, is dead.
    var silenceDeadline = TimeAmount.seconds(75)
    /// Between the close frame and the end of the connection, for the client's own close frame.
    var closeDeadline = TimeAmount.seconds(1)
    /// Events that wait for the API's thread. A synced range of ten full blocks has about 1,000 transactions.
    var waitingEvents = 8192
    /// The least time between two `mempool_update`. A person sees four a second as motion.
    var mempoolInterval = TimeAmount.milliseconds(250)
    /// Hashes in a `mempool_update`, the newest first.
    var recentHashes = 10

    init() {}

    /// Takes what an operator tunes.
    mutating func take(_ configuration: NodeConfiguration) {
        connections = configuration.apiMaxConnections
        webSocketClients = configuration.apiMaxWebSocketClients
        requestsPerSecond = configuration.apiRequestsPerSecond
        trustedProxies = configuration.apiTrustedProxies
        room.reserve = configuration.maxPeers + APILimits.filesAndLookups
    }
}
