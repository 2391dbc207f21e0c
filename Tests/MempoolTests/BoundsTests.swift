import Ledger
import Mempool
import Primitives
import Testing

@Suite struct BoundsTests {
    func limits(transactions: Int) -> MempoolLimits {
        var limits = MempoolLimits()
        limits.maxTransactions = transactions
        return limits
    }

    @Test func theSeedsBoundIsTheDefault() {
        #expect(MempoolLimits().maxTransactions == 10_000)
        #expect(MempoolLimits().maxChargeBytes == 20_480_000)
    }

    @Test(arguments: [false, true]) func aSenderMayHaveAllThatNobodyElseWants(strict: Bool) throws {
        let chain = try TestChain(strict: strict, balances: [0, 0], limits: limits(transactions: 6))
        for nonce in 0..<6 as Range<UInt64> { #expect(try chain.admit(chain.set(0, nonce: nonce)) == nil) }
        let rejection = try chain.admit(chain.set(0, nonce: 6))
        #expect(rejection == .senderLimit(6))
        #expect(rejection?.isPermanent == false)
        chain.pool.checkInvariants()
    }

    @Test func whoFilledThePoolGivesWayUntilTheOtherHasAsMuch() throws {
        let chain = try TestChain(strict: true, balances: [0, 0], limits: limits(transactions: 6))
        for nonce in 0..<6 as Range<UInt64> { try chain.admit(chain.set(0, nonce: nonce)) }
        for nonce in 0..<3 as Range<UInt64> { #expect(try chain.admit(chain.set(1, nonce: nonce)) == nil) }
        #expect(try chain.admit(chain.set(1, nonce: 3)) == .senderLimit(3))
        #expect(try chain.admit(chain.set(0, nonce: 6)) == .senderLimit(3))
        for user in 0..<2 { #expect(chain.pool.transactions(of: chain.users[user].address).map(\.transaction.nonce) == [0, 1, 2]) }
        chain.pool.checkInvariants()
    }

    @Test func aFullPoolTakesTheHighestNonceOfWhoeverHasMost() throws {
        let chain = try TestChain(strict: true, balances: [0, 0, 0], limits: limits(transactions: 5))
        for nonce in 0..<4 as Range<UInt64> { try chain.admit(chain.set(0, nonce: nonce)) }
        try chain.admit(chain.set(1, nonce: 0))
        #expect(try chain.evictions(admitting: chain.set(2, nonce: 0)) == [chain.set(0, nonce: 3).hash])
        #expect(chain.pool.count == 5)
        chain.pool.checkInvariants()
    }

    @Test func aSenderDoesNotPushOutOthersThatHaveAsMuchAsItWouldHave() throws {
        let chain = try TestChain(strict: true, balances: [0, 0, 0], limits: limits(transactions: 5))
        for nonce in 0..<3 as Range<UInt64> { try chain.admit(chain.set(0, nonce: nonce)) }
        for nonce in 0..<2 as Range<UInt64> { try chain.admit(chain.set(1, nonce: nonce)) }
        #expect(try chain.admit(chain.set(0, nonce: 9)) == .senderLimit(3))
        #expect(try chain.admit(chain.set(1, nonce: 9)) == .senderLimit(2))
        #expect(try chain.admit(chain.set(2, nonce: 0)) == nil)
        #expect(try chain.admit(chain.set(2, nonce: 1)) == .senderLimit(1))
        #expect(chain.pool.transactions(of: chain.users[1].address).count == 2)
    }

    @Test func aFloodOfOneSenderLeavesTheOthersAlone() throws {
        let chain = try TestChain(strict: true, balances: Array(repeating: 0, count: 6), limits: limits(transactions: 20))
        for user in 1..<6 { try chain.admit(chain.set(user, nonce: 0)) }
        for nonce in 0..<200 as Range<UInt64> { try chain.admit(chain.set(0, nonce: nonce)) }
        for user in 1..<6 {
            #expect(try chain.admit(chain.set(user, nonce: 1)) == nil)
            #expect(chain.pool.transactions(of: chain.users[user].address).count == 2)
        }
        #expect(chain.pool.count == 20)
    }

    @Test func aFullPoolOfSendersWithOneEachRefusesStrangers() throws {
        let chain = try TestChain(strict: true, balances: Array(repeating: 0, count: 6), limits: limits(transactions: 5))
        for user in 0..<5 { try chain.admit(chain.set(user, nonce: 0)) }
        let rejection = try chain.admit(chain.set(5, nonce: 0))
        #expect(rejection == .full)
        #expect(rejection?.isPermanent == false)
    }

    @Test func largeTransactionsCountTheirBytes() throws {
        // Room for 100 · 2048 = 204 800 bytes.
        let chain = try TestChain(strict: true, balances: [0, 0], limits: limits(transactions: 100))
        let large = [UInt8](repeating: 1, count: 40_000)  // 53 600 bytes of JSON
        for nonce in 0..<3 as Range<UInt64> { #expect(try chain.admit(chain.set(0, nonce: nonce, value: large)) == nil) }
        #expect(try chain.admit(chain.set(0, nonce: 3, value: large)) == .senderLimit(3))
        // A small sender gets in, at the cost of the large one.
        for nonce in 0..<40 as Range<UInt64> { #expect(try chain.admit(chain.set(1, nonce: nonce)) == nil) }
        #expect(chain.pool.transactions(of: chain.users[0].address).count == 2)
        chain.pool.checkInvariants()
    }

    @Test func roomThatCannotBeMadeCostsNobodyAnything() throws {
        let chain = try TestChain(strict: true, balances: [0, 0, 0], limits: limits(transactions: 40))
        for nonce in 0..<22 as Range<UInt64> { try chain.admit(chain.set(0, nonce: nonce)) }
        for nonce in 0..<18 as Range<UInt64> { try chain.admit(chain.set(1, nonce: nonce)) }
        let before = chain.pool.oldest(100).map(\.hash)
        // 20 · 2048 bytes: the first sender could give only until it holds as little as the newcomer would.
        #expect(try chain.admit(chain.set(2, nonce: 0, value: [UInt8](repeating: 1, count: 30_500))) == .full)
        #expect(chain.pool.oldest(100).map(\.hash) == before)
        chain.pool.checkInvariants()
    }

    @Test func whatWaitedTooLongExpires() throws {
        var limits = MempoolLimits()
        limits.lifetime = .seconds(60)
        let chain = try TestChain(strict: true, balances: [0, 0], limits: limits)
        #expect(chain.pool.nextDeadline == nil)
        try chain.admit(chain.set(0, nonce: 0), at: .seconds(10))
        try chain.admit(chain.set(1, nonce: 0), at: .seconds(30))
        #expect(chain.pool.nextDeadline == .seconds(70))
        #expect(chain.pool.tick(.seconds(70) - 1).isEmpty)
        #expect(chain.pool.tick(.seconds(70)) == [MempoolRemoval(hash: chain.set(0, nonce: 0).hash, reason: .expired)])
        #expect(chain.pool.nextDeadline == .seconds(90))
        #expect(chain.pool.tick(.seconds(3600)).count == 1)
        #expect(chain.pool.count == 0 && chain.pool.byteCount == 0)
        chain.pool.checkInvariants()
    }

    @Test func theOrderOfAdmissionStaysBoundedWhileTransactionsComeAndGo() throws {
        let chain = try TestChain(strict: false, balances: [0], limits: limits(transactions: 50))
        for nonce in 0..<400 as Range<UInt64> {
            let transaction = chain.set(0, nonce: nonce)
            try chain.admit(transaction)
            _ = chain.pool.remove(refused: [(transaction.hash, .insufficientBalance(operation: 0))])
            chain.pool.checkInvariants()
        }
        #expect(chain.pool.count == 0)
    }

    @Test func whatOnlyFoundTheBlockFullStays() throws {
        let chain = try TestChain(strict: false, balances: [0])
        let transaction = chain.set(0, nonce: 1)
        try chain.admit(transaction)
        #expect(chain.pool.remove(refused: [(transaction.hash, .blockIsFull)]).isEmpty)
        #expect(chain.pool.contains(transaction.hash))
    }
}
