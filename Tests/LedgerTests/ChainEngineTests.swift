import Primitives
import TestKit
import Testing

@testable import Ledger

@Suite struct ChainEngineTests {
    private struct DiskFull: Error {}

    @Test func aStoreIsOpenedAgainWhereItWas() throws {
        let store = MemoryChainStore()
        let first = try SmallChain(store: store)
        #expect(try first.rejection([first.set("a", by: first.users[0])]) == nil)
        let second = try SmallChain(store: store)
        #expect(second.engine.head == first.engine.head && second.engine.head.height == 1)
        #expect(second.engine.stateKeyCount == first.engine.stateKeyCount)
        #expect(try second.rejection([second.set("b", by: second.users[0], nonce: 2)]) == nil)
    }

    @Test func theStoreOfAnotherGenesisIsRefused() throws {
        let store = MemoryChainStore()
        _ = try SmallChain(strict: true, store: store)
        let other = try Fixture.genesis()
        do throws(ChainOpenError) {
            _ = try ChainEngine(genesis: other, store: store)
            Issue.record("another chain's store was opened")
        } catch {
            guard case .otherGenesis = error else { throw error }
        }
    }

    @Test func aStoreWhoseStateWasChangedIsRefused() throws {
        let store = MemoryChainStore()
        let chain = try SmallChain(store: store)
        var head = chain.engine.head
        head.height = 1
        head.hash = SHA256.hash([1])
        try store.begin()
        try store.append(
            BlockRecord(
                head: head, json: [], writes: [StateWrite(key: "chain:name", value: [1])], transactions: [],
                undo: UndoRecord(block: head, parent: chain.engine.head, oldValues: [], transactions: [], nonces: [])))
        try store.commit()
        do throws(ChainOpenError) {
            _ = try ChainEngine(genesis: chain.engine.genesis, store: store)
            Issue.record("a damaged store was opened")
        } catch {
            guard case .damaged(height: 1, _, _) = error else { throw error }
        }
    }

    @Test func anAbortedWriteLeavesEngineAndStoreAsTheyWere() throws {
        let chain = try SmallChain()
        #expect(try chain.rejection([chain.set("a", by: chain.users[0])]) == nil)
        let (head, entries) = (chain.engine.head, try chain.engine.store.entries())
        try chain.engine.begin()
        try chain.engine.undoHead()
        for nonce in 1...3 {
            let block = try chain.engine.sealed(
                [chain.set("b", by: chain.users[0], nonce: UInt64(nonce))], key: chain.producer, timestamp: chain.nextTime)
            try chain.engine.apply(PreparedBlock.prepare(block.json), now: Fixture.now)
        }
        #expect(chain.engine.head.height == 3)
        chain.engine.abort()
        #expect(chain.engine.head == head)
        #expect(try chain.engine.store.entries().elementsEqual(entries, by: ==))
        // The tree went back with them: its root is what the next block builds on.
        #expect(try chain.rejection([chain.set("c", by: chain.users[0], nonce: 2)]) == nil)
        #expect(StateTree(try chain.engine.store.entries()).root == chain.engine.head.stateRoot)
    }

    @Test func aFailedCommitLeavesEngineAndStoreAsTheyWere() throws {
        let store = MemoryChainStore()
        let chain = try SmallChain(store: store)
        let head = chain.engine.head
        let block = try chain.engine.sealed([chain.set("a", by: chain.users[0])], key: chain.producer, timestamp: chain.nextTime)
        let prepared = try PreparedBlock.prepare(block.json)
        try chain.engine.begin()
        try chain.engine.apply(prepared, now: Fixture.now)
        store.failNextCommit = DiskFull()
        #expect(throws: ChainError.self) { try chain.engine.commit() }
        #expect(chain.engine.head == head && store.head() == head)
        #expect(try chain.engine.rejection(of: prepared) == nil)
    }

    @Test func aRefusedBlockLeavesTheWriteOpenForTheNext() throws {
        let chain = try SmallChain()
        let good = try chain.engine.sealed([chain.set("a", by: chain.users[0])], key: chain.producer, timestamp: chain.nextTime)
        let bad = try chain.engine.sealed(
            [chain.set("b", by: chain.users[0])], key: chain.producer, timestamp: chain.nextTime
        ) { $0.stateRoot?[0] ^= 1 }
        try chain.engine.begin()
        #expect(throws: ChainError.self) { try chain.engine.apply(PreparedBlock.prepare(bad.json), now: Fixture.now) }
        try chain.engine.apply(PreparedBlock.prepare(good.json), now: Fixture.now)
        try chain.engine.commit()
        #expect(chain.engine.head.height == 1)
        #expect(try chain.engine.store.stateValue("b") == nil)
    }

