public import Primitives

/// The start of a chain: a checked configuration, the block that it makes and the rules that it lays down.
///
/// The block's hash commits to `initial_state` and `initial_balances` and to whether there is a token; not to the
/// authorities and the fees, which is the reference's format. Nodes with one genesis hash should have one genesis file.
public struct Genesis: Sendable {
    public let configuration: GenesisConfiguration
    public let rules: ChainRules
    /// The genesis block with its state root.
    public let block: Block
    /// What starts a store.
    let record: BlockRecord

    /// Checks the configuration, builds the block and executes it.
    /// - Throws: `GenesisError`, the first fault in the reference's order, then in that of strict rules.
    public init(_ configuration: GenesisConfiguration) throws(GenesisError) {
        if let fault = configuration.fault() { throw fault }
        let ruleSet = try configuration.ruleSet()
        if ruleSet.isStrict, let fault = configuration.strictFault() { throw fault }
        let fees = try configuration.token == nil ? nil : configuration.gas?.schedule()
        self.configuration = configuration
        rules = ChainRules(ruleSet: ruleSet, authorities: configuration.authorities, fees: fees)
        (block, record) = configuration.execute(rules: rules)
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

    /// The genesis block's hash: the chain's name in handshakes.
    public var hash: Hash32 { record.hash }
    /// The genesis block as the first tip.
    public var tip: ChainTip { record.tip }
    public var stateRoot: Hash32 { record.tip.stateRoot }
    public var authorities: [ByteString] { rules.authorities }
    public var ruleSet: RuleSet { rules.ruleSet }

    /// The token for display: the reference's own where the genesis describes none.
    public var token: TokenConfiguration { configuration.token ?? .standard }

    /// The sender of what a genesis block holds, and its producer: the zero address.
    public static let address: ByteString = "0x0000000000000000000000000000000000000000"
}

// MARK: The block

extension GenesisConfiguration {
    /// The block that the reference builds (`ledger.md`, "Genesis"), before it has a state root.
    private func blockWithoutStateRoot() -> Block {
        var transactions: [Transaction] = []
        for (key, value) in initialState.sorted(by: { $0.key < $1.key }) {
            append(Operation(type: .set, key: key, value: value.bytes), to: &transactions)
        }
        for (address, text) in sortedBalances {
            // Go's big.Int gives a negative balance's absolute value as bytes (`blocks.json`, "negative balance").
            let amount = SignedDecimal(text)?.magnitude ?? .zero
            let key = ByteString(StateKeys.balancePrefix.bytes + address.lowercasedAsGo.bytes)
            append(Operation(type: .mint, key: key, value: amount.bytes), to: &transactions)
        }
        let header = BlockHeader(
            version: token == nil ? 1 : 2, height: 0, previousHash: Hash32.zero.bytes, timestamp: timestamp,
            merkleRoot: Merkle.root(transactions.map(\.hash)).bytes, stateRoot: Hash32.zero.bytes,
            producer: Genesis.address)
        // Go's slice stays nil when nothing is appended, which prints `null`.
        return Block(header: header, transactions: transactions.isEmpty ? nil : transactions, signature: [])
    }

    private func append(_ operation: Operation, to transactions: inout [Transaction]) {
        var transaction = Transaction(
            from: Genesis.address, timestamp: timestamp, data: TransactionData(operations: [operation]), signature: [],
            nonce: UInt64(transactions.count))
        transaction.id = transaction.hash.bytes
        transactions.append(transaction)
    }

    /// Builds the block and executes it on the empty state.
    fileprivate func execute(rules: ChainRules) -> (block: Block, record: BlockRecord) {
        var block = blockWithoutStateRoot()
        var execution = BlockExecution(rules: rules, mode: .genesis, base: EmptyLedger(), producer: nil)
        for case let transaction? in block.transactions ?? [] {
            // Nothing is checked at genesis and reading nothing cannot fail, so no error can come.
            try? execution.execute(PreparedTransaction(unverified: transaction))
        }
        let changes = (try? execution.finish()) ?? BlockExecution.Changes()
        var tree = StateTree()
        let root = tree.apply(changes.writes)
        block.header?.stateRoot = root.bytes
        let prepared = PreparedBlock(unverified: block)
        let tip = ChainTip(
            height: 0, hash: prepared.hash, previousHash: .zero, timestamp: timestamp, stateRoot: root,
            producer: Genesis.address, totalWeight: 0)
        return (block, changes.record(tip: tip, parent: nil, json: prepared.json))
    }
}

extension ByteString {
    /// Go's `strings.ToLower`: each character by itself. Only a genesis needs more than ASCII of it.
    var lowercasedAsGo: ByteString {
        if bytes.allSatisfy({ $0 < 0x80 }) {
            return ByteString(bytes.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0 })
        }
        var lowered = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            // The one character whose lower case is two in Unicode's full mapping and one in the simple mapping of Go.
            let mapping = scalar == "\u{130}" ? "i" : scalar.properties.lowercaseMapping
            lowered.append(contentsOf: mapping.unicodeScalars)
        }
        return ByteString(String(lowered))
    }
}
