import Ledger
import Mempool
import Primitives
import Testing

@Suite struct AdmissionTests {
    @Test(arguments: [false, true]) func aSoundTransactionIsAdmitted(strict: Bool) throws {
        let chain = try TestChain(strict: strict, balances: [10])
        let transaction = chain.set(0, nonce: 7)
        #expect(try chain.admit(transaction) == nil)
        #expect(chain.pool.count == 1)
        #expect(chain.pool.byteCount == transaction.size)
        #expect(chain.pool.contains(transaction.hash))
        #expect(chain.pool.transaction(transaction.hash)?.hash == transaction.hash)
        #expect(chain.pool.transactions(of: chain.users[0].address).map(\.hash) == [transaction.hash])
        chain.pool.checkInvariants()
    }

    @Test func aKnownTransactionIsRejected() throws {
        let chain = try TestChain(strict: true, balances: [10])
        try chain.admit(chain.set(0, nonce: 7))
        let rejection = try chain.admit(chain.set(0, nonce: 7))
        #expect(rejection == .alreadyPending)
        #expect(rejection?.isPermanent == false)
    }

    @Test(arguments: [false, true]) func anIncludedTransactionIsRejected(strict: Bool) throws {
        let chain = try TestChain(strict: strict, balances: [10])
        let transaction = chain.set(0, nonce: 7)
        _ = try chain.produce([transaction])
        let rejection = try chain.admit(transaction)
        #expect(rejection == .ledger(.alreadyIncluded(transaction.hash)))
        #expect(rejection?.isPermanent == false)
    }

    @Test func aFormatFaultIsRejectedForGood() throws {
        let chain = try TestChain(strict: false, balances: [10])
        let rejection = try chain.admit(chain.set(0, nonce: 1, value: []))
        #expect(rejection == .ledger(.missingValue(operation: 0, type: .set)))
        #expect(rejection?.isPermanent == true)
    }

    @Test func anotherOnesSignatureIsRejectedForGood() throws {
        let chain = try TestChain(strict: false, balances: [10, 10])
        var forged = chain.set(0, nonce: 1).transaction
        forged.sign(with: chain.users[1])
        let rejection = try chain.admit(PreparedTransaction(forged))
        #expect(rejection?.name == "wrong_signer")
        #expect(rejection?.isPermanent == true)
    }

    @Test func aSignatureThatWasNotRecoveredYetIsRecoveredHere() throws {
        let chain = try TestChain(strict: false, balances: [10, 10])
        var forged = chain.set(0, nonce: 1).transaction
        forged.sign(with: chain.users[1])
        #expect(try chain.admit(PreparedTransaction(unverified: forged))?.name == "wrong_signer")
        #expect(try chain.admit(PreparedTransaction(unverified: chain.set(0, nonce: 1).transaction)) == nil)
    }

    @Test func anIdThatIsNotTheHashIsRejectedForGood() throws {
        let chain = try TestChain(strict: false, balances: [10])
        var transaction = chain.set(0, nonce: 1).transaction
        transaction.id = [UInt8](repeating: 7, count: 32)
        let rejection = try chain.admit(PreparedTransaction(transaction))
        #expect(rejection == .ledger(.wrongID))
        #expect(rejection?.isPermanent == true)
    }

    @Test func aTransactionOverTheLimitIsRejected() throws {
        let chain = try TestChain(strict: false, balances: [10])
        let transaction = chain.set(0, nonce: 1, value: [UInt8](repeating: 1, count: 1024 * 1024))
        #expect(try chain.admit(transaction) == .ledger(.tooLarge(bytes: transaction.size)))
    }

    @Test func aTransactionThatNoBlockHasRoomForIsRejected() throws {
        let chain = try TestChain(strict: false, balances: [10])
        // 786 000 bytes are 1 048 000 of base64: below the limit of a transaction, above what a block can give to one.
        let transaction = chain.set(0, nonce: 1, value: [UInt8](repeating: 1, count: 786_000))
        #expect(transaction.size <= Limits.maxTransactionBytes)
        let rejection = try chain.admit(transaction)
        #expect(rejection?.name == "too_large_for_block")
        #expect(rejection?.isPermanent == true)
    }

    @Test func aTransactionThatJustFitsABlockIsAdmittedAndMined() throws {
        let chain = try TestChain(strict: false, balances: [10])
        let room = SelectionLimits().maxBytes
        let empty = chain.set(0, nonce: 1, value: [1]).size
        let transaction = chain.set(0, nonce: 1, value: [UInt8](repeating: 1, count: (room - empty) / 4 * 3 + 1))
        #expect(transaction.size > room - 4)
        #expect(try chain.admit(transaction) == nil)
        #expect(try chain.produce(chain.pool.select()).refused.isEmpty)
        #expect(chain.engine.head.height == 1)
    }

