public import Primitives

/// A chain: it opens a store, checks blocks on top of it, executes them, and takes them back.
///
/// ```
///   engine = try ChainEngine(genesis: genesis, store: store)
///   try engine.begin()
///   for block in prepared { _ = try engine.apply(block, now: now) }     // a refused block changes nothing
///   try engine.commit()                                                 // all of them are durable, or none
/// ```
///
/// Every write stands between `begin` and `commit` or `abort`. The state tree lives in memory and follows the store:
/// what `apply` and `undoHead` did since `begin` is remembered and taken back when the write is aborted or its commit
/// fails, so engine and store always agree. The engine belongs to one thread; what it reads from the store does not
/// change under it.
public final class ChainEngine {
    /// Recalled: without its block, which the store has.
    public let genesis: Genesis
    /// Where the chain lives. Reads may go to it directly; `setMetadata` may be called between `begin` and `commit`.
    public let store: any ChainStore
    /// The newest block, that of an open write included.
    public private(set) var head: Head
    /// Threads to lend to the state tree, for the levels in which many nodes change; nil hashes on the caller's thread.
    public var workers: StateTree.Workers?
    private var tree: StateTree
    private var isWriting = false
    /// What takes back each step of the open write, newest last; at most `Limits.maxUncommittedBlocks`.
    private var steps: [Step] = []

    private struct Step {
        var head: Head
        /// The state tree's values before the step.
        var values: [StateWrite]
    }

    /// Opens the chain of `genesis` in `store`: writes the genesis block when the store is empty, otherwise checks that it
    /// holds this chain and rebuilds the state tree, in one pass over the state (about 0.3 µs a key and the store's read).
    /// - Throws: `ChainOpenError`.
    public init(genesis: Genesis, store: any ChainStore) throws(ChainOpenError) {
        self.genesis = genesis.recalled
        self.store = store
        do {
            guard let stored = try store.head() else {
                guard let record = genesis.record else { throw ChainEngineError.noGenesisBlock }
                try ChainEngine.write(record, to: store)
                head = genesis.head
                var builder = StateTree.Builder()
                for write in record.writes { builder.append(key: write.key, value: write.value ?? []) }
                tree = builder.finish()
                return
            }
            head = stored
            guard try store.height(ofBlock: genesis.hash) == 0 else {
                let found = try ChainEngine.genesisHash(of: store) ?? .zero
                throw found == genesis.hash
                    ? ChainOpenError.unindexed(genesis: found) : ChainOpenError.otherGenesis(expected: genesis.hash, found: found)
            }
            var builder = StateTree.Builder()
            try store.forEachState { builder.append(key: $0, value: $1) }
            tree = builder.finish()
        } catch let error as ChainOpenError {
            throw error
        } catch {
            throw .store(error)
        }
        guard tree.root == head.stateRoot else {
            throw .damaged(height: head.height, expected: head.stateRoot, found: tree.root)
        }
    }

    private static func write(_ record: BlockRecord, to store: any ChainStore) throws {
        try store.begin()
        do {
            try store.append(record)
            try store.commit()
        } catch {
            store.abort()
            throw error
        }
    }

    private static func genesisHash(of store: any ChainStore) throws -> Hash32? { try store.genesisHead()?.hash }

    public var rules: ChainRules { genesis.rules }

    /// The number of keys in the state.
    public var stateKeyCount: Int { tree.count }
}

// MARK: Writes

extension ChainEngine {
    /// Opens a write.
    /// - Throws: `ChainError.store`.
    public func begin() throws(ChainError) {
        guard !isWriting else { throw .store(ChainEngineError.writeIsOpen) }
        do { try store.begin() } catch { throw .store(error) }
        isWriting = true
    }

    /// Makes everything since `begin` durable. When it throws, engine and store are where they were at `begin`.
    /// - Throws: `ChainError.store`.
    public func commit() throws(ChainError) {
        guard isWriting else { throw .store(ChainEngineError.noWriteIsOpen) }
        do {
            try store.commit()
        } catch {
            takeStepsBack()
            throw .store(error)
        }
        isWriting = false
        steps.removeAll(keepingCapacity: true)
    }

    /// Forgets everything since `begin`. Does nothing without an open write.
    public func abort() {
        guard isWriting else { return }
        store.abort()
        takeStepsBack()
    }

    private func takeStepsBack() {
        for step in steps.reversed() {
            tree.apply(step.values, workers: workers)
            head = step.head
        }
        steps.removeAll(keepingCapacity: true)
        isWriting = false
    }

    private func requireWrite() throws(ChainError) {
        guard isWriting else { throw .store(ChainEngineError.noWriteIsOpen) }
        guard steps.count < Limits.maxUncommittedBlocks else { throw .store(ChainEngineError.tooManyUncommitted) }
    }
}

// MARK: Blocks

