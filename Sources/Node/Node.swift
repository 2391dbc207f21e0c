internal import Chain
public import ChainService
internal import Dispatch
internal import EventLoop
internal import Ledger
public import Logging
internal import Mempool
internal import Network
public import NodeLogging
internal import Peering
internal import Platform
public import PodoruConfiguration
internal import Primitives
internal import ProtocolCore
internal import Storage
public import Supervisor
internal import Synchronization
internal import WholeFiles

/// A running node: the loop thread with its peers, the chain worker, the store.
public final class Node: Sendable {
    /// What the node needs from whoever runs it.
    public struct Options: Sendable {
        public var logger: Logger
        /// A socket to a supervising process (the devnet), or `nil`.
        public var supervisor: Int32?
        /// The log level of the process, for an operator who wants to change it.
        public var logLevel: LogLevel?
        /// systemd or another service manager, which hears how the node fares for as long as its loop answers; or `nil`.
        public var serviceManager: ServiceManager?
        /// The commit that the program was built from, with `-dirty` for one that is not just that; `nil` where it is not known. For the
        /// log, the API and the metrics; handshakes have the version alone.
        public var commit: String?
        /// Told once when the supervising process has gone: nobody is left who would end the node.
        public var onSupervisorEnd: @Sendable () -> Void = {}
        /// Told once when the node cannot go on, such as a full disk. It should be stopped then.
        public var onFailure: @Sendable (_ reason: String) -> Void

        public init(
            logger: Logger, supervisor: Int32? = nil, logLevel: LogLevel? = nil,
            onFailure: @escaping @Sendable (_ reason: String) -> Void = { _ in }
        ) {
            self.logger = logger
            self.supervisor = supervisor
            self.logLevel = logLevel
            self.onFailure = onFailure
        }
    }

    /// The port that it listens on; the real one where the configuration says 0.
    public let port: UInt16
    /// The genesis block's hash as `0x` hex.
    public let genesisHash: String
    /// What `Options.commit` says.
    public let commit: String?
    /// The committed chain, for reading.
    public let chain: ChainReader

    let loop: EventLoop
    let shell: NetworkShell
    let worker: ChainWorker
    let log: Logger
    let space: StoreSpace
    let logLevel: LogLevel?
    let plan: Mutex<NodePlan>
    let identity: PrivateKey
    let nonce: UInt64
    // Held for the shell, which refers to it weakly. Used on the loop's thread only.
    private nonisolated(unsafe) let observer: CoreLog

    /// Opens the store, listens, and begins to dial.
    ///
    /// - Throws: `NodeError`; nothing is left open then.
    public static func start(_ configuration: NodeConfiguration, options: Options) async throws(NodeError) -> Node {
        try await Node(configuration, options)
    }

    private init(_ configuration: NodeConfiguration, _ options: Options) async throws(NodeError) {
        let draft = try NodeDraft(configuration)
        let address = try NodePlan.listenAddress(configuration)
        let log = options.logger
        let chain = try Node.openChain(configuration, draft.genesis)
        let plan = NodePlan(draft, chain.engine.genesis)
        let identity: PrivateKey
        do throws(FileError) {
            if let key = plan.key { identity = key } else { identity = try Identity.loadOrMake(in: configuration.dataDir) }
        } catch {
            throw NodeError(error, \.dataDir)
        }
        // A block that inserts keys at random places changes half of the tree: other cores help with its wide levels.
        chain.engine.workers = { count, body in DispatchQueue.concurrentPerform(iterations: count, execute: body) }
        let pool = SignaturePool(rules: plan.genesis.rules)
        let processor: ChainProcessor
        do {
            processor = try ChainProcessor(
                engine: chain.engine, key: configuration.nodeType == .producer ? identity : nil, preparer: pool)
        } catch {
            throw NodeError(
                .store, "\(configuration.dataDir): \(error)", remedy: "check the directory with `podoru verify`, or restore a backup",
                \.dataDir)
        }
        let head = processor.head
        log.notice(
            "podoru \(PodoruVersion.text(commit: options.commit))",
            metadata: Versions.fields.merging([
                "chain": "\(plan.chainID)", "rules": "\(plan.genesis.rulesHash.prefixedHex)", "height": "\(head.height)",
                "type": "\(configuration.nodeType.rawValue)",
                "node": "\(identity.address.checksummed)", "data": "\(configuration.dataDir)",
            ]) { $1 })
        draft.notes.tell(log, of: plan.genesis, path: configuration.genesisPath, now: SystemClock.unixSeconds)

        let settings = configuration.changes(from: NodeConfiguration()).map { ($0.key.name, Logger.MetadataValue.string($0.new)) }
        log.notice("configured, beside the defaults", metadata: Dictionary(uniqueKeysWithValues: settings))
        if case .strict(let fixed) = plan.genesis.rules.ruleSet, configuration.blockTime != .seconds(fixed),
            let wanted = settings.first(where: { $0.0 == "block_time" })?.1
        {
            log.warning("block_time is not what the genesis fixes, which counts", metadata: ["block_time": wanted, "genesis": "\(fixed)s"])
        }

        let loop: EventLoop
        do throws(EventLoopError) { loop = try EventLoop.start(name: "loop") } catch { throw .loop(error) }
        let file = MempoolFile(directory: configuration.dataDir, genesis: plan.genesis.hash)
        let worker = ChainWorker(
            pool: pool, reader: chain.store.reader, maxFrameBytes: configuration.maxMessageBytes,
            keeper: MempoolKeeper(file: file, log: log))
        // Numbers that nobody can foresee.
        var generator = SystemRandomNumberGenerator()
        let nonce = generator.next()
        let core = ProtocolCore(
            configuration: plan.coreConfiguration(
                identity: identity, listenAddress: Node.announced(address), nonce: nonce, commit: options.commit),
            head: head, seed: generator.next(),
            at: .current)
        let late = LateShell()
        let supervisor = options.supervisor.map { descriptor in
            SupervisorChannel(
                descriptor: descriptor,
                onOrder: { order in if order == .pause { late.pauseProduction() } },
                onEnd: {
                    log.notice("the supervising process has gone")
                    options.onSupervisorEnd()
                })
        }
        let observer = CoreLog(logger: log, supervisor: supervisor)
        var networkOptions = NetworkOptions(listenAddress: address)
        networkOptions.identity = identity
        networkOptions.onProblem = { log.warning("\($0)") }
        let shell = NetworkShell(loop: loop, core: core, options: networkOptions, chain: worker, observer: observer)
        late.arrived(shell)
        let hasStarted = worker.start(
            processor,
            outputs: ChainWorker.Outputs(
                report: { shell.report($0) }, answer: { shell.answer($0, frame: $1) },
                readFailed: { log.error("blocks \($0), which a peer asked for, could not be read: \($1)") },
                failed: { reason in
                    log.critical("the chain cannot go on: \(reason)")
                    options.onFailure(reason)
                }))
        guard hasStarted else {
            await Node.close(loop, shell, worker)
            throw NodeError(
                .system, "the system has no thread left for the chain worker", remedy: "raise the limit of processes (`ulimit -u`)")
        }
        do {
            port = try await loop.perform { () throws(EventLoopError) -> UInt16 in
                loop.watchForCrashReport()
                return try shell.start()
            }
        } catch {
            await Node.close(loop, shell, worker)
            throw NodeError(listeningOn: "\(address)", error)
        }
        let listening = SocketAddress(host: configuration.p2pBindAddr, port: port)?.description ?? "port \(port)"
        log.notice("listening", metadata: ["p2p": "\(listening)"])
        supervisor?.send(.ready(NodeReport.Ready(port: port)))
        self.loop = loop
        self.shell = shell
        self.worker = worker
        self.log = log
        space = StoreSpace(directory: configuration.dataDir, log: log)
        logLevel = options.logLevel
        self.identity = identity
        commit = options.commit
        self.nonce = nonce
        self.observer = observer
        genesisHash = plan.genesis.hash.prefixedHex
        self.chain = ChainReader(genesis: plan.genesis, chainID: plan.chainID) { [weak worker] in worker?.storeReader }
        self.plan = Mutex(plan)
        if let supervisor { await startReporting(supervisor) }
        if let manager = options.serviceManager { await startHeartbeat(manager) }
    }

