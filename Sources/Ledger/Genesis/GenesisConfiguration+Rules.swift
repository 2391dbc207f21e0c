internal import Primitives

// Which rules a genesis asks for, and what strict ones ask of it.

extension GenesisConfiguration {
    /// The rule set that `initial_state` names: `chain:rules` decides, `chain:block_time` belongs to strict rules.
    func ruleSet() throws(GenesisError) -> RuleSet {
        guard let name = initialState[StateKeys.rules] else { return .reference }
        guard name == RuleSet.strictName else { throw .unknownRules(name) }
        let text = initialState[StateKeys.blockTime]
        guard let text, let seconds = RuleSet.seconds(text) else { throw .invalidBlockTime(text) }
        return .strict(blockTimeSeconds: seconds)
    }

    /// What strict rules find wrong in addition.
    func strictFault() -> GenesisError? {
        if authorities.count > Limits.maxStrictAuthorities { return .tooManyAuthorities(authorities.count) }
        var seen: Set<Address> = []
        for authority in authorities {
            guard let address = Address(authority), seen.insert(address).inserted else {
                return .invalidAuthority(authority)
            }
        }
        var balances: [Address: Amount] = [:]
        for (text, amount) in sortedBalances {
            guard let address = Address(text) else { return .invalidBalanceAddress(text) }
            guard let amount = SignedDecimal(amount), !amount.isNegative else { return .balanceTooLarge(text) }
            let sum = balances[address, default: .zero] + amount.magnitude
            guard sum.fitsBalance else { return .balanceTooLarge(text) }
            balances[address] = sum
        }
        return nil
    }
}

extension RuleSet {
    /// The seconds of a block time: a duration as Go writes it (`5s`, `1m30s`, `1h`), in whole seconds, at least one
    /// and at most `Limits.maxBlockTimeSeconds`; nil for anything else.
    static func seconds(_ text: ByteString) -> Int64? {
        var total: Int64 = 0
        var number: Int64?
        var units: [UInt8: Int64] = [UInt8(ascii: "h"): 3600, UInt8(ascii: "m"): 60, UInt8(ascii: "s"): 1]
        for byte in text.bytes {
            if (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
                let next = (number ?? 0) * 10 + Int64(byte - UInt8(ascii: "0"))
                guard next <= Limits.maxBlockTimeSeconds else { return nil }
                number = next
            } else {
                // Each unit once, the longer ones first.
                guard let count = number, let unit = units[byte] else { return nil }
                units = units.filter { $0.value < unit }
                total += count * unit
                number = nil
            }
        }
        guard number == nil, (1...Limits.maxBlockTimeSeconds).contains(total) else { return nil }
        return total
    }
}
