public import Primitives

/// What a genesis lays down for all blocks after it: the rule set, who may produce, what a transaction costs.
///
/// `Genesis` makes it; it is a small value that can be copied to any thread.
public struct ChainRules: Hashable, Sendable {
    public let ruleSet: RuleSet
    /// The producers in their order, as the genesis spells them.
    public let authorities: [ByteString]
    /// What transactions cost, nil when nothing.
    ///
    /// Fees exist where the genesis has both a `token_config`, in which they are paid, and a `gas_config`, which says how
    /// much; a field that is empty there means the default. Without a `gas_config` the Go node takes no fees either, and
    /// without a token nobody could pay them. Strict rules charge fees in blocks; under reference rules they are never
    /// charged, but a sender who could not pay one is not admitted, as on the Go node.
    public let fees: FeeSchedule?

    private let indexes: [ByteString: Int]

    init(ruleSet: RuleSet, authorities: [ByteString], fees: FeeSchedule?) {
        self.ruleSet = ruleSet
        self.authorities = authorities
        self.fees = fees.flatMap { $0.isZero ? nil : $0 }
        indexes = Dictionary(authorities.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// Whether `producer` is an authority, spelled exactly so (`invalid.json`, "producer address lower-cased").
    public func isAuthority(_ producer: ByteString) -> Bool { indexes[producer] != nil }

    /// The authority's place in the order.
    public func index(of producer: ByteString) -> Int? { indexes[producer] }

    /// Whether `sender` may mint: it is an authority, in whatever case.
    public func mayMint(_ sender: Address) -> Bool { authorities.contains { sender.matches($0) } }

    /// The name under which the holder of `address` produces: the authority that names this address, in whatever spelling
    /// the reference takes for it.
    public func producerName(of address: Address) -> ByteString? { authorities.first { address.isNamed($0) } }
}

// MARK: Turns

extension ChainRules {
    /// The authority in turn at `height`: round robin (`ledger.md`, "Proof of authority").
    public func producerInTurn(height: UInt64) -> ByteString {
        authorities[Int(height % UInt64(authorities.count))]
    }

    /// How many places behind the one in turn the authority with this index stands at `height`: 0 when it is in turn.
    public func place(ofAuthority index: Int, height: UInt64) -> Int {
        let count = UInt64(authorities.count)
        return Int((UInt64(index) + count - height % count) % count)
    }

    /// The first second at which the authority that stands `place` behind the turn may sign on a parent of
    /// `parentTimestamp`: parent + (place + 1) · block time. Holds at `Int64.max` instead of overflowing.
    public func earliest(place: Int, after parentTimestamp: Int64, blockTimeSeconds: Int64) -> Int64 {
        let (wait, tooLong) = (Int64(clamping: place) &+ 1).multipliedReportingOverflow(by: blockTimeSeconds)
        let (time, overflow) = parentTimestamp.addingReportingOverflow(tooLong ? .max : wait)
        return overflow ? .max : time
    }

    /// What a block adds to the weight of its chain: 2 in turn, 1 out of turn.
    public func weight(producer: ByteString, height: UInt64) -> UInt64 {
        index(of: producer).map { place(ofAuthority: $0, height: height) } == 0 ? 2 : 1
    }
}

// MARK: Costs

extension ChainRules {
    /// What a transaction of `size` bytes costs, zero without fees.
    public func fee(size: Int) -> Amount { fees?.fee(size: size) ?? .zero }

    /// All that `transaction` can take from its sender's balance: what it transfers and, under strict rules, its fee.
    /// The mempool adds these up, so that no two pending transactions can only together not be paid.
    public func spending(of transaction: PreparedTransaction) -> Amount {
        let transferred = transaction.transaction.transferred
        return ruleSet.isStrict ? transferred + fee(size: transaction.size) : transferred
    }
}

extension Transaction {
    /// The sum of what it transfers.
    public var transferred: Amount {
        var sum = Amount.zero
        for case let operation? in data?.operations ?? [] where operation.type == .transfer {
            sum = sum + Amount(bigEndian: operation.value)
        }
        return sum
    }
}
