import Chain
import Consensus
import Ledger
import Network
import Peering
import Primitives
import ProtocolCore
import Session
import Sync
import TestKit
import Testing
import Wire

/// One whole node of a simulation: the swarm that runs in production, with simulated sockets and a chain worker of its own.
final class SimulatedNode: SimulatedHost {
    let index: Int
    let endpoint: Endpoint
    let key: PrivateKey
    private(set) var isRunning = false
    private(set) var swarm: Swarm
    private(set) var chain: ChainProcessor
    private let configuration: CoreConfiguration
    private let isProducer: Bool
    private let genesis: Genesis
    private var life = 0
    /// How far its wall clock is ahead of that of the world.
    var clockAheadMilliseconds: Int64 = 0
    /// How often its core was given a tick.
    private(set) var ticks = 0
    /// How long the chain worker takes for a block, a range or a batch.
    var workTime: Nanoseconds = .milliseconds(1)
    /// Answers to block requests have so many bytes instead of blocks, for strangers who do not look.
    var answerBytes: Int?
    /// How long the disk takes for an answer.
    var readTime: Nanoseconds = .microseconds(500)
    /// How long the loop is busy with one turn of bulk.
    var turnTime: Nanoseconds = .microseconds(50)
    /// What a socket's buffers hold, and how fast the lines of this node are; for connections that are made from now on.
    var window = SimulatedPipe().window
    var bytesPerSecond: Int64?
    private(set) var facts = Facts()
    private unowned let network: SimulatedNetwork
    private var sockets: [PeerID: SimulatedSocket] = [:]
    private var effects: [ShellEffect] = []
    private var isCarryingOut = false
    /// Events that the swarm has taken; its invariants are looked at after each 61st.
    private var events = 0
    private var armed: Nanoseconds?
    private var workerFreeAt: Nanoseconds = 0

    struct Facts {
        var disconnects: [DisconnectReason: Int] = [:]
        var refusedBlocks: [String] = []
        var relays = 0
        var competing = 0
        var syncFaults: [SyncFault] = []
        var origins: [BlockOrigin: Int] = [:]
        var clocks: [ProducerClocks.Notice] = []
        var otherRules = 0
    }

    init(
        index: Int, network: SimulatedNetwork, genesis: Genesis, key: PrivateKey, isProducer: Bool, bootstrap: [Endpoint],
        configure: (inout CoreConfiguration) -> Void = { _ in }
    ) throws {
        self.index = index
        self.network = network
        self.key = key
        let endpoint = SimulatedNetwork.endpoint(index)
        self.endpoint = endpoint
        self.genesis = genesis
        self.isProducer = isProducer
        let chain = try ChainProcessor(
            engine: ChainEngine(genesis: genesis, store: MemoryChainStore()), key: isProducer ? key : nil)
        let local = LocalNode(
            version: "1.0.0", chainID: "\(genesis.hash)", nodeType: isProducer ? .producer : .full, listenAddress: endpoint.description,
            nodeID: key.address, nonce: network.random.next())
        var peering = PeerConfiguration(local: local)
        peering.bootstrapPeers = bootstrap.filter { $0 != endpoint }
        peering.sharesLocalAddresses = true
        var configuration = CoreConfiguration(peering: peering)
        if isProducer {
            configuration.producer = ProducerConfiguration(
                schedule: ProducerSchedule(rules: genesis.rules, blockTimeSeconds: 1, takeover: false), address: key.address)
        }
        configure(&configuration)
        self.chain = chain
        self.configuration = configuration
        let core = ProtocolCore(configuration: configuration, head: chain.head, seed: network.random.next(), at: network.now)
        swarm = Swarm(core: core, identity: key)
    }

    /// A new process over the same store: everything that was only in memory is gone.
    func reopen() throws {
        let store = chain.engine.store
        chain = try ChainProcessor(engine: ChainEngine(genesis: genesis, store: store), key: isProducer ? key : nil)
        var configuration = configuration
        configuration.peering.local.nonce = network.random.next()
        let core = ProtocolCore(configuration: configuration, head: chain.head, seed: network.random.next(), at: now)
        swarm = Swarm(core: core, identity: key)
        life += 1
        sockets = [:]
        effects = []
        armed = nil
        workerFreeAt = 0
    }

    var core: ProtocolCore { swarm.core }
    var head: Head { core.head }

    /// The time by its own clocks.
    private var now: Moment {
        Moment(uptime: network.now.uptime, unixMilliseconds: network.now.unixMilliseconds + clockAheadMilliseconds)
    }

    // MARK: Life

    func start() {
        isRunning = true
        happened { $0.tell { core, effects in core.start(at: now, into: &effects) } }
        checkLater(life)
    }

    func kill() {
        isRunning = false
        for socket in sockets.values { socket.close() }
    }

