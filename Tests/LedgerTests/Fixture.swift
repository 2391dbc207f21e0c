import Foundation
import Primitives
import TestKit

@testable import Ledger

/// The vectors that several tests use, read once.
enum Fixture {
    /// The three-authority genesis of `genesis.json`.
    static func genesis() throws -> Genesis {
        try Genesis(decoding: [UInt8](Vectors.data("genesis.json")))
    }

    /// chain-130, one block's JSON an entry, from height 0.
    static let chain: [[UInt8]] = (try? Vectors.gzipLines("chain-130.jsonl.gz")) ?? []

    /// A clock far behind every timestamp in the vectors but the one of the year 2100.
    static let now = at(1_800_000_000)

    static func at(_ seconds: Int64) -> Moment { Moment(uptime: 0, unixMilliseconds: seconds * 1000) }

    /// The key of `sha256("podoru-vector-key-<i>")`: users from 0 on, authorities from 100 on.
    static func key(_ index: Int) throws -> PrivateKey {
        try PrivateKey(bytes: SHA256.hash(Array("podoru-vector-key-\(index)".utf8)).bytes)
    }

    /// An engine over a fresh memory store, with chain-130 applied up to `height`.
    static func engine(height: Int = 0) throws -> ChainEngine {
        let engine = try ChainEngine(genesis: genesis(), store: MemoryChainStore())
        guard height > 0 else { return engine }
        try engine.begin()
        for json in chain[1...height] { try engine.apply(PreparedBlock.prepare(json), now: now) }
        try engine.commit()
        return engine
    }
}

extension ChainEngine {
    /// Applies one block in a write of its own.
    @discardableResult
    func add(_ block: PreparedBlock, now: Moment = Fixture.now) throws -> AppliedBlock {
        try begin()
        do {
            let applied = try apply(block, now: now)
            try commit()
            return applied
        } catch {
            abort()
            throw error
        }
    }

    @discardableResult
    func add(_ block: Block, now: Moment = Fixture.now) throws -> AppliedBlock {
        try add(try PreparedBlock.prepare(block.json), now: now)
    }

    /// What refuses `block`, nil when it is applied.
    func rejection(of block: PreparedBlock, now: Moment = Fixture.now) throws -> BlockRejection? {
        do {
            try add(block, now: now)
            return nil
        } catch ChainError.rejected(let rejection) {
            return rejection
        }
    }
}

extension ChainEngine {
    /// A signed block on the head with these transactions, whether or not they are allowed: with the right state root where
    /// they can be executed, a zero one where not. `edit` may spoil the header before it is signed.
    func sealed(
        _ transactions: [Transaction?], key: PrivateKey, timestamp: Int64? = nil, edit: (inout BlockHeader) -> Void = { _ in }
    ) throws -> Block {
        var execution = BlockExecution(rules: rules, mode: .block, base: store, producer: key.address)
        var root = Hash32.zero
        do throws(TransactionError) {
            for transaction in transactions {
                if let transaction { try execution.execute(PreparedTransaction(unverified: transaction)) }
            }
            root = stateRoot(after: try execution.finish())
        } catch {
            // A rejection is what such a block is made for.
            if case .store(let error) = error { throw error }
        }
        var header = BlockHeader(
            version: 1, height: head.height + 1, previousHash: head.hash.bytes, timestamp: timestamp ?? head.timestamp + 1000,
            merkleRoot: Merkle.root(transactions.map { $0?.hash ?? .zero }).bytes, stateRoot: root.bytes,
            producer: rules.producerName(of: key.address) ?? key.address.checksummed)
        edit(&header)
        return Block(header: header, transactions: transactions, signature: key.sign(header.hash).bytes)
    }
}

extension ChainStore {
    /// The whole state, in order.
    func entries() throws -> [(key: ByteString, value: [UInt8])] {
        var entries: [(key: ByteString, value: [UInt8])] = []
        try forEachState { entries.append(($0, $1)) }
        return entries
    }
}

/// Hex that may be absent.
func unhex(_ text: String?) -> [UInt8]? { text.flatMap { Hex.decode($0.utf8) } }

func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

/// Runs a random test under a seed: the time of day, or `PODORU_TEST_SEED` to repeat a run. The seed is printed.
func randomSeed(_ name: String) -> UInt64 {
    let given = ProcessInfo.processInfo.environment["PODORU_TEST_SEED"].flatMap(UInt64.init)
    let seed = given ?? UInt64(Date().timeIntervalSince1970 * 1000)
    print("\(name): PODORU_TEST_SEED=\(seed)")
    return seed
}