    // MARK: Parts

    private static func openChain(_ configuration: NodeConfiguration, _ genesis: GenesisFile) throws(NodeError) -> ChainDirectory {
        do throws(ChainDirectoryError) {
            return try ChainDirectory(configuration.dataDir, genesis: genesis)
        } catch {
            throw NodeError(error, directory: configuration.dataDir, genesisPath: configuration.genesisPath)
        }
    }

    /// What the handshake says where the configuration has no `external_address`: peers put in the address that they see.
    static func announced(_ address: SocketAddress) -> String {
        Endpoint(address).description
    }

    private func startReporting(_ supervisor: SupervisorChannel) async {
        let shell = shell
        let worker = worker
        let loop = loop
        // Stays until the loop ends.
        _ = try? await loop.perform { () throws(EventLoopError) -> Void in
            _ = try loop.schedule(every: SupervisorChannel.statusInterval) {
                supervisor.send(.status(Node.report(shell, worker)))
            }
        }
    }

    /// What the loop and the chain worker know together. On the loop.
    private static func report(_ shell: NetworkShell, _ worker: ChainWorker) -> NodeReport.Status {
        var status = shell.statusReport()
        status.mempool = UInt64(worker.mempoolCount)
        return status
    }

    /// Signs of life come from the loop itself: from one that hangs there are none.
    private func startHeartbeat(_ manager: ServiceManager) async {
        let shell = shell
        let worker = worker
        let loop = loop
        _ = try? await loop.perform { () throws(EventLoopError) -> Void in
            _ = try loop.schedule(every: manager.heartbeatInterval) {
                manager.tell(.watchdog, .status(Node.report(shell, worker).summary))
            }
        }
    }

    // MARK: Observing

    /// Where the node stands; `nil` once it has stopped. Linear in the peers.
    public func status() async -> NodeStatus? {
        let shell = shell
        let worker = worker
        return await loop.perform {
            var status = shell.status()
            status?.mempoolCount = worker.mempoolCount
            return status
        }
    }

    // MARK: Life

    /// Ends: no new connections, the block under way is committed, peers are told, the store is closed.
    public func stop() async {
        let last = await metrics()
        log.notice("stopping", metadata: ["mempool": "\(worker.mempoolCount)"])
        space.stop()
        await Node.close(loop, shell, worker)
        log.notice("stopped", metadata: last?.summary ?? [:])
    }

    /// Gives memory that was freed back to the system, soon and on a thread of its own. For who has just freed much of it.
    public func releaseFreedMemory() {
        DispatchQueue.global(qos: .utility).async { SystemMemory.trim() }
    }

    private static func close(_ loop: EventLoop, _ shell: NetworkShell, _ worker: ChainWorker) async {
        try? await loop.perform { () throws(EventLoopError) -> Void in shell.stop() }
        await withCheckedContinuation { continuation in
            worker.stop { continuation.resume() }
        }
        await loop.stop()
    }
}
