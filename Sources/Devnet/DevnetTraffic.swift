internal import EventLoop
internal import Ledger
internal import Node
internal import Platform
internal import Primitives
internal import Synchronization
internal import Wire

/// Sends signed sample transactions to the nodes, as a peer that speaks the protocol would.
// Unchecked: used on its loop's thread only; `start` and `stop` hop there themselves.
final class DevnetTraffic: @unchecked Sendable {
    /// A transaction of one user each time; with four users 20 a second, a fifth of what one peer may send.
    private static let interval = Duration.milliseconds(50)

    private static let version = PodoruVersion.current.prefix { $0 != "+" && $0 != "-" } + PodoruVersion.trafficTail

    private let loop: EventLoop
    private let chainID: String
    private let users: [PrivateKey]
    private var nonces: [UInt64]
    private var links: [TrafficLink] = []
    private let ports = Mutex<Set<UInt16>>([])
    private var ticker: EventLoop.Timer?
    private var round = 0

    init(plan: DevnetPlan) throws {
        loop = try EventLoop.start(name: "traffic")
        chainID = plan.genesis.hash.prefixedHex
        users = plan.users
        // Above every nonce of an earlier run on the same folder.
        nonces = users.map { _ in UInt64(SystemClock.unixMilliseconds) }
    }

    /// Begins to send, to the nodes that it is connected to.
    func start() {
        loop.execute { [self] in
            ticker = try? loop.schedule(every: DevnetTraffic.interval) { [self] in sendNext() }
        }
    }

    /// The ports of the nodes that it is connected to.
    var openPorts: Set<UInt16> { ports.withLock { $0 } }

    /// Sends nothing more.
    func pause() {
        loop.execute { [self] in
            ticker?.cancel()
            ticker = nil
        }
    }

    func stop() {
        loop.stopAndWait()
    }

    /// Sends to the node on this port, too. For each process of a node once it listens.
    func connect(_ port: UInt16) {
        loop.execute { [self] in connectOnLoop(port) }
    }

    private func connectOnLoop(_ port: UInt16) {
        loop.connect(host: "127.0.0.1", port: port, timeout: .seconds(5)) { [self] result in
            guard case .success(let connection) = result else { return }
            let link = TrafficLink(connection) { [self] in _ = ports.withLock { $0.remove(port) } }
            links.append(link)
            _ = ports.withLock { $0.insert(port) }
            connection.delegate = link
            connection.startReading()
            let handshake = Handshake(
                version: String(DevnetTraffic.version), chainID: chainID, height: 0, nodeType: .full, listenAddress: "",
                nonce: UInt64(links.count))
            link.send(.handshake, handshake.encode())
        }
    }

    private func sendNext() {
        links.removeAll { !$0.isOpen }
        guard !links.isEmpty else { return }
        let user = round % users.count
        nonces[user] += 1
        // Each user speaks to another node, so that transactions must find their way to the producer in turn.
        links[user % links.count].send(.transaction, transaction(of: user).json)
        round += 1
    }

    private func transaction(of user: Int) -> Transaction {
        let operation: Operation
        if round % 5 == 4 {
            let other = users[(user + 1) % users.count].address.lowercased
            operation = Operation(type: .transfer, key: ByteString(Array("balance:".utf8) + other.bytes), value: [UInt8(1 + round % 200)])
        } else {
            operation = Operation(
                type: .set, key: ByteString("devnet:user-\(user + 1):\(nonces[user] % 100)"), value: Array("round \(round)".utf8))
        }
        return Transaction(
            operations: [operation], timestamp: SystemClock.unixSeconds, nonce: nonces[user], key: users[user])
    }
}

/// One connection of the traffic: it sends, and answers what keeps it connected.
private final class TrafficLink: TCPConnectionDelegate {
    private let connection: TCPConnection
    private let onClose: () -> Void
    private var decoder = FrameDecoder()
    private var budget = FrameBudget()

    init(_ connection: TCPConnection, onClose: @escaping () -> Void) {
        self.connection = connection
        self.onClose = onClose
    }

    var isOpen: Bool { connection.isOpen }

    func send(_ type: MessageType, _ payload: [UInt8]) {
        guard let frame = try? FrameEncoder.frame(type: type, payload: payload, timestamp: SystemClock.unixSeconds) else {
            return
        }
        connection.write(frame)
    }

    func connection(_ connection: TCPConnection, didRead bytes: UnsafeRawBufferPointer) {
        var rest = bytes
        while case .frame(let frame) = decoder.next(&rest, budget: &budget, now: SystemClock.uptime) {
            guard let message = try? frame.withUnsafeBytes({ try Envelope(decoding: $0) }) else { continue }
            // A node asks a peer without pings for its peers to see whether it lives.
            if message.known == .peerList, message.payload.isEmpty { send(.peerList, PeerList.encode([])) }
        }
    }

    func connectionDidClose(_ connection: TCPConnection, reason: CloseReason) { onClose() }
}
