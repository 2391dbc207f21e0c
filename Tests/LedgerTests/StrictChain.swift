import Primitives
import TestKit

@testable import Ledger

/// A small chain under strict rules, or the same one under reference rules: three authorities (keys 100–102), users with
/// balances (keys 0–2), fees of 1000 and 10 a byte, block time 5 s, genesis at second 1,000,000.
struct SmallChain {
    static let start: Int64 = 1_000_000
    static let blockTime: Int64 = 5
    static let funds: UInt64 = 1_000_000_000

    let engine: ChainEngine
    let authorities: [PrivateKey]
    let users: [PrivateKey]

    init(
        strict: Bool = true, hasFees: Bool = true, store: any ChainStore = MemoryChainStore(),
        balances: [Int: String] = [:]
    ) throws {
        authorities = try (100...102).map { try Fixture.key($0) }
        users = try (0...2).map { try Fixture.key($0) }
        var funds: [Address: ByteString] = [:]
        for (index, user) in users.enumerated() { funds[user.address] = ByteString(balances[index] ?? String(SmallChain.funds)) }
        funds[authorities[0].address] = balances[100].map { ByteString($0) }
        let configuration = GenesisConfiguration.test(
            timestamp: SmallChain.start, keys: authorities, blockTime: strict ? "5s" : nil, fees: hasFees ? GasConfiguration() : nil,
            balances: funds, state: ["chain:name": "small"])
        engine = try ChainEngine(genesis: Genesis(configuration), store: store)
    }

    /// The authority in turn at the next height.
    var producer: PrivateKey { authority(place: 0) }

    /// The authority that stands so many places behind the turn at the next height.
    func authority(place: Int) -> PrivateKey {
        authorities[Int((engine.head.height + 1 + UInt64(place)) % UInt64(authorities.count))]
    }

    /// The first second of the next block in turn.
    var nextTime: Int64 { engine.head.timestamp + SmallChain.blockTime }

    /// A transaction of one operation by a user or an authority.
    func transaction(
        _ operation: Operation, by key: PrivateKey, nonce: UInt64 = 1, edit: (inout Transaction) -> Void = { _ in }
    ) -> Transaction {
        var transaction = Transaction(operations: [operation], timestamp: 5, nonce: nonce, key: key)
        edit(&transaction)
        return transaction
    }

    func set(_ key: ByteString, by signer: PrivateKey, nonce: UInt64 = 1) -> Transaction {
        transaction(Operation(type: .set, key: key, value: [1]), by: signer, nonce: nonce)
    }

    func transfer(_ amount: UInt64, to receiver: PrivateKey, by signer: PrivateKey, nonce: UInt64 = 1) -> Transaction {
        let key = StateKeys.balance(of: receiver.address)
        return transaction(Operation(type: .transfer, key: key, value: Amount(amount).bytes), by: signer, nonce: nonce)
    }

    func mint(_ amount: Amount, to receiver: PrivateKey, by signer: PrivateKey, nonce: UInt64 = 1) -> Transaction {
        let key = StateKeys.balance(of: receiver.address)
        return transaction(Operation(type: .mint, key: key, value: amount.bytes), by: signer, nonce: nonce)
    }

    /// What refuses a block with these transactions by the authority in turn at its first second; nil when it is applied.
    func rejection(_ transactions: [Transaction?]) throws -> BlockRejection? {
        let block = try engine.sealed(transactions, key: producer, timestamp: nextTime)
        return try engine.rejection(of: PreparedBlock.prepare(block.json))
    }

    func balance(_ key: PrivateKey) throws -> Amount {
        Amount(balance: try engine.store.stateValue(StateKeys.balance(of: key.address)))
    }

    func fee(_ transaction: Transaction) -> Amount { engine.rules.fee(size: transaction.json.count) }
}

extension Transaction {
    /// The same signature in its other form: n − s, and the other recovery id.
    var withHighS: Transaction {
        var copy = self
        guard let signature, signature.count == 65 else { return copy }
        let order = Amount(
            bigEndian: Hex.decode(
                "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141".utf8) ?? [])
        let s = order.subtracting(Amount(bigEndian: Array(signature[32..<64])))?.bytes ?? []
        let padded = [UInt8](repeating: 0, count: 32 - s.count) + s
        copy.signature = signature[..<32] + padded + [signature[64] ^ 1]
        return copy
    }
}
