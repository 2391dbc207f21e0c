import Primitives
import TestKit
import Testing

@testable import Ledger

@Suite struct BlockBuilderTests {
    /// What refuses `transaction` at the end of a block that holds `before`.
    private func refusal(
        _ transaction: Transaction, after before: [Transaction] = [], on chain: SmallChain
    ) throws -> TransactionRejection? {
        var builder = try chain.engine.blockBuilder(timestamp: chain.nextTime, producer: chain.producer.address)
        for transaction in before { try builder.add(PreparedTransaction(transaction)) }
        do throws(TransactionError) {
            try builder.add(PreparedTransaction(transaction))
            return nil
        } catch {
            if case .rejected(let rejection) = error { return rejection }
            throw error
        }
    }

    /// Builds a block of what goes, applies it, and says what did not go.
    @discardableResult
    private func produce(
        _ transactions: [Transaction], on chain: SmallChain
    ) throws -> [(index: Int, reason: TransactionRejection)] {
        let (block, refused) = try chain.engine.buildBlock(
            transactions: transactions.map { PreparedTransaction($0) }, timestamp: chain.nextTime, key: chain.producer)
        try chain.engine.add(block)
        return refused
    }

    @Test(arguments: [true, false])
    func whatIsBuiltIsValidAndHoldsTheExpectedSize(strict: Bool) throws {
        let chain = try SmallChain(strict: strict)
        var builder = try chain.engine.blockBuilder(timestamp: chain.nextTime, producer: chain.producer.address)
        for nonce in 1...9 {
            try builder.add(
                PreparedTransaction(chain.transfer(UInt64(nonce), to: chain.users[1], by: chain.users[0], nonce: UInt64(nonce))))
        }
        let block = try chain.engine.finish(builder, key: chain.producer)
        #expect(builder.count == 9 && block.json.count == builder.size)
        #expect(block.header?.version == 1)
        try chain.engine.add(block)
        #expect(try chain.balance(chain.users[1]) == Amount(SmallChain.funds + 45))
    }

    @Test(arguments: [true, false])
    func anEmptyBlockIsValid(strict: Bool) throws {
        let chain = try SmallChain(strict: strict)
        #expect(try produce([], on: chain).isEmpty)
        #expect(chain.engine.head.height == 1)
    }

