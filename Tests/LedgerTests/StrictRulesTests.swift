import Primitives
import TestKit
import Testing

@testable import Ledger

/// One test a rule of `ledger.md`, "Two rule sets", `strict`.
@Suite struct StrictRulesTests {
    @Test func aSoundBlockIsApplied() throws {
        let chain = try SmallChain()
        let transactions = [
            chain.set("a", by: chain.users[0]), chain.transfer(5, to: chain.users[1], by: chain.users[0], nonce: 7),
            chain.mint(Amount(9), to: chain.users[2], by: chain.authorities[1]),
        ]
        // An authority pays its fees too.
        #expect(try chain.rejection([chain.transfer(50_000, to: chain.authorities[1], by: chain.users[0])]) == nil)
        #expect(try chain.rejection(Array(transactions[1...])) == nil)
        #expect(chain.engine.head.height == 2)
    }

    // MARK: Turns

    @Test(arguments: 0...2)
    func theNextInLineMaySignOneBlockTimeLater(place: Int) throws {
        let chain = try SmallChain()
        let key = chain.authority(place: place)
        let earliest = SmallChain.start + Int64(place + 1) * SmallChain.blockTime
        let early = try chain.engine.sealed([], key: key, timestamp: earliest - 1)
        #expect(
            try chain.engine.rejection(of: PreparedBlock.prepare(early.json))
                == .tooEarly(producer: key.address.checksummed, timestamp: earliest - 1, earliest: earliest))
        let inTime = try chain.engine.sealed([], key: key, timestamp: earliest)
        #expect(try chain.engine.rejection(of: PreparedBlock.prepare(inTime.json)) == nil)
        #expect(chain.engine.head.totalWeight == (place == 0 ? 2 : 1))
    }

    @Test func anAuthorityMaySignLongAfterItsTurn() throws {
        let chain = try SmallChain()
        let block = try chain.engine.sealed([], key: chain.authority(place: 0), timestamp: SmallChain.start + 1_000_000)
        #expect(try chain.engine.rejection(of: PreparedBlock.prepare(block.json)) == nil)
    }

    @Test func turnsDoNotOverflowAtTheEndsOfTime() throws {
        let rules = try SmallChain().engine.rules
        #expect(rules.earliest(place: 2, after: .max - 3, blockTimeSeconds: 86_400) == .max)
        #expect(rules.earliest(place: .max, after: .min, blockTimeSeconds: 86_400) == -1)
        #expect(rules.place(ofAuthority: 0, height: .max) == 0)
        #expect(rules.place(ofAuthority: 1, height: 2) == 2)
        #expect(rules.producerInTurn(height: .max) == rules.authorities[0])
    }

    // MARK: Signatures and ids

    @Test func anIDThatIsNotTheHashIsRefused() throws {
        let chain = try SmallChain()
        let wrong = chain.transaction(Operation(type: .delete, key: "k"), by: chain.users[0]) { $0.id = [1] }
        #expect(try chain.rejection([wrong]) == .transaction(index: 0, .wrongID))
    }

    @Test func aTransactionWithHighSIsRefused() throws {
        let chain = try SmallChain()
        let high = chain.set("a", by: chain.users[0]).withHighS
        #expect(PreparedTransaction(high).fault == nil)
        #expect(try chain.rejection([high]) == .transaction(index: 0, .signature(.highS)))
        #expect(try chain.rejection([chain.set("a", by: chain.users[0])]) == nil)
    }

    @Test func aBlockWithHighSIsRefused() throws {
        let chain = try SmallChain()
        var block = try chain.engine.sealed([], key: chain.producer, timestamp: chain.nextTime)
        block.signature = Transaction(signature: block.signature).withHighS.signature
        let prepared = try PreparedBlock.prepare(block.json)
        #expect(prepared.signatureFault == nil)
        #expect(try chain.engine.rejection(of: prepared) == .signature(.highS))
    }

    // MARK: Order and repetition

    @Test func noncesIncreaseFromBlockToBlock() throws {
        let chain = try SmallChain()
        let user = chain.users[0]
        #expect(try chain.rejection([chain.set("a", by: user, nonce: 10)]) == nil)
        for nonce in [UInt64(0), 9, 10] {
            let fault = TransactionRejection.nonceTooLow(nonce: nonce, last: 10)
            #expect(try chain.rejection([chain.set("b", by: user, nonce: nonce)]) == .transaction(index: 0, fault))
        }
        #expect(try chain.rejection([chain.set("b", by: user, nonce: .max)]) == nil)
    }

    @Test func noncesIncreaseWithinABlock() throws {
        let chain = try SmallChain()
        let user = chain.users[0]
        let fault = TransactionRejection.nonceTooLow(nonce: 4, last: 5)
        #expect(
            try chain.rejection([chain.set("a", by: user, nonce: 5), chain.set("b", by: user, nonce: 4)])
                == .transaction(index: 1, fault))
        #expect(
            try chain.rejection([
                chain.set("a", by: user, nonce: 4), chain.set("c", by: chain.users[1], nonce: 1),
                chain.set("b", by: user, nonce: 5),
            ]) == nil)
    }

    @Test func noTransactionComesTwice() throws {
        let chain = try SmallChain()
        let transaction = chain.set("a", by: chain.users[0])
        #expect(
            try chain.rejection([transaction, transaction])
                == .transaction(index: 1, .alreadyIncluded(transaction.hash)))
        #expect(try chain.rejection([transaction]) == nil)
        #expect(try chain.rejection([transaction]) == .transaction(index: 0, .alreadyIncluded(transaction.hash)))
    }

    // MARK: Balances and fees

    @Test func feesGoFromTheSenderToTheProducer() throws {
        let chain = try SmallChain()
        let transaction = chain.set("a", by: chain.users[0])
        let (fee, producer) = (chain.fee(transaction), chain.producer)
        #expect(fee == Amount(1000 + 10 * UInt64(transaction.json.count)))
        #expect(try chain.rejection([transaction]) == nil)
        #expect(try chain.balance(chain.users[0]) == Amount(SmallChain.funds).subtracting(fee))
        #expect(try chain.balance(producer) == fee)
    }

    @Test func aSenderWhoCannotPayTheFeeIsRefused() throws {
        let chain = try SmallChain(balances: [0: "1500"])
        let transaction = chain.set("a", by: chain.users[0])
        let fault = TransactionRejection.cannotPayFee(balance: Amount(1500), fee: chain.fee(transaction))
        #expect(try chain.rejection([transaction]) == .transaction(index: 0, fault))
    }

    @Test func whatTheFeeTakesCannotBeTransferred() throws {
        let chain = try SmallChain(balances: [0: "5000"])
        let probe = chain.transfer(1, to: chain.users[1], by: chain.users[0])
        let rest = try #require(Amount(5000).subtracting(chain.fee(probe))?.uint64)
        // One byte of amount and two have the same length in base64, so the fee is the same.
        let tooMuch = chain.transfer(rest + 1, to: chain.users[1], by: chain.users[0])
        #expect(tooMuch.json.count == probe.json.count)
        #expect(try chain.rejection([tooMuch]) == .transaction(index: 0, .insufficientBalance(operation: 0)))
        #expect(try chain.rejection([chain.transfer(rest, to: chain.users[1], by: chain.users[0])]) == nil)
        #expect(try chain.balance(chain.users[0]).isZero)
    }

    @Test func withoutAGasConfigurationNothingIsCharged() throws {
        let chain = try SmallChain(hasFees: false)
        #expect(chain.engine.rules.fees == nil)
        #expect(try chain.rejection([chain.set("a", by: chain.authorities[2])]) == nil)
    }

    @Test func onlyAuthoritiesMint() throws {
        let chain = try SmallChain()
        let mint = chain.mint(Amount(1), to: chain.users[0], by: chain.users[0])
        #expect(try chain.rejection([mint]) == .transaction(index: 0, .mintByNonAuthority(mint.from)))
    }

    @Test(arguments: [OperationType.set, .delete])
    func balancesAreNotWrittenByHand(type: OperationType) throws {
        let chain = try SmallChain()
        let key = StateKeys.balance(of: chain.users[1].address)
        let operation = Operation(type: type, key: key, value: type == .set ? [9] : [])
        let fault = TransactionRejection.protectedKey(operation: 0, key: key)
        #expect(try chain.rejection([chain.transaction(operation, by: chain.users[0])]) == .transaction(index: 0, fault))
    }

    @Test func aBalanceHasAtMostThirtyTwoBytes() throws {
        let chain = try SmallChain(balances: [100: "1000000"])
        let full = Amount(bigEndian: [UInt8](repeating: 0xff, count: 32))
        let authority = chain.authorities[0]
        #expect(
            try chain.rejection([chain.mint(full, to: chain.users[0], by: authority)])
                == .transaction(index: 0, .balanceTooLarge(operation: 0)))
        let room = try #require(full.subtracting(Amount(SmallChain.funds)))
        #expect(try chain.rejection([chain.mint(room, to: chain.users[0], by: authority)]) == nil)
        #expect(try chain.balance(chain.users[0]) == full)
    }

    @Test func feesThatTheProducerCannotHoldAreRefused() throws {
        let full = "115792089237316195423570985008687907853269984665640564039457584007913129639935"
        let chain = try SmallChain(balances: [100: full])
        // Height 3 is the turn of the authority with the full balance.
        for _ in 0..<2 { #expect(try chain.rejection([]) == nil) }
        #expect(chain.producer.address == chain.authorities[0].address)
        #expect(try chain.rejection([chain.set("a", by: chain.users[0])]) == .producerBalanceTooLarge)
        // With a transfer of its own behind it in the block there is room at the end.
        let spend = chain.transfer(1_000_000, to: chain.users[1], by: chain.authorities[0])
        #expect(try chain.rejection([chain.set("a", by: chain.users[0]), spend]) == nil)
    }

    // MARK: The reference's rules hold too

    @Test func aHeaderMayNotNameAnAuthorityInOtherCase() throws {
        let chain = try SmallChain()
        let lower = chain.producer.address.lowercased
        let block = try chain.engine.sealed([], key: chain.producer, timestamp: chain.nextTime) { $0.producer = lower }
        #expect(try chain.engine.rejection(of: PreparedBlock.prepare(block.json)) == .notAnAuthority(lower))
    }

    @Test func aNilTransactionIsAnError() throws {
        let chain = try SmallChain()
        #expect(try chain.rejection([chain.set("a", by: chain.users[0]), nil]) == .nilTransaction(index: 1))
    }

    @Test func aNilOperationIsAnError() throws {
        let chain = try SmallChain()
        let transaction = chain.transaction(Operation(type: .delete, key: "k"), by: chain.users[0]) {
            $0.data?.operations = [nil]
            $0.sign(with: chain.users[0])
        }
        #expect(try chain.rejection([transaction]) == .transaction(index: 0, .nilOperation(operation: 0)))
    }

    @Test func aTransferToOneselfChangesNothing() throws {
        let chain = try SmallChain(hasFees: false)
        #expect(try chain.rejection([chain.transfer(7, to: chain.users[0], by: chain.users[0])]) == nil)
        #expect(try chain.balance(chain.users[0]) == Amount(SmallChain.funds))
    }
}