    private func checkLater(_ life: Int) {
        network.after(SessionLimits.checkInterval) { [self] in
            guard isRunning, self.life == life else { return }
            let queued = sockets.mapValues(\.pipe.queuedBytes)
            happened { $0.check(at: now) { queued[$0] ?? 0 } }
            #expect(swarm.checkInvariants() == [])
            checkLater(life)
        }
    }

    // MARK: Events

    private func happened(_ event: (inout Swarm) -> Void) {
        guard isRunning else { return }
        event(&swarm)
        carryOut()
        events += 1
        if events % 61 == 0 { #expect(swarm.checkInvariants() == []) }
    }

    /// After the end of a connection: no part may have kept anything of it.
    private func assertForgotten(_ remnants: [String], _ id: PeerID) {
        #expect(remnants == [], "\(id) at node \(index)")
    }

    func dialFailed(_ endpoint: Endpoint) {
        happened { $0.tell { core, effects in core.dialFailed(endpoint, .refused, at: now, into: &effects) } }
    }

    func dialSucceeded(_ endpoint: Endpoint, _ socket: SimulatedSocket) {
        adopt(socket) { $0.dialSucceeded(endpoint, remote: endpoint, at: now) }
    }

    func accepted(_ socket: SimulatedSocket, from remote: Endpoint) {
        adopt(socket) { $0.accepted(from: remote, at: endpoint.address, now: now) }
    }

    private func adopt(_ socket: SimulatedSocket, _ event: (inout Swarm) -> PeerID?) {
        guard let id = event(&swarm) else { return socket.close() }
        socket.pipe.window = window
        socket.pipe.bytesPerSecond = bytesPerSecond
        socket.id = id
        sockets[id] = socket
        carryOut()
    }

    func arrived(_ bytes: ArraySlice<UInt8>, at socket: SimulatedSocket) {
        swarm.bytesArrived(bytes.count, from: socket.id, at: now)
        bytes.withUnsafeBytes { bytes in
            var rest = bytes
            var isMore = true
            while isMore {
                isMore = swarm.read(&rest, from: socket.id, at: now)
                carryOut()
            }
        }
    }

    func drained(_ socket: SimulatedSocket) {
        happened { $0.drained(socket.id, to: socket.pipe.queuedBytes) }
    }

    func congestionChanged(_ socket: SimulatedSocket, isCongested: Bool) {
        happened { $0.congestionChanged(socket.id, isCongested: isCongested, at: now) }
    }

    func closed(_ socket: SimulatedSocket, _ reason: DisconnectReason) {
        guard sockets[socket.id] === socket else { return }
        sockets[socket.id] = nil
        happened { $0.closed(socket.id, reason, at: now) }
        if isRunning { assertForgotten(swarm.remnants(of: socket.id), socket.id) }
    }

    // MARK: Effects

    private func carryOut() {
        guard !isCarryingOut else { return }
        isCarryingOut = true
        while swarm.work(at: now, into: &effects) {
            for effect in effects { carryOut(effect) }
            effects.removeAll(keepingCapacity: true)
        }
        isCarryingOut = false
        arm()
    }

    private func carryOut(_ effect: ShellEffect) {
        switch effect {
        case .socket(let effect): carryOut(effect)
        case .dial(let endpoint): network.dial(endpoint, from: self)
        case .cancelDial: break
        case .chain(let command): work(command)
        case .stampRelay(let receivedAt): swarm.tell { core, _ in core.blockHandedOn(receivedAt: receivedAt, at: now) }
        case .fact(let fact): take(fact)
        }
    }

    private func carryOut(_ effect: SessionEffect) {
        switch effect {
        case .write(let id, let frame):
            guard let socket = sockets[id] else { return }
            let isTaken = socket.write(frame)
            swarm.wrote(id, queue: socket.pipe.socketQueue, isRefused: !isTaken && socket.isOpen, at: now)
        case .pauseReading(let id): sockets[id]?.isReading = false
        case .resumeReading(let id): sockets[id]?.isReading = true
        case .close(let id, _):
            assertForgotten(core.remnants(of: id), id)
            sockets[id]?.close()
        case .readBlocks(let id, let range, let isSingle): readBlocks(range, isSingle, for: id)
        case .nextTurn: network.after(turnTime) { [self] in happened { $0.turn() } }
        }
    }

    /// Says what the node itself would not: for a test that has it lie.
    func say(_ message: Message, to id: PeerID) {
        if let frame = Dialect.podoru.encode(message, timestamp: now.unixSeconds, identity: key) { _ = sockets[id]?.write(frame) }
    }

    /// The chain worker: one thing after the other, each takes its time.
    private func work(_ command: ChainCommand) {
        let start = max(network.time, workerFreeAt)
        workerFreeAt = start + workTime
        let life = life
        network.after(workerFreeAt - network.time) { [self] in
            guard isRunning, self.life == life else { return }
            var reports: [ChainReport] = []
            try? chain.handle(command, at: now) { reports.append($0) }
            for report in reports {
                happened { $0.tell { core, effects in core.chainReported(report, at: now, into: &effects) } }
            }
        }
    }

    private func readBlocks(_ range: HeightRange, _ isSingle: Bool, for id: PeerID) {
        let life = life
        network.after(readTime) { [self] in
            guard self.life == life else { return }
            var blocks: [[UInt8]] = []
            for height in range.first...range.last {
                guard let block = (try? chain.engine.store.block(atHeight: height)) ?? nil else { break }
                blocks.append(block)
            }
            let payload =
                answerBytes.map { [UInt8](repeating: 0x20, count: $0) }
                ?? (isSingle ? blocks.first ?? [] : BlockResponse.encode(blocks).payload)
            let frame = Dialect.podoru.encode(.blockResponse(payload), timestamp: 0)
            happened { $0.blocksRead(id, frame: frame, at: now) }
        }
    }

    private func take(_ fact: CoreFact) {
        switch fact {
        case .blockRefused(_, _, let reason): facts.refusedBlocks.append(reason)
        case .blockRelayed: facts.relays += 1
        case .competingBlock: facts.competing += 1
        case .syncFault(_, let fault): facts.syncFaults.append(fault)
        case .headMoved(_, let origin): facts.origins[origin, default: 0] += 1
        case .producerClock(let notice): facts.clocks.append(notice)
        case .peering(.otherRules): facts.otherRules += 1
        case .peerDisconnected(_, let reason): facts.disconnects[reason, default: 0] += 1
        default: break
        }
    }

    private func arm() {
        guard let deadline = swarm.nextDeadline(at: now) else { return }
        let time = max(deadline, network.time)
        if let armed, armed <= time, armed >= network.time { return }
        armed = time
        network.after(time - network.time) { [self] in
            guard armed == time else { return }
            armed = nil
            ticks += 1
            happened { $0.tell { core, effects in core.tick(at: now, into: &effects) } }
        }
    }

    /// Submits a transaction here, as a client of this node would.
    func submit(_ transaction: Transaction) {
        let payload = transaction.json
        let candidate = TransactionCandidate(gossipID: SHA256.hash(payload), payload: payload, from: nil)
        work(.checkTransactions([candidate]))
    }
}

/// Keys, a genesis and a network of whole nodes.
struct World {
    let network: SimulatedNetwork
    let genesis: Genesis
    let keys: [PrivateKey]