extension ChainEngine {
    /// Puts a block on the head: all checks of the rule set in the reference's order, execution, state root, records.
    ///
    /// Signatures that `prepared` knows are taken from it; the others are recovered here. A block that is refused has
    /// changed nothing and the write stays open for the next.
    /// - Throws: `ChainError`: `rejected` with the first fault; `store`, after which the caller must `abort`.
    @discardableResult
    public func apply(_ prepared: PreparedBlock, now: Moment) throws(ChainError) -> AppliedBlock {
        try requireWrite()
        if let fault = rules.fault(prepared, on: head, nowSeconds: now.unixSeconds) { throw .rejected(fault) }
        guard let header = prepared.block.header else { throw .rejected(.noHeader) }
        let changes = try execute(prepared, producer: header.producer)
        let root = tree.apply(changes.writes, workers: workers)
        do throws(ChainError) {
            guard header.stateRoot.flatMap({ Hash32($0) }) == root else { throw .rejected(.wrongStateRoot) }
            return try put(prepared, header, changes, stateRoot: root)
        } catch {
            tree.apply(changes.oldValues, workers: workers)
            throw error
        }
    }

    /// Stores a block that is checked and executed, and makes it the head.
    private func put(
        _ prepared: PreparedBlock, _ header: BlockHeader, _ changes: BlockExecution.Changes, stateRoot root: Hash32
    ) throws(ChainError) -> AppliedBlock {
        let parent = head
        let newHead = Head(
            height: header.height, hash: prepared.hash, previousHash: parent.hash, timestamp: header.timestamp,
            stateRoot: root, producer: header.producer,
            totalWeight: parent.totalWeight &+ rules.weight(producer: header.producer, height: header.height))
        do { try store.append(changes.record(head: newHead, parent: parent, json: prepared.json)) } catch { throw .store(error) }
        steps.append(Step(head: parent, values: changes.oldValues))
        head = newHead
        return AppliedBlock(head: newHead, parent: parent, prepared: prepared)
    }

    private func execute(_ prepared: PreparedBlock, producer: ByteString) throws(ChainError) -> BlockExecution.Changes {
        var execution = BlockExecution(
            rules: rules, mode: .block, base: store, producer: Address(producer),
            expectedCount: prepared.transactions.count)
        for index in prepared.transactions.indices {
            guard let transaction = prepared.transactions[index] else { throw .rejected(.nilTransaction(index: index)) }
            do throws(TransactionError) {
                try execution.execute(transaction)
            } catch {
                switch error {
                case .rejected(let rejection): throw .rejected(.transaction(index: index, rejection))
                case .store(let error): throw .store(error)
                }
            }
        }
        do throws(TransactionError) { return try execution.finish() } catch { throw ChainError(error) }
    }

    /// Takes the head back, to its parent.
    /// - Throws: `ChainError.store`: the store failed, or the head is the genesis block. The caller must `abort`.
    @discardableResult
    public func undoHead() throws(ChainError) -> UndoneBlock {
        try requireWrite()
        let undo: UndoRecord
        let json: [UInt8]
        var newValues: [StateWrite] = []
        do {
            guard let record = try store.undoRecord(atHeight: head.height), let block = try store.block(atHeight: head.height)
            else { throw ChainEngineError.noUndoRecord(height: head.height) }
            guard record.parent != nil else { throw ChainEngineError.genesisStays }
            (undo, json) = (record, block)
            for write in undo.oldValues {
                newValues.append(StateWrite(key: write.key, value: try store.stateValue(write.key)))
            }
            try store.removeHead(undo)
        } catch {
            throw .store(error)
        }
        tree.apply(undo.oldValues, workers: workers)
        steps.append(Step(head: head, values: newValues))
        head = undo.parent ?? head
        return UndoneBlock(block: undo.block, parent: head, json: json)
    }
}

// MARK: Making blocks

extension ChainEngine {
    /// Finishes a block that was started on the present head, signs it and puts it on the chain, within the open write.
    ///
    /// It is executed once: what the builder's execution changed is what is stored, and no second execution is held against it. Everything
    /// else is: place, turn, limits, merkle root and signature are checked on the encoded block as on one of another node, which costs one
    /// recovery.
    /// - Parameter maySign: asked with the header's hash before it is signed. What it stores is part of the write.
    /// - Returns: nil when it may not be signed; nothing has changed then.
    /// - Throws: `ChainError`: `rejected` when the block would break a rule; `store` when the head moved since, or the store failed.
    public func append(
        _ builder: BlockBuilder, key: PrivateKey, now: Moment, maySign: (Hash32) throws(ChainError) -> Bool
    ) throws(ChainError) -> AppliedBlock? {
        try requireWrite()
        var builder = builder
        let changes = try changes(of: &builder)
        let root = tree.apply(changes.writes, workers: workers)
        do throws(ChainError) {
            if let block = try builder.seal(stateRoot: root, key: key, maySign: maySign), let header = block.header {
                let prepared = builder.prepare(block)
                if let fault = rules.fault(prepared, on: head, nowSeconds: now.unixSeconds) { throw .rejected(fault) }
                return try put(prepared, header, changes, stateRoot: root)
            }
        } catch {
            tree.apply(changes.oldValues, workers: workers)
            throw error
        }
        tree.apply(changes.oldValues, workers: workers)
        return nil
    }

    /// The root that the state would have after `changes`. The tree is as before afterwards.
    func stateRoot(after changes: BlockExecution.Changes) -> Hash32 {
        let root = tree.apply(changes.writes, workers: workers)
        tree.apply(changes.oldValues, workers: workers)
        return root
    }
}

extension ChainError {
    /// The error of what belongs to no single transaction.
    init(_ error: TransactionError) {
        switch error {
        case .rejected: self = .rejected(.producerBalanceTooLarge)
        case .store(let error): self = .store(error)
        }
    }
}