    @Test(arguments: [false, true]) func onlyAuthoritiesMint(strict: Bool) throws {
        let chain = try TestChain(strict: strict, balances: [10])
        let rejection = try chain.admit(chain.mint(by: chain.users[0], nonce: 1, amount: [5]))
        #expect(rejection?.name == "mint_by_non_authority")
        #expect(rejection?.isPermanent == true)
        #expect(try chain.admit(chain.mint(by: chain.authority, nonce: 1, amount: [5])) == nil)
    }

    @Test(arguments: [false, true]) func nobodySetsOrDeletesABalance(strict: Bool) throws {
        let chain = try TestChain(strict: strict, balances: [10])
        for type in [OperationType.set, .delete] {
            let rejection = try chain.admit(
                chain.transaction(chain.users[0], nonce: 1, Operation(type: type, key: "balance:x", value: [1])))
            #expect(rejection?.name == "protected_key")
            #expect(rejection?.isPermanent == true)
        }
    }

    @Test func strictRulesRefuseAHighSignatureAndReferenceRulesDoNot() throws {
        for strict in [false, true] {
            let chain = try TestChain(strict: strict, balances: [10])
            var transaction = chain.set(0, nonce: 1).transaction
            transaction.signature = transaction.signature.map(highTwin)
            let rejection = try chain.admit(PreparedTransaction(transaction))
            #expect(rejection?.name == (strict ? "high_s_signature" : nil))
        }
    }

    @Test func underReferenceRulesAnyUnusedNonceGoes() throws {
        let chain = try TestChain(strict: false, balances: [10])
        _ = try chain.produce([chain.set(0, nonce: 1_700_000_000_000)])
        let rejection = try chain.admit(chain.set(0, nonce: 1_700_000_000_000, key: "other"))
        #expect(rejection == .ledger(.nonceUsed(1_700_000_000_000)))
        for nonce in [0, 5, 1_700_000_000_001, UInt64.max] {
            #expect(try chain.admit(chain.set(0, nonce: nonce)) == nil)
        }
    }

    @Test func underStrictRulesNoncesIncrease() throws {
        let chain = try TestChain(strict: true, balances: [10])
        _ = try chain.produce([chain.set(0, nonce: 5)])
        #expect(try chain.admit(chain.set(0, nonce: 4)) == .ledger(.nonceTooLow(nonce: 4, last: 5)))
        #expect(try chain.admit(chain.set(0, nonce: 5, key: "other")) == .ledger(.nonceTooLow(nonce: 5, last: 5)))
        #expect(try chain.admit(chain.set(0, nonce: 9)) == nil)
        #expect(try chain.admit(chain.set(0, nonce: 6)) == nil)
        #expect(chain.pool.transactions(of: chain.users[0].address).map(\.transaction.nonce) == [6, 9])
    }

    @Test(arguments: [false, true]) func twoTransactionsWithOneNonceDoNotWaitTogether(strict: Bool) throws {
        let chain = try TestChain(strict: strict, balances: [10, 10])
        try chain.admit(chain.set(0, nonce: 1))
        let rejection = try chain.admit(chain.set(0, nonce: 1, key: "other"))
        #expect(rejection == .noncePending(1))
        #expect(rejection?.isPermanent == false)
        #expect(try chain.admit(chain.set(1, nonce: 1)) == nil)
    }

    @Test(arguments: [false, true]) func aSenderMustBeAbleToPay(strict: Bool) throws {
        let chain = try TestChain(strict: strict, balances: [10, 0])
        #expect(try chain.admit(chain.transfer(0, nonce: 1, amount: 11, to: 1))?.isPermanent == false)
        #expect(try chain.admit(chain.transfer(0, nonce: 1, amount: 10, to: 1)) == nil)
    }

    @Test(arguments: [false, true]) func aSenderMustBeAbleToPayAllThatItHasPending(strict: Bool) throws {
        let chain = try TestChain(strict: strict, balances: [10, 0])
        try chain.admit(chain.transfer(0, nonce: 1, amount: 6, to: 1))
        let rejection = try chain.admit(chain.transfer(0, nonce: 2, amount: 5, to: 1))
        #expect(rejection == .cannotPayAll(balance: Amount(10), pending: Amount(6), needed: Amount(11)))
        #expect(rejection?.isPermanent == false)
        #expect(try chain.admit(chain.transfer(0, nonce: 2, amount: 4, to: 1)) == nil)
        #expect(try chain.admit(chain.set(0, nonce: 3)) == nil)
    }

    @Test(arguments: [false, true]) func whatOthersPayInMeanwhileDoesNotCount(strict: Bool) throws {
        let chain = try TestChain(strict: strict, balances: [10, 0])
        try chain.admit(chain.transfer(0, nonce: 1, amount: 10, to: 1))
        #expect(try chain.admit(chain.transfer(1, nonce: 1, amount: 1, to: 0))?.isPermanent == false)
    }

