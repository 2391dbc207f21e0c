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
    private var transactions: [Transaction] = []
    private var hashes: [Hash32] = []
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
        transactions.append(transaction.transaction)
        hashes.append(transaction.hash)
        size += separator + transaction.size
    }

    private func block(stateRoot: Hash32, signature: [UInt8]?) -> Block {
        let header = BlockHeader(
            version: BlockHeader.producedVersion, height: parent.height &+ 1, previousHash: parent.hash.bytes,
            timestamp: timestamp, merkleRoot: Merkle.root(hashes).bytes, stateRoot: stateRoot.bytes,
            producer: producer)
        return Block(header: header, transactions: transactions, signature: signature)
    }

    /// The block, signed. `root` computes the state root.
    fileprivate mutating func finish(
        key: PrivateKey, root: (BlockExecution.Changes) -> Hash32
    ) throws(TransactionError) -> Block {
        let changes = try execution.finish()
        var block = block(stateRoot: root(changes), signature: nil)
        if let hash = block.header?.hash { block.signature = key.sign(hash).bytes }
        return block
    }
}

extension ChainEngine {
    /// Starts a block on the head with this timestamp (seconds since 1970), by the authority whose address is `producer`.
    /// - Throws: `BlockRejection` when that one is no authority or its turn is not yet.
    public func blockBuilder(timestamp: Int64, producer: Address) throws(BlockRejection) -> BlockBuilder {
        try BlockBuilder(rules: rules, parent: head, ledger: store, timestamp: timestamp, producer: producer)
    }

    /// Finishes a block that was started on the present head and signs it. Applying it is up to the caller. Costs two
    /// passes over the state tree.
    /// - Throws: `ChainError.store` when the head moved since, or the store failed.
    public func finish(_ builder: BlockBuilder, key: PrivateKey) throws(ChainError) -> Block {
        guard builder.parent == head else { throw .store(ChainEngineError.headMoved) }
        var builder = builder
        do throws(TransactionError) {
            return try builder.finish(key: key) { stateRoot(after: $0) }
        } catch {
            throw ChainError(error)
        }
    }

    /// Builds, from what of `transactions` goes, in their order, a block by `key`'s holder, and says what was left out and
    /// why. Stops at nothing: a transaction that does not fit or is refused is left out.
    /// - Throws: `ChainError`.
    public func buildBlock(
        transactions: [PreparedTransaction], timestamp: Int64, key: PrivateKey
    ) throws(ChainError) -> (block: Block, refused: [(index: Int, reason: TransactionRejection)]) {
        var builder: BlockBuilder
        do throws(BlockRejection) {
            builder = try blockBuilder(timestamp: timestamp, producer: key.address)
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
        return (try finish(builder, key: key), refused)
    }
}
