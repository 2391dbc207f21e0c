public import Primitives

/// Builds a block on a head, transaction by transaction, so that what comes out is always valid.
///
/// `add` takes a transaction or refuses it with a reason and is as before. It refuses all that the rule set refuses
/// inside a block and all that a node refuses to make (`ledger.md`, "Two rule sets"), the limits of the block included. So the
/// mempool can also ask it whether a set of transactions goes together, without ever finishing.
public struct BlockBuilder {
    /// The head to build on.
    public let parent: Head
    public let timestamp: Int64
    /// The producer as the genesis spells it.
    public let producer: ByteString
    private let rules: ChainRules
    private var execution: BlockExecution
    private var transactions: [PreparedTransaction] = []
    /// The bytes of the block's canonical JSON so far, signature included.
    public private(set) var size: Int

    /// - Throws: `BlockRejection` when `producer` may not sign a block of this time.
    init(
        rules: ChainRules, parent: Head, ledger: any LedgerReading, timestamp: Int64, producer: Address
    ) throws(BlockRejection) {
        guard let name = rules.producerName(of: producer), let index = rules.index(of: name) else {
            throw .notAnAuthority(producer.checksummed)
        }
        guard timestamp > parent.timestamp else { throw .notAfterParent(timestamp: timestamp, parent: parent.timestamp) }
        if case .strict(let blockTime) = rules.ruleSet {
            let place = rules.place(ofAuthority: index, height: parent.height &+ 1)
            let earliest = rules.earliest(place: place, after: parent.timestamp, blockTimeSeconds: blockTime)
            if timestamp < earliest { throw .tooEarly(producer: name, timestamp: timestamp, earliest: earliest) }
        }
        self.rules = rules
        self.parent = parent
        self.timestamp = timestamp
        self.producer = name
        execution = BlockExecution(rules: rules, mode: .making, base: ledger, producer: producer)
        size = 0
        size = block(stateRoot: .zero, signature: [UInt8](repeating: 0, count: Signature.byteCount)).json.count
    }

    /// The number of transactions so far.
    public var count: Int { transactions.count }

    /// Adds a transaction, or refuses it and stays as it was.
    /// - Throws: `TransactionError`. After `rejected(.blockIsFull)` a smaller one may still fit.
    public mutating func add(_ transaction: PreparedTransaction) throws(TransactionError) {
        if let fault = rules.admissionFault(transaction) { throw .rejected(fault) }
        let separator = transactions.isEmpty ? 0 : 1
        guard transactions.count < Limits.maxBlockTransactions,
            size + separator + transaction.size <= Limits.maxBlockBytes
        else { throw .rejected(.blockIsFull) }
        try execution.execute(transaction)
        transactions.append(transaction)
        size += separator + transaction.size
    }

    private func block(stateRoot: Hash32, signature: [UInt8]?) -> Block {
        let header = BlockHeader(
            version: BlockHeader.producedVersion, height: parent.height &+ 1, previousHash: parent.hash.bytes,
            timestamp: timestamp, merkleRoot: Merkle.root(transactions.map(\.hash)).bytes, stateRoot: stateRoot.bytes,
            producer: producer)
        return Block(header: header, transactions: transactions.map(\.transaction), signature: signature)
    }

    /// What the transactions change, the fees paid. Nothing is added after it.
    mutating func changes() throws(TransactionError) -> BlockExecution.Changes { try execution.finish() }

    /// The block with this state root, signed, or nil when `maySign` does not let the header's hash be signed.
    func seal(
        stateRoot: Hash32, key: PrivateKey, maySign: (Hash32) throws(ChainError) -> Bool
    ) throws(ChainError) -> Block? {
        var block = block(stateRoot: stateRoot, signature: nil)
        guard let hash = block.header?.hash, try maySign(hash) else { return nil }
        block.signature = key.sign(hash).bytes
        return block
    }

    /// `block`, which this has made, with what is known of its transactions' signatures; its own is verified.
    func prepare(_ block: Block) -> PreparedBlock {
        var prepared = PreparedBlock(unverified: block)
        for (index, transaction) in transactions.enumerated() { prepared.install(transaction, at: index) }
        prepared.verifyProducer()
        return prepared
    }
}

extension ChainEngine {
    /// Starts a block on the head with this timestamp (seconds since 1970), by the authority whose address is `producer`.
    /// - Throws: `BlockRejection` when that one is no authority or its turn is not yet.
    public func blockBuilder(timestamp: Int64, producer: Address) throws(BlockRejection) -> BlockBuilder {
        try BlockBuilder(rules: rules, parent: head, ledger: store, timestamp: timestamp, producer: producer)
    }

    /// As `append`, without putting the block on the chain: the state is as before. Costs two passes over the state tree.
    /// - Throws: `ChainError.store` when the head moved since, or the store failed.
    public func finish(_ builder: BlockBuilder, key: PrivateKey) throws(ChainError) -> Block {
        var builder = builder
        let root = stateRoot(after: try changes(of: &builder))
        guard let block = try builder.seal(stateRoot: root, key: key, maySign: { _ in true }) else {
            throw .rejected(.noHeader)
        }
        return block
    }

    func changes(of builder: inout BlockBuilder) throws(ChainError) -> BlockExecution.Changes {
        guard builder.parent == head else { throw .store(ChainEngineError.headMoved) }
        do throws(TransactionError) { return try builder.changes() } catch { throw ChainError(error) }
    }

    /// Builds, from what of `transactions` goes, in their order, a block that `producer` may sign, and says what was left out and
    /// why. Stops at nothing: a transaction that does not fit or is refused is left out.
    /// - Throws: `ChainError`.
    public func build(
        transactions: [PreparedTransaction], timestamp: Int64, producer: Address
    ) throws(ChainError) -> (builder: BlockBuilder, refused: [(index: Int, reason: TransactionRejection)]) {
        var builder: BlockBuilder
        do throws(BlockRejection) {
            builder = try blockBuilder(timestamp: timestamp, producer: producer)
        } catch {
            throw .rejected(error)
        }
        var refused: [(index: Int, reason: TransactionRejection)] = []
        for (index, transaction) in transactions.enumerated() {
            do throws(TransactionError) {
                try builder.add(transaction)
            } catch {
                guard case .rejected(let reason) = error else { throw ChainError(error) }
                refused.append((index, reason))
            }
        }
        return (builder, refused)
    }

    /// `build` and `finish` in one.
    /// - Throws: `ChainError`.
    public func buildBlock(
        transactions: [PreparedTransaction], timestamp: Int64, key: PrivateKey
    ) throws(ChainError) -> (block: Block, refused: [(index: Int, reason: TransactionRejection)]) {
        let (builder, refused) = try build(transactions: transactions, timestamp: timestamp, producer: key.address)
        return (try finish(builder, key: key), refused)
    }
}