    @Test func onlyAnAuthorityInItsTurnMayBuild() throws {
        let chain = try SmallChain()
        let engine = chain.engine
        #expect(throws: BlockRejection.notAnAuthority(chain.users[0].address.checksummed)) {
            _ = try engine.blockBuilder(timestamp: chain.nextTime, producer: chain.users[0].address)
        }
        #expect(throws: BlockRejection.self) {
            _ = try engine.blockBuilder(timestamp: chain.nextTime - 1, producer: chain.producer.address)
        }
        #expect(throws: BlockRejection.self) {
            _ = try engine.blockBuilder(timestamp: chain.nextTime, producer: chain.authority(place: 1).address)
        }
        let reference = try SmallChain(strict: false)
        _ = try reference.engine.blockBuilder(timestamp: SmallChain.start + 1, producer: reference.authority(place: 1).address)
        #expect(throws: BlockRejection.notAfterParent(timestamp: SmallChain.start, parent: SmallChain.start)) {
            _ = try reference.engine.blockBuilder(timestamp: SmallChain.start, producer: reference.producer.address)
        }
    }

    // MARK: What a node refuses to make under both rule sets

    @Test(arguments: [true, false])
    func anIncludedTransactionIsNotTakenAgain(strict: Bool) throws {
        let chain = try SmallChain(strict: strict)
        let transaction = chain.set("a", by: chain.users[0])
        #expect(try refusal(transaction, after: [transaction], on: chain) == .alreadyIncluded(transaction.hash))
        try produce([transaction], on: chain)
        #expect(try refusal(transaction, on: chain) == .alreadyIncluded(transaction.hash))
    }

    @Test(arguments: [true, false])
    func anIDMustBeTheHash(strict: Bool) throws {
        let chain = try SmallChain(strict: strict)
        let wrong = chain.transaction(Operation(type: .delete, key: "k"), by: chain.users[0]) { $0.id = [1, 2, 3] }
        #expect(try refusal(wrong, on: chain) == .wrongID)
    }

    @Test(arguments: [true, false])
    func onlyAuthoritiesMint(strict: Bool) throws {
        let chain = try SmallChain(strict: strict)
        let mint = chain.mint(Amount(1), to: chain.users[0], by: chain.users[0])
        #expect(try refusal(mint, on: chain) == .mintByNonAuthority(mint.from))
    }

    @Test(arguments: [true, false])
    func balancesAreNotWrittenByHand(strict: Bool) throws {
        let chain = try SmallChain(strict: strict)
        let key = StateKeys.balance(of: chain.users[1].address)
        let delete = chain.transaction(Operation(type: .delete, key: key), by: chain.users[0])
        #expect(try refusal(delete, on: chain) == .protectedKey(operation: 0, key: key))
    }

    @Test(arguments: [true, false])
    func noPairIsTakenThatOnlyTogetherCannotPay(strict: Bool) throws {
        let chain = try SmallChain(strict: strict)
        let half = SmallChain.funds / 2
        let first = chain.transfer(half, to: chain.users[1], by: chain.users[0], nonce: 1)
        let second = chain.transfer(half + 1, to: chain.users[2], by: chain.users[0], nonce: 2)
        #expect(try refusal(first, on: chain) == nil)
        #expect(try refusal(second, on: chain) == nil)
        let refused = try #require(try refusal(second, after: [first], on: chain))
        #expect(!refused.isPermanent)
    }

    @Test(arguments: [true, false])
    func aSenderWithoutTheFeeIsRefused(strict: Bool) throws {
        let chain = try SmallChain(strict: strict, balances: [0: "100"])
        let transaction = chain.set("a", by: chain.users[0])
        #expect(
            try refusal(transaction, on: chain)
                == .cannotPayFee(balance: Amount(100), fee: chain.fee(transaction)))
    }

    @Test func underReferenceRulesAFeeIsAskedForAndNotTaken() throws {
        let chain = try SmallChain(strict: false)
        try produce([chain.set("a", by: chain.users[0])], on: chain)
        #expect(try chain.balance(chain.users[0]) == Amount(SmallChain.funds))
    }

    @Test func underReferenceRulesAnyUnusedNonceGoes() throws {
        let chain = try SmallChain(strict: false)
        let user = chain.users[0]
        try produce([chain.set("a", by: user, nonce: 1_704_556_800_123)], on: chain)
        #expect(try refusal(chain.set("b", by: user, nonce: 3), on: chain) == nil)
        #expect(try refusal(chain.set("b", by: user, nonce: 1_704_556_800_123), on: chain) == .nonceUsed(1_704_556_800_123))
        let first = chain.set("c", by: user, nonce: 8)
        #expect(try refusal(chain.set("d", by: user, nonce: 8), after: [first], on: chain) == .nonceUsed(8))
    }

    // MARK: Limits

    @Test func aBlockTakesAThousandTransactionsAndNoMore() throws {
        let chain = try SmallChain(hasFees: false)
        var builder = try chain.engine.blockBuilder(timestamp: chain.nextTime, producer: chain.producer.address)
        for nonce in 0..<1000 {
            try builder.add(PreparedTransaction(chain.set("k", by: chain.users[0], nonce: UInt64(nonce))))
        }
        let more = PreparedTransaction(chain.set("k", by: chain.users[0], nonce: 1000))
        do throws(TransactionError) {
            try builder.add(more)
            Issue.record("1001 transactions were taken")
        } catch {
            guard case .rejected(.blockIsFull) = error else { throw error }
        }
        try chain.engine.add(chain.engine.finish(builder, key: chain.producer))
    }

    @Test func aBlockTakesOneMebibyteAndNoMore() throws {
        let chain = try SmallChain(hasFees: false)
        func transaction(bytes: Int, nonce: UInt64) -> Transaction {
            let value = [UInt8](repeating: 0, count: bytes)
            return chain.transaction(Operation(type: .set, key: "k", value: value), by: chain.users[0], nonce: nonce)
        }
        let empty = try chain.engine.blockBuilder(timestamp: chain.nextTime, producer: chain.producer.address).size
        let envelope = transaction(bytes: 3, nonce: 1).json.count - 4
        // base64 comes in steps of 4: the largest value with which the block still fits.
        let room = (Limits.maxBlockBytes - empty - envelope) / 4 * 3
        #expect(try refusal(transaction(bytes: room, nonce: 1), on: chain) == nil)
        #expect(try refusal(transaction(bytes: room + 1, nonce: 1), on: chain) == .blockIsFull)
        try produce([transaction(bytes: room, nonce: 1)], on: chain)
        #expect(chain.engine.head.height == 1)
    }

    @Test func aTransactionOfMoreThanOneMebibyteIsNotAdmitted() throws {
        let chain = try SmallChain(hasFees: false)
        let value = [UInt8](repeating: 0, count: Limits.maxValueBytes)
        let transaction = PreparedTransaction(
            chain.transaction(Operation(type: .set, key: "k", value: value), by: chain.users[0]))
        #expect(transaction.fault == nil)
        #expect(chain.engine.rules.admissionFault(transaction) == .tooLarge(bytes: transaction.size))
    }

    // MARK: Failing leaves no trace

    @Test func aRefusedTransactionLeavesTheBuilderAsItWas() throws {
        let chain = try SmallChain()
        let (user, other) = (chain.users[0], chain.users[1])
        let halfway = Transaction(
            operations: [
                Operation(type: .set, key: "x", value: [1]),
                Operation(type: .transfer, key: StateKeys.balance(of: other.address), value: [1]),
                Operation(type: .transfer, key: StateKeys.balance(of: other.address), value: [UInt8](repeating: 255, count: 20)),
            ], timestamp: 0, nonce: 5, key: user)
        let refused = try produce([chain.set("a", by: user), halfway, chain.set("b", by: user, nonce: 2)], on: chain)
        #expect(refused.map(\.index) == [1])
        #expect(refused.first?.reason == .insufficientBalance(operation: 2))
        #expect(try chain.engine.store.stateValue("x") == nil)
        #expect(try chain.balance(other) == Amount(SmallChain.funds))
        #expect(try chain.engine.store.lastNonce(sender: user.address) == 2)
    }

    @Test func buildingDoesNotChangeTheChain() throws {
        let chain = try SmallChain()
        let before = (chain.engine.head, try chain.engine.store.entries())
        _ = try chain.engine.buildBlock(
            transactions: [PreparedTransaction(chain.set("a", by: chain.users[0]))], timestamp: chain.nextTime,
            key: chain.producer)
        #expect(chain.engine.head == before.0)
        #expect(try chain.engine.store.entries().elementsEqual(before.1, by: ==))
        try produce([chain.set("b", by: chain.users[0])], on: chain)
    }

    @Test func aBuilderOfAnOldHeadCannotFinish() throws {
        let chain = try SmallChain()
        let builder = try chain.engine.blockBuilder(timestamp: chain.nextTime, producer: chain.producer.address)
        let key = chain.producer
        try produce([], on: chain)
        #expect(throws: ChainError.self) { try chain.engine.finish(builder, key: key) }
    }

    /// Random transactions, sound and not: whatever the builder makes of them is a block that applies.
    @Test(arguments: [true, false])
    func everyBlockThatIsBuiltApplies(strict: Bool) throws {
        var random = SplitMix64(seed: randomSeed("builder, strict \(strict)"))
        let chain = try SmallChain(strict: strict, balances: [100: "50000000", 2: "20000"])
        let keys = chain.users + chain.authorities
        var taken = 0
        for _ in 0..<12 {
            let transactions = (0..<25).map { _ in
                PreparedTransaction(random.transaction(by: keys, nonce: UInt64.random(in: 0...60, using: &random)))
            }
            let (block, refused) = try chain.engine.buildBlock(
                transactions: transactions, timestamp: chain.nextTime, key: chain.producer)
            taken += transactions.count - refused.count
            #expect(try chain.engine.rejection(of: PreparedBlock.prepare(block.json)) == nil)
        }
        #expect(taken > 0)
        #expect(StateTree(try chain.engine.store.entries()).root == chain.engine.head.stateRoot)
    }
}

extension SplitMix64 {
    /// A transaction of one to three random operations.
    mutating func transaction(by keys: [PrivateKey], nonce: UInt64) -> Transaction {
        let operations = (0..<Int.random(in: 1...3, using: &self)).map { _ in
            let receiver = keys[Int.random(in: 0..<keys.count, using: &self)].address
            let amount = Amount(UInt64.random(in: 0...20_000_000, using: &self)).bytes
            return switch Int.random(in: 0..<8, using: &self) {
            case 0: Operation(type: .delete, key: ByteString("k\(next() % 9)"))
            case 1: Operation(type: .mint, key: StateKeys.balance(of: receiver), value: amount)
            case 2: Operation(type: .transfer, key: ByteString("balance:x\(next() % 3)"), value: amount)
            case 3, 4: Operation(type: .transfer, key: StateKeys.balance(of: receiver), value: amount)
            case 5: Operation(type: .set, key: StateKeys.balance(of: receiver), value: [1])
            default: Operation(type: .set, key: ByteString("k\(next() % 9)"), value: [UInt8(next() % 250) + 1])
            }
        }
        return Transaction(
            operations: operations, timestamp: 0, nonce: nonce, key: keys[Int.random(in: 0..<keys.count, using: &self)])
    }
}
