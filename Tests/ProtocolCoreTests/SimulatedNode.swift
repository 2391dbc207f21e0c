import Chain
import Consensus
import Ledger
import Network
import Peering
import Primitives
import ProtocolCore
import Sync
import Testing
import Wire

/// One whole node of a simulation.
final class SimulatedNode {
    let index: Int
    let endpoint: Endpoint
    let key: PrivateKey
    var isRunning = false
    private(set) var core: ProtocolCore
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
    private(set) var facts = Facts()
    private unowned let network: SimulatedNetwork
    private var paused: [PeerID: [ReceivedMessage]] = [:]
    private var effects: [CoreEffect] = []
    /// Events that the core has taken; its invariants are looked at after each 61st.
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
        core = ProtocolCore(configuration: configuration, head: chain.head, seed: network.random.next(), at: network.now)
    }

    /// A new process over the same store: everything that was only in memory is gone.
    func reopen() throws {
        let store = chain.engine.store
        chain = try ChainProcessor(engine: ChainEngine(genesis: genesis, store: store), key: isProducer ? key : nil)
        var configuration = configuration
        configuration.peering.local.nonce = network.random.next()
        core = ProtocolCore(configuration: configuration, head: chain.head, seed: network.random.next(), at: now)
        life += 1
        paused = [:]
        effects = []
        armed = nil
        workerFreeAt = 0
    }

    var head: Head { core.head }

    /// The time by its own clocks.
    private var now: Moment {
        Moment(uptime: network.now.uptime, unixMilliseconds: network.now.unixMilliseconds + clockAheadMilliseconds)
    }

    // MARK: Events

    func withCore(_ body: (inout ProtocolCore, inout [CoreEffect]) -> Void) {
        guard isRunning else { return }
        body(&core, &effects)
        carryOut()
        events += 1
        if events % 61 == 0 { #expect(core.checkInvariants() == []) }
    }

    /// After the end of a connection: no part may have kept anything of it.
    func assertForgotten(_ id: PeerID) {
        #expect(core.remnants(of: id) == [], "\(id) at node \(index)")
    }

    func deliver(_ message: ReceivedMessage, over id: PeerID) {
        guard isRunning else { return }
        if paused[id] != nil {
            paused[id]?.append(message)
            return
        }
        take(message, over: id)
    }

    private func take(_ message: ReceivedMessage, over id: PeerID) {
        withCore { core, effects in
            core.received(message, from: id, at: now, into: &effects)
            if !core.frameTaken(id, at: now, into: &effects) { paused[id] = paused[id] ?? [] }
        }
    }

    // MARK: Effects

    private func carryOut() {
        while !effects.isEmpty {
            let batch = effects
            effects.removeAll()
            for effect in batch { carryOut(effect) }
        }
        arm()
    }

    private func carryOut(_ effect: CoreEffect) {
        switch effect {
        case .dial(let endpoint): network.dial(endpoint, from: self)
        case .cancelDial: break
        case .send(let message, let receivers, _): for id in receivers { network.send(message, over: id) }
        case .limitFrames, .stampRelay: break
        case .close(let id, let reason):
            facts.disconnects[reason, default: 0] += 1
            assertForgotten(id)
            network.disconnect(id, reason)
        case .pauseReading(let id): paused[id] = paused[id] ?? []
        case .resumeReading(let id):
            guard let kept = paused.removeValue(forKey: id) else { return }
            for message in kept { deliver(message, over: id) }
        case .chain(let command): work(command)
        case .readBlocks(let range, let isSingle, let id): sendBlocks(range, isSingle, to: id)
        case .fact(let fact): take(fact)
        }
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
                withCore { core, effects in core.chainReported(report, at: now, into: &effects) }
            }
        }
    }

    private func sendBlocks(_ range: HeightRange, _ isSingle: Bool, to id: PeerID) {
        var blocks: [[UInt8]] = []
        for height in range.first...range.last {
            guard let block = (try? chain.engine.store.block(atHeight: height)) ?? nil else { break }
            blocks.append(block)
        }
        network.send(.blockResponse(isSingle ? blocks.first ?? [] : BlockResponse.encode(blocks).payload), over: id)
        withCore { core, effects in core.blocksSent(id, at: now, into: &effects) }
    }

    private func take(_ fact: CoreFact) {
        switch fact {
        case .blockRefused(_, _, let reason): facts.refusedBlocks.append(reason)
        case .blockRelayed: facts.relays += 1
        case .competingBlock: facts.competing += 1
        case .syncFault(_, let fault): facts.syncFaults.append(fault)
        case .headChanged(_, let origin, _): facts.origins[origin, default: 0] += 1
        case .producerClock(let notice): facts.clocks.append(notice)
        case .peering(.otherRules): facts.otherRules += 1
        case .peerDisconnected(_, let reason): facts.disconnects[reason, default: 0] += 1
        default: break
        }
    }

    private func arm() {
        guard let deadline = core.nextDeadline(at: now) else { return }
        let time = max(deadline, network.time)
        if let armed, armed <= time, armed >= network.time { return }
        armed = time
        network.after(time - network.time) { [self] in
            guard armed == time else { return }
            armed = nil
            ticks += 1
            withCore { core, effects in core.tick(at: now, into: &effects) }
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
            GenesisConfiguration(
                timestamp: (network.epochMilliseconds / 1000).subtracting(clamping: age), authorities: keys.map(\.address.checksummed),
                initialState: ["chain:rules": "strict", "chain:block_time": ByteString(blockTime)]))
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
