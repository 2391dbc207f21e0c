public import Primitives

/// Why a genesis configuration cannot start a chain. The first group are the reference's checks in its order
/// (`blocks.json`, `genesis_config_validation`), the second those of strict rules.
public enum GenesisError: Error, Hashable, Sendable {
    case decoding(DecodingError)
    case noAuthorities
    case duplicateAuthority(ByteString)
    case tokenWithoutName
    case tokenWithoutSymbol
    case tokenDecimals(Int64)
    case initialSupply(ByteString)
    case invalidFee(FeeField, ByteString)
    case negativeFee(FeeField)
    case invalidBalance(address: ByteString, text: ByteString)
    /// A key of the state, or the key of a balance, that the reference's store does not take.
    case stateKeyTooLong(bytes: Int)

    /// `chain:rules` names a set of rules that this program does not know.
    case unknownRules(ByteString)
    /// Strict rules without `chain:block_time`, or with one that is not a whole number of seconds of at most a day.
    case invalidBlockTime(ByteString?)
    /// Strict rules need authorities that are addresses, each once whatever its case.
    case invalidAuthority(ByteString)
    case tooManyAuthorities(Int)
    /// Strict rules need balances that fit, of senders that can exist.
    case invalidBalanceAddress(ByteString)
    case balanceTooLarge(ByteString)

    /// A field of `gas_config`.
    public enum FeeField: String, Hashable, Sendable {
        case baseFee = "base_fee"
        case perByteFee = "per_byte_fee"
    }
}

extension GenesisError: CustomStringConvertible {
    /// Without what could be a private key: people put one where an authority's address belongs.
    public var description: String { Redaction.sentence(sentence) }

    private var sentence: String {
        switch self {
        case .decoding(let error): "the genesis is not readable: \(error)"
        case .noAuthorities: "no authorities specified"
        case .duplicateAuthority(let authority): "duplicate authority: \(authority)"
        case .tokenWithoutName: "invalid token config: token name is required"
        case .tokenWithoutSymbol: "invalid token config: token symbol is required"
        case .tokenDecimals: "invalid token config: decimals must be between 0 and 18"
        case .initialSupply: "invalid token config: invalid initial supply"
        case .invalidFee(let field, _): "invalid gas config: invalid \(field.rawValue)"
        case .negativeFee(let field): "invalid gas config: \(field.rawValue) cannot be negative"
        case .invalidBalance(let address, _): "invalid balance for \(address): invalid balance string"
        case .stateKeyTooLong(let bytes):
            "a state key of \(bytes) bytes (max \(Limits.maxGenesisKeyBytes))"
        case .unknownRules(let name):
            "initial_state has \(StateKeys.rules) = \"\(name.abbreviated)\"; this program knows \"\(RuleSet.strictName)\", and the reference's rules without the key"
        case .invalidBlockTime(nil): "strict rules need \(StateKeys.blockTime) in initial_state, for example \"5s\""
        case .invalidBlockTime(let text?):
            "\(StateKeys.blockTime) is \"\(text.abbreviated)\"; it must be whole seconds of at most a day, for example \"5s\""
        case .invalidAuthority(let authority):
            "strict rules need authorities that are addresses (0x and 40 hex digits), each once: \(authority.abbreviated)"
        case .tooManyAuthorities(let count):
            "\(count) authorities are more than the \(Limits.maxStrictAuthorities) of strict rules"
        case .invalidBalanceAddress(let address):
            "strict rules need initial balances of addresses (0x and 40 hex digits): \(address.abbreviated)"
        case .balanceTooLarge(let address):
            "the initial balance of \(address.abbreviated) is negative or longer than \(Limits.maxBalanceBytes) bytes"
        }
    }
}