    @Test(arguments: [false, true]) func transfersToOneselfCountToo(strict: Bool) throws {
        let chain = try TestChain(strict: strict, balances: [10])
        try chain.admit(chain.transfer(0, nonce: 1, amount: 6, to: 0))
        #expect(try chain.admit(chain.transfer(0, nonce: 2, amount: 6, to: 0))?.name == "cannot_pay_all")
    }

    @Test func underStrictRulesFeesCountForEach() throws {
        let chain = try TestChain(strict: true, balances: [1000, 5], hasFees: true)
        let fee = UInt64(chain.set(0, nonce: 1).size) + TestChain.baseFee
        #expect(try chain.admit(chain.set(1, nonce: 1))?.name == "cannot_pay_fee")
        var admitted: UInt64 = 0
        while try chain.admit(chain.set(0, nonce: admitted)) == nil { admitted += 1 }
        #expect(admitted == 1000 / fee)
        #expect(try chain.refusedOfAll().isEmpty)
    }

    @Test func underReferenceRulesAFeeMustBePayableButIsTakenFromNobody() throws {
        let chain = try TestChain(strict: false, balances: [1000, 5], hasFees: true)
        let fee = UInt64(chain.transfer(0, nonce: 1, amount: 100).size) + TestChain.baseFee
        #expect(try chain.admit(chain.set(1, nonce: 1))?.name == "cannot_pay_fee")
        for nonce in 0..<5 as Range<UInt64> { #expect(try chain.admit(chain.set(0, nonce: nonce)) == nil) }
        #expect(try chain.admit(chain.transfer(0, nonce: 5, amount: 1000 - fee + 1))?.isPermanent == false)
        #expect(try chain.admit(chain.transfer(0, nonce: 5, amount: 100)) == nil)
        #expect(try chain.admit(chain.transfer(0, nonce: 6, amount: 1000 - fee - 100 + 1))?.name == "cannot_pay_all")
        #expect(try chain.admit(chain.transfer(0, nonce: 6, amount: 1000 - fee - 100)) == nil)
        #expect(try chain.refusedOfAll().isEmpty)
    }

    @Test func amountsThatNoBalanceHoldsAreRefusedWithoutAddingThemUp() throws {
        let chain = try TestChain(strict: false, balances: [10])
        let huge = Operation(
            type: .transfer, key: StateKeys.balance(of: chain.users[0].address), value: [UInt8](repeating: 255, count: 300_000))
        let small = Operation(type: .transfer, key: huge.key, value: [1])
        let transaction = PreparedTransaction(
            Transaction(
                operations: [huge] + [Operation](repeating: small, count: 5000), timestamp: 1, nonce: 1, key: chain.users[0]))
        #expect(try chain.admit(transaction) == .ledger(.insufficientBalance(operation: 0)))
    }

    @Test func aFailingStoreLeavesThePoolAsItWas() throws {
        struct Broken: LedgerReading, Error {
            func stateValue(_ key: ByteString) throws -> [UInt8]? { throw self }
            func hasTransaction(id: Hash32) throws -> Bool { throw self }
            func isNonceUsed(sender: Address, nonce: UInt64) throws -> Bool { throw self }
            func lastNonce(sender: Address) throws -> UInt64? { throw self }
        }
        let chain = try TestChain(strict: true, balances: [10])
        try chain.admit(chain.set(0, nonce: 1))
        #expect(throws: Broken.self) {
            try chain.pool.admit(chain.set(0, nonce: 2), on: Broken(), now: 0)
        }
        #expect(chain.pool.count == 1)
        chain.pool.checkInvariants()
    }

    @Test func everyRejectionHasItsOwnNameAndASentence() {
        let rejections: [MempoolRejection] = [
            .alreadyPending, .noncePending(1), .cannotPayAll(balance: .zero, pending: .zero, needed: .zero), .senderLimit(1),
            .full, .tooLargeForBlock(bytes: 2, max: 1), .ledger(.noSender), .ledger(.wrongID), .ledger(.nonceUsed(1)),
            .ledger(.signature(.missing)), .ledger(.signature(.highS)), .ledger(.blockIsFull), .ledger(.feeDoesNotFit),
        ]
        #expect(Set(rejections.map(\.name)).count == rejections.count)
        for rejection in rejections {
            #expect(rejection.name.allSatisfy { $0.isLowercase || $0 == "_" })
            #expect(rejection.description.contains(" "))
        }
    }
}

/// The other signature of the same hash: n − s, and the recovery id's low bit turned.
func highTwin(_ signature: [UInt8]) -> [UInt8] {
    let order: [UInt8] = [
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe,
        0xba, 0xae, 0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41,
    ]
    let s = Amount(bigEndian: order).subtracting(Amount(bigEndian: Array(signature[32..<64]))) ?? .zero
    return signature[..<32] + [UInt8](repeating: 0, count: 32 - s.bytes.count) + s.bytes + [signature[64] ^ 1]
}