    @Test func nothingIsAppliedOutsideAWrite() throws {
        let chain = try SmallChain()
        let block = try PreparedBlock.prepare(try chain.engine.sealed([], key: chain.producer, timestamp: chain.nextTime).json)
        #expect(throws: ChainError.self) { try chain.engine.apply(block, now: Fixture.now) }
        #expect(throws: ChainError.self) { try chain.engine.undoHead() }
        #expect(throws: ChainError.self) { try chain.engine.commit() }
        chain.engine.abort()
        #expect(chain.engine.head.height == 0)
    }

    @Test func signaturesThatAreNotRecoveredYetAreRecoveredInApply() throws {
        let chain = try SmallChain()
        var forged = chain.set("a", by: chain.users[0])
        forged.signature = chain.set("b", by: chain.users[0]).signature
        let block = try chain.engine.sealed([forged], key: chain.producer, timestamp: chain.nextTime)
        guard
            case .transaction(0, .signature(.wrongSigner))? = try chain.engine.rejection(
                of: PreparedBlock(unverified: block.json))
        else {
            Issue.record("a forged signature went through")
            return
        }
    }

    @Test func aKnownSenderSavesTheRecoveryAndNothingElse() throws {
        let chain = try SmallChain()
        let transaction = chain.set("a", by: chain.users[0])
        let block = try chain.engine.sealed([transaction], key: chain.producer, timestamp: chain.nextTime)
        var asked: [Hash32] = []
        let prepared = try PreparedBlock.prepare(
            block.json,
            knownSender: { hash, signature in
                asked.append(hash)
                return signature == transaction.signature ? chain.users[0].address : nil
            })
        #expect(asked == [transaction.hash])
        #expect(try chain.engine.rejection(of: prepared) == nil)

        // A wrong memory does not make a stranger's transaction valid.
        let wrong = try PreparedBlock.prepare(block.json, knownSender: { _, _ in chain.users[1].address })
        #expect(wrong.transactions.first??.fault != nil)
    }

    @Test func aStrangersBlockCostsOneRecovery() throws {
        let chain = try SmallChain()
        let block = try chain.engine.sealed([chain.set("a", by: chain.users[0])], key: chain.users[1], timestamp: chain.nextTime)
        let rules = chain.engine.rules
        let prepared = try PreparedBlock.prepare(
            block.json, isAuthority: { rules.isAuthority($0) },
            knownSender: { _, _ in
                Issue.record("a transaction of a stranger's block was looked at")
                return nil
            })
        #expect(prepared.transactions.first??.signer == .unknown)
        #expect(try chain.engine.rejection(of: prepared) == .notAnAuthority(chain.users[1].address.checksummed))
    }

    @Test func transactionsVerifiedElsewhereCanBePutBack() throws {
        let chain = try SmallChain()
        let block = try chain.engine.sealed(
            [chain.set("a", by: chain.users[0]), chain.set("b", by: chain.users[1])], key: chain.producer,
            timestamp: chain.nextTime)
        var prepared = try PreparedBlock(unverified: block.json)
        prepared.verifyProducer()
        for index in prepared.transactions.indices {
            var transaction = try #require(prepared.transactions[index])
            transaction.verify()
            prepared.install(transaction, at: index)
            #expect(prepared.transactions[index]?.signer == .address(chain.users[index].address))
        }
        // One that is not the block's own stays out.
        prepared.install(PreparedTransaction(chain.set("c", by: chain.users[2])), at: 0)
        #expect(prepared.transactions[0]?.signer == .address(chain.users[0].address))
        #expect(try chain.engine.rejection(of: prepared) == nil)
    }

    /// The Go node's `NormalizeAddress`: an authority that the genesis spells oddly signs its blocks all the same.
    @Test(arguments: ["", " ", "\t0x", "0X"])
    func anAuthorityMayBeSpeltWithoutItsPrefix(prefix: String) throws {
        let key = try Fixture.key(100)
        let name = ByteString(prefix + key.address.checksummed.text.dropFirst(2) + (prefix == " " ? "\n" : ""))
        let genesis = try Genesis(GenesisConfiguration(timestamp: 1, authorities: [name]))
        let engine = try ChainEngine(genesis: genesis, store: MemoryChainStore())
        let block = try engine.buildBlock(transactions: [], timestamp: 2, key: key).block
        #expect(block.header?.producer == name)
        try engine.add(block)
        #expect(engine.head.height == 1)
    }

    @Test func weightsCountTwoInTurnAndOneOutOfTurn() throws {
        let engine = try Fixture.engine(height: 130)
        var expected: UInt64 = 0
        for json in Fixture.chain.dropFirst() {
            let header = try HeaderPeek.read(json).header
            let isInTurn = engine.rules.authorities[Int(header.height % 3)] == header.producer
            expected += isInTurn ? 2 : 1
        }
        #expect(engine.head.totalWeight == expected)
    }

    /// The chain of `genesis.json` has fees configured, and the Go node charged none.
    @Test func referenceRulesChargeNoFees() throws {
        let engine = try Fixture.engine(height: 130)
        #expect(engine.rules.fees == .standard && engine.rules.ruleSet == .reference)
    }
}
