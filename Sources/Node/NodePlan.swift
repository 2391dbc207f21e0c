internal import Consensus
internal import EventLoop
public import Ledger
internal import Network
internal import Peering
public import PodoruConfiguration
public import Primitives
internal import ProtocolCore
internal import Sync
internal import WholeFiles
internal import Wire

/// A configuration held against the genesis file and the key, before anything is opened.
struct NodeDraft {
    let configuration: NodeConfiguration
    let genesis: GenesisFile
    /// What is odd about the genesis and no reason to stay away.
    let notes: GenesisNotes
    /// The authority's key, or the identity of a full node that has one.
    let key: PrivateKey?

    init(_ configuration: NodeConfiguration) throws(NodeError) {
        self.configuration = configuration
        let json = try NodePlan.readGenesis(configuration)
        do throws(GenesisError) { genesis = try GenesisFile(json) } catch {
            throw NodeError(error, path: configuration.genesisPath)
        }
        notes = try GenesisNotes(of: genesis, path: configuration.genesisPath)
        do throws(FileError) {
            if let path = configuration.privateKey { key = try Files.loadKey(path) } else { key = nil }
        } catch {
            throw NodeError(error, \.privateKey)
        }
        try NodePlan.checkAuthorities(configuration, genesis.authorities)
        try NodePlan.checkKey(key, configuration, genesis.authorities)
    }
}

/// What the node will be.
struct NodePlan {
    let configuration: NodeConfiguration
    let genesis: Genesis
    /// The authority's key, or the identity of a full node that has one.
    let key: PrivateKey?

    /// - Parameter genesis: of the draft's file.
    init(_ draft: NodeDraft, _ genesis: Genesis) {
        self.init(draft.configuration, genesis, draft.key)
    }

    private init(_ configuration: NodeConfiguration, _ genesis: Genesis, _ key: PrivateKey?) {
        self.configuration = configuration
        self.genesis = genesis
        self.key = key
    }

    /// This plan with what of `new` may change while the node runs.
    func takingRunTimeChanges(of new: NodeConfiguration) -> NodePlan {
        NodePlan(configuration.takingRunTimeChanges(of: new), genesis, key)
    }

    fileprivate static func loadGenesis(_ configuration: NodeConfiguration) throws(NodeError) -> Genesis {
        let bytes = try readGenesis(configuration)
        let genesis: Genesis
        do throws(GenesisError) {
            genesis = try Genesis(decoding: bytes)
        } catch {
            throw NodeError(error, path: configuration.genesisPath)
        }
        _ = try GenesisNotes.timeFault(of: genesis.configuration, genesis.ruleSet, path: configuration.genesisPath)
        return genesis
    }

    fileprivate static func readGenesis(_ configuration: NodeConfiguration) throws(NodeError) -> [UInt8] {
        do throws(FileError) {
            return try Files.read(configuration.genesisPath, as: "genesis file", maxBytes: Files.maxGenesisBytes)
        } catch {
            throw NodeError(error, \.genesisPath)
        }
    }

    fileprivate static func checkAuthorities(_ configuration: NodeConfiguration, _ authorities: [ByteString]) throws(NodeError) {
        let listed = configuration.authorities.map(\.lowercased)
        let actual = authorities.compactMap { Address($0)?.lowercased }
        if !listed.isEmpty, listed != actual {
            throw NodeError(
                .configuration,
                "they differ from those of the genesis \(configuration.genesisPath), which are \(actual.map(\.text).joined(separator: ", "))",
                remedy: "remove `authorities` from the configuration, or use the genesis that they belong to", \.authorities)
        }
    }

    fileprivate static func checkKey(
        _ key: PrivateKey?, _ configuration: NodeConfiguration, _ authorities: [ByteString]
    ) throws(NodeError) {
        if let address = configuration.address, let key, key.address != address {
            throw NodeError(
                .configuration,
                "it is \(address.checksummed), but the key in \(configuration.privateKey ?? "") is \(key.address.checksummed)'s",
                remedy: "name that key's file as `private_key`, or remove `address`", \.address)
        }
        guard configuration.nodeType == .producer else { return }
        guard let key else {
            throw NodeError(
                .configuration, "a producer needs a key, and `private_key` is not set",
                remedy: "name the key file that `podoru keygen` wrote", \.nodeType)
        }
        guard authorities.contains(where: { Address($0)?.lowercased == key.address.lowercased }) else {
            throw NodeError(
                .configuration,
                "\(key.address.checksummed), whose key it names, is not one of the authorities of \(configuration.genesisPath)",
                remedy: "use an authority's key, or set `node_type: full`", \.privateKey)
        }
    }

    var chainID: String { Preflight.chainID(configuration, genesis) }

