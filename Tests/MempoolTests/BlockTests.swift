import Ledger
import Mempool
import Primitives
import Testing

@Suite struct BlockTests {
    func reasons(_ removals: [MempoolRemoval]) -> [Hash32: MempoolRemoval.Reason] {
        Dictionary(uniqueKeysWithValues: removals.map { ($0.hash, $0.reason) })
    }

    @Test(arguments: [false, true]) func whatABlockHoldsLeaves(strict: Bool) throws {
        let chain = try TestChain(strict: strict, balances: [0, 0])
        for user in 0..<2 { try chain.admit(chain.set(user, nonce: 1)) }
        let block = try chain.produce([chain.set(0, nonce: 1)]).block
        let removals = try chain.pool.blockApplied(block, on: chain.engine.store)
        #expect(removals == [MempoolRemoval(hash: chain.set(0, nonce: 1).hash, reason: .included)])
        #expect(chain.pool.oldest(9).map(\.sender) == [chain.users[1].address])
        chain.pool.checkInvariants()
    }

    @Test func underReferenceRulesABlockTakesTheNoncesThatItUses() throws {
        let chain = try TestChain(strict: false, balances: [0])
        for nonce in [1, 2, 3] as [UInt64] { try chain.admit(chain.set(0, nonce: nonce)) }
        let block = try chain.produce([chain.set(0, nonce: 2, key: "other")]).block
        let removals = try chain.pool.blockApplied(block, on: chain.engine.store)
        #expect(reasons(removals) == [chain.set(0, nonce: 2).hash: .nonceTaken])
        #expect(try chain.refusedOfAll().isEmpty)
    }

    @Test func underStrictRulesABlockTakesTheNoncesBelowToo() throws {
        let chain = try TestChain(strict: true, balances: [0])
        for nonce in [1, 2, 3] as [UInt64] { try chain.admit(chain.set(0, nonce: nonce)) }
        let block = try chain.produce([chain.set(0, nonce: 2, key: "other")]).block
        let removals = try chain.pool.blockApplied(block, on: chain.engine.store)
        #expect(reasons(removals) == [chain.set(0, nonce: 1).hash: .nonceTaken, chain.set(0, nonce: 2).hash: .nonceTaken])
        #expect(chain.pool.oldest(9).map(\.transaction.nonce) == [3])
        #expect(try chain.refusedOfAll().isEmpty)
    }

    @Test(arguments: [false, true]) func whatASenderCannotPayAnyMoreLeavesFromItsHighestNonce(strict: Bool) throws {
        let chain = try TestChain(strict: strict, balances: [10, 0])
        for nonce in [2, 3, 4] as [UInt64] { try chain.admit(chain.transfer(0, nonce: nonce, amount: 3, to: 1)) }
        let block = try chain.produce([chain.transfer(0, nonce: 1, amount: 5, to: 1)]).block
        let removals = try chain.pool.blockApplied(block, on: chain.engine.store)
        #expect(removals.map(\.reason) == [.cannotPay, .cannotPay])
        #expect(chain.pool.oldest(9).map(\.transaction.nonce) == [2])
        #expect(try chain.refusedOfAll().isEmpty)
        chain.pool.checkInvariants()
    }

    @Test func aBalanceThatAForeignBlockSetsCountsToo() throws {
        let chain = try TestChain(strict: false, balances: [10, 10])
        for user in 0..<2 { try chain.admit(chain.transfer(user, nonce: 1, amount: 5, to: 1)) }
        let attack = chain.transaction(
            chain.users[1], nonce: 9, Operation(type: .set, key: StateKeys.balance(of: chain.users[0].address), value: [1]))
        let block = try chain.applyForeign([attack.transaction])
        let removals = try chain.pool.blockApplied(block, on: chain.engine.store)
        #expect(reasons(removals) == [chain.transfer(0, nonce: 1, amount: 5, to: 1).hash: .cannotPay])
        #expect(try chain.refusedOfAll().isEmpty)
    }

