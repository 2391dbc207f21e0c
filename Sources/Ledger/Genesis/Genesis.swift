public import Primitives

/// The start of a chain: a checked configuration, the block that it makes and the rules that it lays down.
///
/// The block's hash commits to `initial_state` and `initial_balances` and to whether there is a token; not to the
/// authorities and the fees, which is the reference's format. `rulesHash` commits to the rest: nodes are of one chain when both
/// are equal.
public struct Genesis: Sendable {
    /// The configuration; without state and balances where the genesis was recalled (`GenesisFile`).
    public let configuration: GenesisConfiguration
    public let rules: ChainRules
    /// Commits to all that the genesis fixes and its block's hash does not: the authorities in their order, the fees, the token, the
    /// rules. Peers compare it in the handshake (docs/protocol.md, "The rules' hash").
    public let rulesHash: Hash32
    /// The genesis block as the first head.
    public let head: Head
    /// What starts a store; nil where the genesis was recalled, because a store has it.
    let record: BlockRecord?

    /// Checks the configuration, builds the block and executes it: about 1.5 µs a key of the state, and 250 bytes of memory.
    /// - Throws: `GenesisError`, the first fault in the reference's order, then in that of strict rules.
    public init(_ configuration: GenesisConfiguration) throws(GenesisError) {
        self.configuration = configuration
        rules = try configuration.rules()
        rulesHash = Genesis.rulesHash(rules, configuration.token)
        let record = configuration.blockRecord()
        head = record.head
        self.record = record
    }

    /// Reads a genesis file's JSON, checks it and builds the block.
    /// - Throws: `GenesisError`.
    public init(decoding json: [UInt8]) throws(GenesisError) {
        let configuration: GenesisConfiguration
        do throws(DecodingError) {
            configuration = try GenesisConfiguration(decoding: json)
        } catch {
            throw .decoding(error)
        }
        try self.init(configuration)
    }

    /// A genesis whose block a store has, as `head`.
    /// - Throws: `GenesisError`.
    init(recalling configuration: GenesisConfiguration, head: Head) throws(GenesisError) {
        self.init(configuration: configuration.withoutState, rules: try configuration.rules(), head: head)
    }

    private init(configuration: GenesisConfiguration, rules: ChainRules, head: Head) {
        self.configuration = configuration
        self.rules = rules
        self.head = head
        rulesHash = Genesis.rulesHash(rules, configuration.token)
        record = nil
    }

    /// This genesis without its block, which may be long.
    var recalled: Genesis { Genesis(configuration: configuration.withoutState, rules: rules, head: head) }

    /// The genesis block's hash: the chain's name in handshakes.
    public var hash: Hash32 { head.hash }
    public var stateRoot: Hash32 { head.stateRoot }
    public var authorities: [ByteString] { rules.authorities }
    public var ruleSet: RuleSet { rules.ruleSet }
    /// The genesis block's canonical JSON; nil where the genesis was recalled.
    public var blockJSON: [UInt8]? { record?.json }
    /// The hashes of the genesis block's transactions; none where the genesis was recalled.
    public var transactionHashes: [Hash32] { record?.transactions.map(\.id) ?? [] }

    /// The token for display: the reference's own where the genesis describes none.
    public var token: TokenConfiguration { configuration.token ?? .standard }

    /// The sender of what a genesis block holds, and its producer: the zero address.
    public static let address: ByteString = "0x0000000000000000000000000000000000000000"
}

extension GenesisConfiguration {
    /// Checks all of it and says what it lays down, without building its block, which takes as long as its first state is large.
    /// - Throws: `GenesisError`, the first fault in the reference's order, then in that of strict rules.
    public func rules() throws(GenesisError) -> ChainRules {
        if let fault = fault() { throw fault }
        let ruleSet = try ruleSet()
        if ruleSet.isStrict, let fault = strictFault() { throw fault }
        return ChainRules(ruleSet: ruleSet, authorities: authorities, fees: try token == nil ? nil : gas?.schedule())
    }
}
