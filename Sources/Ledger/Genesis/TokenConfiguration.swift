public import Primitives

/// The token that a genesis describes. Only its presence matters to the chain (it makes the genesis block's version 2).
public struct TokenConfiguration: Hashable, Sendable {
    public var name: ByteString
    public var symbol: ByteString
    /// 0…18: how many digits of an amount stand behind the point.
    public var decimals: Int64
    /// In decimal, possibly empty. Informative: what exists is what `initial_balances` mints.
    public var initialSupply: ByteString

    public init(name: ByteString, symbol: ByteString, decimals: Int64 = 18, initialSupply: ByteString = "") {
        self.name = name
        self.symbol = symbol
        self.decimals = decimals
        self.initialSupply = initialSupply
    }

    /// The reference's own: Podoru, PDR, 18 decimals, a hundred million.
    public static let standard = TokenConfiguration(
        name: "Podoru", symbol: "PDR", decimals: 18, initialSupply: "100000000000000000000000000")

    /// What is wrong with it, nil when nothing is (`blocks.json`, `genesis_config_validation`).
    func fault() -> GenesisError? {
        if name.isEmpty { return .tokenWithoutName }
        if symbol.isEmpty { return .tokenWithoutSymbol }
        if !(0...TokenConfiguration.maxDecimals).contains(decimals) { return .tokenDecimals(decimals) }
        if !initialSupply.isEmpty, SignedDecimal(initialSupply) == nil { return .initialSupply(initialSupply) }
        return nil
    }

    /// The most digits behind the point that a token may have.
    public static let maxDecimals: Int64 = 18
}

extension TokenConfiguration {
    /// An amount for a person, with six digits behind the point and the symbol, byte for byte as the reference writes it
    /// (`token.json`).
    ///
    /// The reference divides as a binary float of as many bits as the amount has, at least 64, rounds that to nearest, and
    /// prints it in decimal, halves to even; so half a millionth becomes 0.000001 and two and a half millionths 0.000002.
    public func format(_ amount: Amount) -> String {
        let suffix = " " + symbol.text
        if amount.isZero { return "0" + suffix }
        let unit = (0..<min(max(decimals, 0), TokenConfiguration.maxDecimals)).reduce(UInt64(1)) { unit, _ in unit * 10 }
        let number = Natural(amount)
        let precision = max(64, number.bitCount)

        // mantissa · 2^-scale is the quotient with a few bits more than the precision; `rest` says it is a little more.
        let unitBits = UInt64.bitWidth - unit.leadingZeroBitCount
        let scale = max(0, precision + unitBits + 1 - number.bitCount)
        let (exact, rest) = number.shifted(left: scale).divided(by: unit)
        let surplus = exact.bitCount - precision
        let mantissa = exact.shiftedRounding(right: surplus, sticky: rest != 0)

        let shift = scale - surplus
        let scaled = mantissa.multiplied(by: 1_000_000, adding: 0)
        let millionths = shift >= 0 ? scaled.shiftedRounding(right: shift) : scaled.shifted(left: -shift)
        let (whole, fraction) = millionths.divided(by: 1_000_000)
        let digits = String(fraction)
        return whole.decimal + "." + String(repeating: "0", count: 6 - digits.count) + digits + suffix
    }
}

/// A whole number as Go's `big.Int` reads it in base 10: an optional sign and digits, nothing else.
struct SignedDecimal: Hashable, Sendable {
    let isNegative: Bool
    let magnitude: Amount

    /// nil for anything but such a number, and for more digits than `Limits.maxAmountDigits`.
    init?(_ text: ByteString) {
        let sign = text.bytes.first
        let digits = sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") ? text.bytes.dropFirst() : text.bytes[...]
        guard !digits.isEmpty, digits.count <= Limits.maxAmountDigits else { return nil }
        var number = Natural(words: [])
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            number = number.multiplied(by: 10, adding: UInt64(digit - UInt8(ascii: "0")))
        }
        magnitude = Amount(number)
        isNegative = sign == UInt8(ascii: "-") && !magnitude.isZero
    }
}

extension Amount {
    /// The amount that decimal digits spell, or nil.
    public init?(decimal text: ByteString) {
        guard let number = SignedDecimal(text), !number.isNegative else { return nil }
        self = number.magnitude
    }
}