    static func key(_ index: Int) throws -> PrivateKey {
        try PrivateKey(bytes: SHA256.hash(Array("simulated key \(index)".utf8)).bytes)
    }

    /// - Parameter age: how long ago the genesis is dated, in seconds; below zero, how far ahead.
    init(seed: UInt64, producers: Int, blockTime: String = "1s", age: Int64 = 10) throws {
        let network = SimulatedNetwork(seed: seed)
        self.network = network
        let keys = try (0..<max(producers, 1)).map(World.key)
        self.keys = keys
        genesis = try Genesis(
            .test(
                timestamp: (network.epochMilliseconds / 1000).subtracting(clamping: age), keys: keys, blockTime: ByteString(blockTime)))
    }

    @discardableResult
    func addProducer(_ number: Int, bootstrap: [Endpoint], configure: (inout CoreConfiguration) -> Void = { _ in }) throws -> SimulatedNode
    {
        try network.add { index, network in
            try SimulatedNode(
                index: index, network: network, genesis: genesis, key: keys[number], isProducer: true, bootstrap: bootstrap,
                configure: configure)
        }
    }

    @discardableResult
    func addFull(bootstrap: [Endpoint], configure: (inout CoreConfiguration) -> Void = { _ in }) throws -> SimulatedNode {
        try network.add { index, network in
            try SimulatedNode(
                index: index, network: network, genesis: genesis, key: World.key(1000 + index), isProducer: false, bootstrap: bootstrap,
                configure: configure)
        }
    }

    func startAll() {
        for node in network.nodes { network.start(node) }
    }

    /// A signed SET of a user.
    func transaction(_ user: Int, nonce: UInt64) throws -> Transaction {
        Transaction(
            operations: [Operation(type: .set, key: ByteString("user:\(user):\(nonce)"), value: Array("value \(nonce)".utf8))],
            timestamp: network.now.unixSeconds, nonce: nonce, key: try World.key(5000 + user))
    }

    func value(_ key: String, on node: SimulatedNode) -> [UInt8]? {
        (try? node.chain.engine.store.stateValue(ByteString(key))) ?? nil
    }

    /// Whether all the running nodes have one head.
    var isOneChain: Bool {
        let running = network.nodes.filter(\.isRunning)
        return Set(running.map(\.head.hash)).count == 1
    }
}
