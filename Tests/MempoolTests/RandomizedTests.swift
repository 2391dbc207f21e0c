import Ledger
import Mempool
import Primitives
import Testing

/// Random admissions, blocks of our own and of others, reorganisations and expiries. After each step the indexes agree,
/// and the ledger itself takes everything that waits, in two orders.
@Suite struct RandomizedTests {
    static let users = 5

    @Test(arguments: [false, true]) func thePoolHoldsOnlyWhatBlocksCanTake(strict: Bool) throws {
        var limits = MempoolLimits()
        limits.maxTransactions = 24
        limits.lifetime = .seconds(60)
        var reasons: Set<String> = []
        for seed in 1...3 as ClosedRange<UInt64> {
            var run = try Run(strict: strict, seed: seed, limits: limits)
            for step in 0..<250 {
                try run.step()
                run.chain.pool.checkInvariants()
                #expect(Set(run.chain.pool.oldest(.max).map(\.hash)) == run.told, "seed \(seed), step \(step): \(run.last)")
                let refused = try run.chain.refusedOfAll()
                #expect(refused.isEmpty, "strict \(strict), seed \(seed), step \(step): \(run.last)")
                if !refused.isEmpty { return }
            }
            #expect(run.admitted > 40 && run.blocks > 15 && run.undone > 5, "seed \(seed) must exercise what it tests")
            reasons.formUnion(run.reasons)
        }
        #expect(reasons == ["included", "evicted", "nonceTaken", "cannotPay", "expired"])
    }

    struct Run {
        let chain: TestChain
        let strict: Bool
        var random: SplitMix64
        var now: Nanoseconds = 0
        var last = ""
        var admitted = 0
        var blocks = 0
        var undone = 0
        var reasons: Set<String> = []
        /// What a copy would hold that is kept by what the pool says of its changes.
        var told: Set<Hash32> = []

        init(strict: Bool, seed: UInt64, limits: MempoolLimits) throws {
            self.strict = strict
            random = SplitMix64(seed: seed)
            chain = try TestChain(
                strict: strict, balances: Array(repeating: 40_000, count: RandomizedTests.users), hasFees: true, limits: limits)
        }

        mutating func step() throws {
            now += .seconds(Int64.random(in: 0...2, using: &random))
            switch Int.random(in: 0..<100, using: &random) {
            case 0..<70: try admit()
            case 70..<80: try produceOwn()
            case 80..<88: try produceForeign()
            case 88..<95: try undo()
            default:
                last = "tick"
                note(chain.pool.tick(now))
            }
        }

        private mutating func randomTransaction() -> PreparedTransaction {
            let user = Int.random(in: 0..<RandomizedTests.users, using: &random)
            let nonce = UInt64.random(in: 0..<60, using: &random) + chain.engine.head.height * 4
            let receiver = Int.random(in: 0..<RandomizedTests.users, using: &random)
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<5: return chain.transfer(user, nonce: nonce, amount: UInt64.random(in: 1...9000, using: &random), to: receiver)
            case 5:
                let count = Int.random(in: 1...6000, using: &random)
                return chain.set(user, nonce: nonce, value: [UInt8](repeating: 1, count: count))
            case 6: return chain.mint(by: chain.authority, nonce: nonce, amount: [1, 0], to: receiver)
            case 7: return chain.mint(by: chain.users[user], nonce: nonce, amount: [1], to: receiver)
            default: return chain.set(user, nonce: nonce, key: ByteString("k\(receiver)"))
            }
        }

        private mutating func admit() throws {
            let transaction = randomTransaction()
            last = "admit \(transaction.transaction)"
            if case .admitted(let evicted) = try chain.pool.admit(transaction, on: chain.engine.store, now: now) {
                admitted += 1
                note(evicted)
                told.insert(transaction.hash)
            }
        }

        private mutating func produceOwn() throws {
            last = "own block"
            let selected = chain.pool.select(SelectionLimits(maxTransactions: Int.random(in: 0...12, using: &random)))
            let (block, refused) = try chain.produce(selected)
            #expect(refused.isEmpty, "a block takes all that was selected")
            blocks += 1
            note(try chain.pool.blockApplied(block, on: chain.engine.store))
        }

        /// A block with what this pool has not seen, some of it what a node here would not make.
        private mutating func produceForeign() throws {
            blocks += 1
            var transactions = (0..<Int.random(in: 1...6, using: &random)).map { _ in randomTransaction() }
            if strict || Bool.random(using: &random) {
                last = "block of others"
                note(try chain.pool.blockApplied(chain.produce(transactions).block, on: chain.engine.store))
                return
            }
            last = "foreign block"
            let victim = chain.users[Int.random(in: 0..<RandomizedTests.users, using: &random)]
            let amount = Amount(UInt64.random(in: 1...30_000, using: &random)).bytes
            transactions = transactions.filter { $0.transaction.data?.operations?.first??.type == .set }
            transactions.append(
                chain.transaction(
                    chain.users[0], nonce: 3, Operation(type: .set, key: StateKeys.balance(of: victim.address), value: amount)))
            let pending = chain.pool.oldest(2)
            if let replayed = pending.first, replayed.transaction.data?.operations?.first??.type == .set {
                transactions.append(replayed)
            }
            note(try chain.pool.blockApplied(chain.applyForeign(transactions.map(\.transaction)), on: chain.engine.store))
        }

        private mutating func undo() throws {
            last = "undo"
            for _ in 0..<Int.random(in: 1...3, using: &random) where chain.engine.head.height > 0 {
                undone += 1
                let changes = try chain.pool.blockUndone(chain.undo(), on: chain.engine.store, now: now)
                told.formUnion(changes.admissions)
                note(changes.removals)
            }
        }

        private mutating func note(_ removals: [MempoolRemoval]) {
            for removal in removals {
                reasons.insert("\(removal.reason)")
                told.remove(removal.hash)
                #expect(!chain.pool.contains(removal.hash))
            }
        }
    }

    @Test func hostileTransactionsNeitherTrapNorSlipIn() throws {
        let chain = try TestChain(strict: true, balances: [1000, 1000])
        var random = SplitMix64(seed: 0xF022)
        let seeds = [
            chain.set(0, nonce: 1), chain.transfer(0, nonce: 2, amount: 5, to: 1), chain.mint(by: chain.authority, nonce: 1, amount: [9]),
        ].map { $0.transaction.json }
        var admitted = 0
        for _ in 0..<3000 {
            var json = seeds[Int.random(in: 0..<seeds.count, using: &random)]
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let place = Int.random(in: 0..<json.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: json[place] = UInt8.random(in: 0...255, using: &random)
                case 1: json.remove(at: place)
                default: json.insert(UInt8.random(in: 32...126, using: &random), at: place)
                }
            }
            guard let prepared = try? PreparedTransaction(decoding: json) else { continue }
            if try chain.admit(prepared) == nil { admitted += 1 }
        }
        chain.pool.checkInvariants()
        // What got in has lost nothing but what is not signed and not read: unknown keys, white space, the id's spelling.
        #expect(chain.pool.oldest(9).allSatisfy { seeds.contains($0.transaction.json) })
        #expect(admitted <= seeds.count)
        #expect(try chain.refusedOfAll().isEmpty)
    }
}
