internal import Primitives

// What a genesis fixes and its block's hash does not: docs/protocol.md, "The rules' hash", has the encoding for other languages.

extension Genesis {
    static func rulesHash(_ rules: ChainRules, _ token: TokenConfiguration?) -> Hash32 {
        SHA256.hash(rulesJSON(rules, token ?? .standard))
    }

    /// The bytes that `rulesHash` is over: one JSON object as the ledger writes JSON, its keys in this order. It says what the genesis
    /// means, not how it is written: fees that are not charged are `null` whatever the reason, fees and the supply are plain
    /// decimal numbers, and a genesis without a token has the reference's own.
    static func rulesJSON(_ rules: ChainRules, _ token: TokenConfiguration) -> [UInt8] {
        var writer = JSONWriter(capacity: 256 + 48 * rules.authorities.count)
        writer.raw("{\"podoru_rules\":1,\"authorities\":[")
        for (index, authority) in rules.authorities.enumerated() {
            if index > 0 { writer.raw(",") }
            writer.string(authority)
        }
        writer.raw("],\"fees\":")
        if let fees = rules.fees {
            writer.raw("{\"base_fee\":")
            writer.string(ByteString(fees.baseFee.description))
            writer.raw(",\"per_byte_fee\":")
            writer.string(ByteString(fees.perByteFee.description))
            writer.raw("}")
        } else {
            writer.raw("null")
        }
        writer.raw(",\"token\":{\"name\":")
        writer.string(token.name)
        writer.raw(",\"symbol\":")
        writer.string(token.symbol)
        writer.raw(",\"decimals\":")
        writer.integer(token.decimals)
        writer.raw(",\"initial_supply\":")
        writer.string(canonicalNumber(token.initialSupply))
        switch rules.ruleSet {
        case .reference: writer.raw("},\"rules\":\"reference\",\"block_time\":0}")
        case .strict(let seconds):
            writer.raw("},\"rules\":\"strict\",\"block_time\":")
            writer.integer(seconds)
            writer.raw("}")
        }
        return writer.bytes
    }

    /// A whole number without a plus and without leading zeros; empty where the genesis does not say.
    private static func canonicalNumber(_ text: ByteString) -> ByteString {
        guard let number = SignedDecimal(text) else { return "" }
        return ByteString((number.isNegative ? "-" : "") + number.magnitude.description)
    }
}

/// A part of what a genesis fixes beside its block.
public enum RulesPart: String, CaseIterable, Sendable {
    case authorities, fees, token, rules
}

extension Genesis {
    /// In what `other`, which makes the same block, is another genesis; empty when both mean the same.
    public func differences(from other: Genesis) -> [RulesPart] {
        guard rulesHash != other.rulesHash else { return [] }
        return RulesPart.allCases.filter { part in
            switch part {
            case .authorities: authorities != other.authorities
            case .fees: rules.fees != other.rules.fees
            case .token: Genesis.rulesJSON(rules, token) != Genesis.rulesJSON(rules, other.token)
            case .rules: ruleSet != other.ruleSet
            }
        }
    }
}