    @Test func aTransactionWhoseHashAForeignBlockClaimsLeaves() throws {
        let chain = try TestChain(strict: false, balances: [0, 0])
        let pending = chain.set(0, nonce: 1)
        try chain.admit(pending)
        var liar = chain.set(1, nonce: 1).transaction
        liar.id = pending.hash.bytes
        let block = try chain.applyForeign([liar])
        #expect(try chain.pool.blockApplied(block, on: chain.engine.store).map(\.hash) == [pending.hash])
        #expect(try chain.admit(pending) == .ledger(.alreadyIncluded(pending.hash)))
    }

    @Test(arguments: [false, true]) func anUndoneBlocksTransactionsWaitAgain(strict: Bool) throws {
        let chain = try TestChain(strict: strict, balances: [10, 0])
        let sent = [chain.set(0, nonce: 1), chain.transfer(0, nonce: 2, amount: 5, to: 1), chain.set(1, nonce: 1)]
        for transaction in sent { try chain.admit(transaction) }
        let block = try chain.produce(chain.pool.select()).block
        _ = try chain.pool.blockApplied(block, on: chain.engine.store)
        #expect(chain.pool.count == 0)
        let changes = try chain.pool.blockUndone(chain.undo(), on: chain.engine.store, now: 0)
        #expect(changes.removals.isEmpty)
        #expect(changes.admissions == block.transactions.compactMap { $0?.hash }, "in the order in which the block had them")
        #expect(Set(chain.pool.oldest(9).map(\.hash)) == Set(sent.map(\.hash)))
        #expect(try chain.refusedOfAll().isEmpty)
        chain.pool.checkInvariants()
    }

    @Test(arguments: [false, true]) func aReturningTransactionComesBeforeWhatWasSentAfterIt(strict: Bool) throws {
        let chain = try TestChain(strict: strict, balances: [10, 0])
        // Sent when the balance was 4, so that both together need 9 of the 10 that it is again.
        _ = try chain.produce([chain.transfer(0, nonce: 1, amount: 6, to: 1)])
        try chain.admit(chain.transfer(0, nonce: 2, amount: 3, to: 1))
        try chain.admit(chain.transfer(0, nonce: 3, amount: 1, to: 1))
        let changes = try chain.pool.blockUndone(chain.undo(), on: chain.engine.store, now: 0)
        #expect(changes.removals.isEmpty)
        #expect(chain.pool.transactions(of: chain.users[0].address).map(\.transaction.nonce) == [1, 2, 3])
        #expect(try chain.refusedOfAll().isEmpty)
    }

    @Test(arguments: [false, true]) func whatWasPaidWithUndoneMoneyLeaves(strict: Bool) throws {
        let chain = try TestChain(strict: strict, balances: [10, 0])
        _ = try chain.produce([chain.transfer(0, nonce: 1, amount: 6, to: 1)])
        try chain.admit(chain.transfer(1, nonce: 1, amount: 6, to: 0))
        let changes = try chain.pool.blockUndone(chain.undo(), on: chain.engine.store, now: 0)
        #expect(changes.removals == [MempoolRemoval(hash: chain.transfer(1, nonce: 1, amount: 6, to: 0).hash, reason: .cannotPay)])
        #expect(chain.pool.transactions(of: chain.users[0].address).count == 1)
        #expect(try chain.refusedOfAll().isEmpty)
    }

    @Test func whatThisNodeDoesNotAdmitDoesNotReturnFromAForeignBlock() throws {
        let chain = try TestChain(strict: false, balances: [10, 10])
        var liar = chain.set(1, nonce: 1).transaction
        liar.id = [1, 2, 3]
        let attack = chain.transaction(
            chain.users[1], nonce: 9, Operation(type: .set, key: StateKeys.balance(of: chain.users[0].address), value: [1]))
        let sound = chain.set(0, nonce: 1)
        _ = try chain.applyForeign([liar, attack.transaction, sound.transaction])
        _ = try chain.pool.blockUndone(chain.undo(), on: chain.engine.store, now: 0)
        #expect(chain.pool.oldest(9).map(\.hash) == [sound.hash])
    }

