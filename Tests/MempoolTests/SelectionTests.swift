import Ledger
import Mempool
import Primitives
import Testing

@Suite struct SelectionTests {
    @Test func sendersTakeTurnsAndKeepTheOrderOfTheirNonces() throws {
        let chain = try TestChain(strict: true, balances: [0, 0, 0])
        for nonce in [5, 3, 4] as [UInt64] { try chain.admit(chain.set(0, nonce: nonce)) }
        for nonce in [9, 2] as [UInt64] { try chain.admit(chain.set(1, nonce: nonce)) }
        try chain.admit(chain.set(2, nonce: 1))
        #expect(chain.pool.select().map(\.transaction.nonce) == [3, 2, 1, 4, 9, 5])
    }

    @Test func oneSendersFloodDoesNotFillTheBlock() throws {
        let chain = try TestChain(strict: true, balances: [0, 0, 0])
        for nonce in 0..<50 as Range<UInt64> { try chain.admit(chain.set(0, nonce: nonce)) }
        try chain.admit(chain.set(1, nonce: 0))
        try chain.admit(chain.set(2, nonce: 0))
        let selected = chain.pool.select(SelectionLimits(maxTransactions: 5))
        #expect(selected.map(\.sender) == [0, 1, 2, 0, 0].map { chain.users[$0].address })
    }

    @Test func theOldestComesFirst() throws {
        let chain = try TestChain(strict: true, balances: [0, 0, 0])
        for user in [2, 0, 1] { try chain.admit(chain.set(user, nonce: 0)) }
        #expect(chain.pool.select(SelectionLimits(maxTransactions: 2)).map(\.sender) == [2, 0].map { chain.users[$0].address })
    }

    @Test func bytesAreBoundedWithTheCommas() throws {
        let chain = try TestChain(strict: true, balances: [0, 0, 0])
        for user in 0..<3 { try chain.admit(chain.set(user, nonce: 0)) }
        let sizes = chain.pool.oldest(3).map(\.size)
        #expect(chain.pool.select(SelectionLimits(maxBytes: sizes[0] + sizes[1] + 1)).count == 2)
        #expect(chain.pool.select(SelectionLimits(maxBytes: sizes[0] + sizes[1])).count == 1)
        #expect(chain.pool.select(SelectionLimits(maxBytes: 0)).isEmpty)
        #expect(chain.pool.select(SelectionLimits(maxTransactions: 0)).isEmpty)
    }

    @Test func noNonceOvertakesALowerOneThatDoesNotFit() throws {
        let chain = try TestChain(strict: true, balances: [0, 0])
        try chain.admit(chain.set(0, nonce: 0, value: [UInt8](repeating: 1, count: 3000)))
        try chain.admit(chain.set(0, nonce: 1))
        try chain.admit(chain.set(1, nonce: 7))
        let selected = chain.pool.select(SelectionLimits(maxBytes: 2000))
        #expect(selected.map(\.transaction.nonce) == [7])
    }

    @Test func aBlockOfAFullSelectionIsWithinTheLedgersLimits() throws {
        let chain = try TestChain(strict: true, balances: Array(repeating: 0, count: 20))
        for nonce in 0..<40 as Range<UInt64> {
            for user in 0..<20 { try chain.admit(chain.set(user, nonce: nonce, value: [UInt8](repeating: 7, count: 1500))) }
        }
        let selected = chain.pool.select()
        let (block, refused) = try chain.produce(selected)
        #expect(refused.isEmpty)
        #expect(block.json.count <= Limits.maxBlockBytes)
        #expect(block.json.count > Limits.maxBlockBytes - 2 * SelectionLimits.blockOverheadBytes - 2500)
    }

    @Test func theReservedOverheadCoversAnEmptyBlock() throws {
        let chain = try TestChain(strict: true, balances: [])
        let builder = try chain.engine.blockBuilder(
            timestamp: TestChain.genesisSeconds + 1, producer: chain.authority.address)
        // The longest numbers are 20 digits where this block's have 1 to 10.
        #expect(builder.size + 4 * 20 <= SelectionLimits.blockOverheadBytes)
    }

    @Test func selectingChangesNothing() throws {
        let chain = try TestChain(strict: true, balances: [0])
        try chain.admit(chain.set(0, nonce: 0))
        #expect(chain.pool.select().map(\.hash) == chain.pool.select().map(\.hash))
        #expect(chain.pool.count == 1)
    }
}
