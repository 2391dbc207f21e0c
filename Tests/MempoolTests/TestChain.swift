import Ledger
import Mempool
import Primitives
import TestKit

/// A chain in memory with one authority, a few users and a pool beside it.
final class TestChain {
    let authority: PrivateKey
    let users: [PrivateKey]
    let engine: ChainEngine
    var pool: Mempool

    static let genesisSeconds: Int64 = 1_700_000_000
    static let baseFee: UInt64 = 100
    static let perByteFee: UInt64 = 1

    /// - Parameter balances: what the users have, in order.
    init(strict: Bool, balances: [UInt64], hasFees: Bool = false, limits: MempoolLimits = MempoolLimits()) throws {
        var random = SplitMix64(seed: 0xC0FFEE)
        authority = PrivateKey.generate(using: &random)
        users = balances.map { _ in PrivateKey.generate(using: &random) }
        let fees = GasConfiguration(baseFee: ByteString(String(Self.baseFee)), perByteFee: ByteString(String(Self.perByteFee)))
        let genesis = try Genesis(
            .test(
                timestamp: Self.genesisSeconds, keys: [authority], blockTime: strict ? "1s" : nil, fees: hasFees ? fees : nil,
                balances: Dictionary(uniqueKeysWithValues: zip(users.map(\.address), balances.map { ByteString(String($0)) }))))
        engine = try ChainEngine(genesis: genesis, store: MemoryChainStore())
        pool = Mempool(rules: genesis.rules, limits: limits)
    }

    // Transactions.

    func transaction(_ key: PrivateKey, nonce: UInt64, _ operations: Operation...) -> PreparedTransaction {
        PreparedTransaction(Transaction(operations: operations, timestamp: 1, nonce: nonce, key: key))
    }

    func set(_ user: Int, nonce: UInt64, key: ByteString = "k", value: [UInt8] = [1]) -> PreparedTransaction {
        transaction(users[user], nonce: nonce, Operation(type: .set, key: key, value: value))
    }

    func transfer(_ user: Int, nonce: UInt64, amount: UInt64, to receiver: Int = 0) -> PreparedTransaction {
        transaction(
            users[user], nonce: nonce,
            Operation(type: .transfer, key: StateKeys.balance(of: users[receiver].address), value: Amount(amount).bytes))
    }

    func mint(by key: PrivateKey, nonce: UInt64, amount: [UInt8], to receiver: Int = 0) -> PreparedTransaction {
        transaction(key, nonce: nonce, Operation(type: .mint, key: StateKeys.balance(of: users[receiver].address), value: amount))
    }

    // The pool.

    /// Admits, and gives the rejection when there is one.
    @discardableResult
    func admit(_ transaction: PreparedTransaction, at now: Nanoseconds = 0) throws -> MempoolRejection? {
        switch try pool.admit(transaction, on: engine.store, now: now) {
        case .admitted: nil
        case .rejected(let rejection): rejection
        }
    }

    /// Admits, and gives what had to leave.
    func evictions(admitting transaction: PreparedTransaction) throws -> [Hash32]? {
        guard case .admitted(let evicted) = try pool.admit(transaction, on: engine.store, now: 0) else { return nil }
        return evicted.map(\.hash)
    }

    // Blocks. Each is one commit.

    /// Makes a block of `transactions` and applies it to the chain, not to the pool.
    func produce(
        _ transactions: [PreparedTransaction]
    ) throws -> (block: PreparedBlock, refused: [(index: Int, reason: TransactionRejection)]) {
        let (block, refused) = try engine.buildBlock(
            transactions: transactions, timestamp: engine.head.timestamp + 1, key: authority)
        return (try apply(PreparedBlock(unverified: block)), refused)
    }

    /// Applies a block that another implementation made: it holds what this one refuses to make. Its transactions may
    /// only set and delete, because the state root is computed here.
    func applyForeign(_ transactions: [Transaction]) throws -> PreparedBlock {
        var state: [ByteString: [UInt8]] = [:]
        try engine.store.forEachState { state[$0] = $1 }
        for transaction in transactions {
            for case let operation? in transaction.data?.operations ?? [] {
                state[operation.key] = operation.type == .set ? operation.value : nil
            }
        }
        let leaves = state.sorted { $0.key < $1.key }.map { Merkle.leaf(key: $0.key, value: $0.value) }
        let header = BlockHeader(
            version: 1, height: engine.head.height + 1, previousHash: engine.head.hash.bytes,
            timestamp: engine.head.timestamp + 1, merkleRoot: Merkle.root(transactions.map(\.hash)).bytes,
            stateRoot: Merkle.root(leaves).bytes, producer: authority.address.checksummed)
        return try apply(
            PreparedBlock(
                unverified: Block(header: header, transactions: transactions, signature: authority.sign(header.hash).bytes)))
    }

    private func apply(_ unverified: PreparedBlock) throws -> PreparedBlock {
        var block = unverified
        block.verify()
        try engine.begin()
        do {
            try engine.apply(block, now: Moment(uptime: 0, unixMilliseconds: (engine.head.timestamp + 10) * 1000))
            try engine.commit()
        } catch {
            engine.abort()
            throw error
        }
        return block
    }

    /// Takes the head back from the chain, not from the pool.
    func undo() throws -> PreparedBlock {
        try engine.begin()
        let undone = try engine.undoHead()
        try engine.commit()
        return try PreparedBlock.prepare(undone.json)
    }

    // What must be true of a pool at all times.

    /// Whether all that waits can go into one chain of blocks, in the order of selection and in another one.
    func refusedOfAll() throws -> [TransactionRejection] {
        let all = pool.select(SelectionLimits(maxTransactions: .max, maxBytes: .max))
        precondition(all.count == pool.count)
        let bySender = Dictionary(grouping: all) { $0.sender }.sorted { ($0.key?.lowercased ?? "") < ($1.key?.lowercased ?? "") }
        return try refused(all) + refused(bySender.reversed().flatMap(\.value))
    }

    private func refused(_ transactions: [PreparedTransaction]) throws -> [TransactionRejection] {
        var builder = try engine.blockBuilder(timestamp: engine.head.timestamp + 1, producer: authority.address)
        var refused: [TransactionRejection] = []
        for transaction in transactions {
            do throws(TransactionError) {
                try builder.add(transaction)
            } catch {
                guard case .rejected(let reason) = error else { throw error }
                refused.append(reason)
            }
        }
        return refused
    }
}

extension [MempoolChange] {
    var admissions: [Hash32] { compactMap { if case .admitted(let transaction) = $0 { transaction.hash } else { nil } } }
    var removals: [MempoolRemoval] { compactMap { if case .removed(let removal) = $0 { removal } else { nil } } }
}