    /// What the core is told.
    ///
    /// - Parameters:
    ///   - nonce: random, tells this process from others.
    ///   - commit: what the program was built from.
    func coreConfiguration(identity: PrivateKey, listenAddress: String, nonce: UInt64, commit: String?) -> CoreConfiguration {
        let isProducer = configuration.nodeType == .producer
        let local = LocalNode(
            version: PodoruVersion.current, chainID: chainID, nodeType: isProducer ? .producer : .full,
            listenAddress: configuration.externalAddress?.description ?? listenAddress, nodeID: identity.address, nonce: nonce,
            rules: genesis.rulesHash, commit: commit)
        var peering = PeerConfiguration(local: local)
        peering.bootstrapPeers = configuration.bootstrapPeers
        peering.privatePeers = configuration.privatePeers
        peering.maxPeers = configuration.maxPeers
        peering.minOutboundPeers = configuration.minOutboundPeers
        peering.maxPeersPerIP = configuration.maxPeersPerIP
        peering.exempt = configuration.ipLimitExempt
        peering.authorities = Set(genesis.authorities.compactMap { Address($0) })
        peering.handshakeTimeout = configuration.handshakeTimeout
        peering.idleTimeout = configuration.idleTimeout

        var core = CoreConfiguration(peering: peering)
        core.maxFrameBytes = configuration.maxMessageBytes
        core.sync.batchCount = configuration.syncBatchSize
        core.sync.threshold = UInt64(max(0, configuration.syncThreshold))
        core.sync.genesisTimestamp = genesis.configuration.timestamp
        core.messagesPerSecond = configuration.rateLimitMessagesPerSecond
        core.messageBurst = configuration.rateLimitBurst
        core.rateLimitPatience = configuration.rateLimitPatience
        if isProducer {
            let schedule = ProducerSchedule(
                rules: genesis.rules, blockTimeSeconds: configuration.blockTime / .seconds(1), takeover: configuration.producerTakeover)
            core.producer = ProducerConfiguration(schedule: schedule, address: identity.address)
        }
        return core
    }

    func listenAddress() throws(NodeError) -> SocketAddress { try NodePlan.listenAddress(configuration) }

    static func listenAddress(_ configuration: NodeConfiguration) throws(NodeError) -> SocketAddress {
        guard let address = SocketAddress(host: configuration.p2pBindAddr, port: configuration.p2pPort) else {
            throw NodeError(
                .configuration, "\(configuration.p2pBindAddr) is no IPv4 or IPv6 address", remedy: "write one as 0.0.0.0 or ::1",
                \.p2pBindAddr)
        }
        return address
    }
}

/// What is checked before a start, one by one, for whoever wants to hear of all that is wrong and not of the first fault alone.
public enum Preflight {
    /// The genesis file, read and checked.
    public static func genesis(_ configuration: NodeConfiguration) throws(NodeError) -> Genesis {
        try NodePlan.loadGenesis(configuration)
    }

    /// The genesis file, read and checked without building its block: what it lays down, the keys in it that nobody reads or that stand
    /// twice, and what is odd about its time.
    public static func inspectGenesis(
        _ configuration: NodeConfiguration
    ) throws(NodeError) -> (rules: ChainRules, keyFaults: [GenesisKeyFault], timeFault: GenesisTimeFault?) {
        let json = try NodePlan.readGenesis(configuration)
        let path = configuration.genesisPath
        let (genesis, rules): (GenesisConfiguration, ChainRules)
        do throws(DecodingError) {
            genesis = try GenesisConfiguration(decoding: json)
        } catch {
            throw NodeError(GenesisError.decoding(error), path: path)
        }
        do throws(GenesisError) { rules = try genesis.rules() } catch { throw NodeError(error, path: path) }
        let timeFault = try GenesisNotes.timeFault(of: genesis, rules.ruleSet, path: path)
        return (rules, GenesisConfiguration.keyFaults(in: json), timeFault)
    }

    /// `authorities` against those of the genesis.
    public static func checkAuthorities(_ configuration: NodeConfiguration, _ rules: ChainRules) throws(NodeError) {
        try NodePlan.checkAuthorities(configuration, rules.authorities)
    }

    /// The key against `address` and, for a producer, the authorities of the genesis.
    public static func checkKey(_ key: PrivateKey?, _ configuration: NodeConfiguration, _ genesis: Genesis) throws(NodeError) {
        try NodePlan.checkKey(key, configuration, genesis.authorities)
    }

    /// What tells the chain from others in handshakes.
    public static func chainID(_ configuration: NodeConfiguration, _ genesis: Genesis) -> String {
        configuration.chainID ?? genesis.hash.prefixedHex
    }
}