    @Test func ofTwoTransactionsWithOneNonceInAForeignBlockTheFirstReturns() throws {
        let chain = try TestChain(strict: false, balances: [10])
        let first = chain.set(0, nonce: 1)
        _ = try chain.applyForeign([first.transaction, chain.set(0, nonce: 1, key: "other").transaction])
        _ = try chain.pool.blockUndone(chain.undo(), on: chain.engine.store, now: 0)
        #expect(chain.pool.oldest(9).map(\.hash) == [first.hash])
        chain.pool.checkInvariants()
    }

    @Test func aReturnToAPoolThatItsSenderFillsTakesTheHighestNonces() throws {
        var limits = MempoolLimits()
        limits.maxTransactions = 2
        let chain = try TestChain(strict: true, balances: [0], limits: limits)
        _ = try chain.produce([chain.set(0, nonce: 1)])
        for nonce in [2, 3] as [UInt64] { try chain.admit(chain.set(0, nonce: nonce)) }
        let changes = try chain.pool.blockUndone(chain.undo(), on: chain.engine.store, now: 0)
        #expect(changes.removals == [MempoolRemoval(hash: chain.set(0, nonce: 3).hash, reason: .evicted)])
        guard case .removed = changes.first else {
            Issue.record("what makes room is told before what comes: \(changes)")
            return
        }
        #expect(chain.pool.transactions(of: chain.users[0].address).map(\.transaction.nonce) == [1, 2])
        chain.pool.checkInvariants()
    }
}

@Suite struct KnownSenderTests {
    @Test func theVerySignatureThatWasVerifiedIsKnown() throws {
        let chain = try TestChain(strict: false, balances: [0])
        let transaction = chain.set(0, nonce: 1)
        try chain.admit(transaction)
        let signature = try #require(transaction.transaction.signature)
        #expect(chain.pool.knownSender(hash: transaction.hash, signature: signature) == chain.users[0].address)
    }

    @Test func anotherSignatureOfTheSameHashIsNot() throws {
        let chain = try TestChain(strict: false, balances: [0, 0])
        let transaction = chain.set(0, nonce: 1)
        try chain.admit(transaction)
        let signature = try #require(transaction.transaction.signature)
        let others = [
            chain.users[1].sign(transaction.hash).bytes, highTwin(signature), [], Array(signature.dropLast()), signature + [0],
            [signature[0] ^ 1] + signature.dropFirst(),
        ]
        for other in others { #expect(chain.pool.knownSender(hash: transaction.hash, signature: other) == nil) }
    }

    @Test func aTransactionThatLeftIsNotKnown() throws {
        let chain = try TestChain(strict: false, balances: [0])
        let transaction = chain.set(0, nonce: 1)
        let signature = try #require(transaction.transaction.signature)
        #expect(chain.pool.knownSender(hash: transaction.hash, signature: signature) == nil)
        try chain.admit(transaction)
        _ = try chain.pool.blockApplied(chain.produce([transaction]).block, on: chain.engine.store)
        #expect(chain.pool.knownSender(hash: transaction.hash, signature: signature) == nil)
    }

    @Test func aBlockThatPairsAKnownTransactionWithAnotherSignatureIsStillRefused() throws {
        let chain = try TestChain(strict: false, balances: [0, 0])
        let transaction = chain.set(0, nonce: 1)
        try chain.admit(transaction)
        var forged = transaction.transaction
        forged.signature = chain.users[1].sign(transaction.hash).bytes
        var prepared = PreparedTransaction(unverified: forged)
        prepared.verify { chain.pool.knownSender(hash: $0, signature: $1) }
        #expect(prepared.fault != nil)
    }
}
