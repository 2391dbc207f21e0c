internal import Primitives

// The block that the reference builds from a genesis (`ledger.md`, "Genesis") and what executing it leaves: one SET a state key, one MINT a
// balance. A genesis may hold hundreds of thousands, so the JSON is written as it goes, and no transaction is kept as a value.

extension GenesisConfiguration {
    /// The genesis block with its state root, and all that starts a store.
    func blockRecord() -> BlockRecord {
        var builder = GenesisBlockBuilder(timestamp: timestamp, count: initialState.count + initialBalances.count)
        var state = initialState.sorted { $0.key < $1.key }.map { StateWrite(key: $0.key, value: $0.value.bytes) }
        for write in state { builder.add(Operation(type: .set, key: write.key, value: write.value ?? [])) }

        var minted: [ByteString: Amount] = [:]
        for (address, text) in sortedBalances {
            // Go's big.Int gives a negative balance's absolute value as bytes (`blocks.json`, "negative balance").
            let amount = SignedDecimal(text)?.magnitude ?? .zero
            let key = ByteString(StateKeys.balancePrefix.bytes + address.lowercasedAsGo.bytes)
            builder.add(Operation(type: .mint, key: key, value: amount.bytes))
            let before = minted[key] ?? Amount(balance: initialState[key]?.bytes)
            // As every MINT: a sum that is too long for a balance is stored, and the next one reads it as zero.
            minted[key] = Amount(balance: before.bytes) + amount
        }
        if !minted.isEmpty {
            state.removeAll { minted[$0.key] != nil }
            state.append(contentsOf: minted.map { StateWrite(key: $0.key, value: $0.value.bytes) })
            state.sort { $0.key < $1.key }
        }
        return builder.finish(version: token == nil ? 1 : 2, state: state)
    }
}

/// Writes a genesis block's transactions one after the other.
private struct GenesisBlockBuilder {
    private let timestamp: Int64
    /// The transactions' JSON, with commas between.
    private var body: JSONWriter
    private var hashes: [Hash32] = []
    private var scratch = JSONWriter(capacity: 512)

    /// About the JSON of a transaction with a short key and value.
    private static let transactionBytes = 256

    init(timestamp: Int64, count: Int) {
        self.timestamp = timestamp
        body = JSONWriter(capacity: 512 + count * GenesisBlockBuilder.transactionBytes)
        hashes.reserveCapacity(count)
    }

    mutating func add(_ operation: Operation) {
        var transaction = Transaction(
            from: Genesis.address, timestamp: timestamp, data: TransactionData(operations: [operation]), signature: [],
            nonce: UInt64(hashes.count))
        scratch.bytes.removeAll(keepingCapacity: true)
        transaction.encodeCanonical(into: &scratch)
        let hash = SHA256.hash(scratch.bytes)
        transaction.id = hash.bytes
        if !hashes.isEmpty { body.raw(",") }
        transaction.encode(into: &body)
        hashes.append(hash)
    }

    consuming func finish(version: UInt32, state: [StateWrite]) -> BlockRecord {
        let root = Merkle.root(state.map { Merkle.leaf(key: $0.key, value: $0.value ?? []) })
        let header = BlockHeader(
            version: version, height: 0, previousHash: Hash32.zero.bytes, timestamp: timestamp, merkleRoot: Merkle.root(hashes).bytes,
            stateRoot: root.bytes, producer: Genesis.address)
        let head = Head(
            height: 0, hash: header.hash, previousHash: .zero, timestamp: timestamp, stateRoot: root, producer: Genesis.address,
            totalWeight: 0)
        var block = JSONWriter(capacity: body.bytes.count + 1024)
        Block.encode(header: header, signature: [], into: &block) { writer in
            // Go's slice stays nil when nothing is appended, which prints `null`.
            guard !hashes.isEmpty else { return writer.raw("null") }
            writer.raw("[")
            writer.raw(body.bytes)
            writer.raw("]")
        }
        // The first place of a hash counts; the nonces differ, so that no two are equal.
        let entries = hashes.enumerated().map { TransactionEntry(id: $1, index: $0) }
        // The genesis block is never taken back, so that nothing of what was before it is kept.
        let undo = UndoRecord(block: head, parent: nil, oldValues: [], transactions: [], nonces: [])
        return BlockRecord(head: head, json: block.bytes, writes: state, transactions: entries, undo: undo)
    }
}
