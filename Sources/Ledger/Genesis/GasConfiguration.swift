public import Primitives

/// The fees that a genesis describes, as its JSON has them: decimal text, where an empty one means the default.
public struct GasConfiguration: Hashable, Sendable {
    public var baseFee: ByteString
    public var perByteFee: ByteString

    public init(baseFee: ByteString = "", perByteFee: ByteString = "") {
        self.baseFee = baseFee
        self.perByteFee = perByteFee
    }

    /// The fees as numbers.
    /// - Throws: `GenesisError` when a text is no number or a negative one, in the reference's order.
    func schedule() throws(GenesisError) -> FeeSchedule {
        let base = try number(baseFee, .baseFee, otherwise: FeeSchedule.standard.baseFee)
        let perByte = try number(perByteFee, .perByteFee, otherwise: FeeSchedule.standard.perByteFee)
        if base.isNegative { throw .negativeFee(.baseFee) }
        if perByte.isNegative { throw .negativeFee(.perByteFee) }
        return FeeSchedule(baseFee: base.magnitude, perByteFee: perByte.magnitude)
    }

    private func number(
        _ text: ByteString, _ field: GenesisError.FeeField, otherwise standard: Amount
    ) throws(GenesisError) -> (isNegative: Bool, magnitude: Amount) {
        if text.isEmpty { return (false, standard) }
        guard let number = SignedDecimal(text) else { throw .invalidFee(field, text) }
        return (number.isNegative, number.magnitude)
    }
}

/// What a transaction costs: a base fee and a fee for each byte of its canonical JSON (`token.json`, `gas_default`).
public struct FeeSchedule: Hashable, Sendable {
    public let baseFee: Amount
    public let perByteFee: Amount
    /// Both as machine integers, which they are on any sane chain.
    private let small: Small?

    private struct Small: Hashable {
        var base: UInt64
        var perByte: UInt64
    }

    public init(baseFee: Amount, perByteFee: Amount) {
        self.baseFee = baseFee
        self.perByteFee = perByteFee
        if let base = baseFee.uint64, let perByte = perByteFee.uint64 {
            small = Small(base: base, perByte: perByte)
        } else {
            small = nil
        }
    }

    /// The reference's defaults, for fields that a `gas_config` leaves empty: 1000 and 10.
    public static let standard = FeeSchedule(baseFee: Amount(1000), perByteFee: Amount(10))

    /// Whether nothing costs anything.
    public var isZero: Bool { baseFee.isZero && perByteFee.isZero }

    /// The fee of a transaction of `size` bytes. Sizes below zero count as zero.
    public func fee(size: Int) -> Amount {
        if let small {
            let (product, isLarge) = small.perByte.multipliedReportingOverflow(by: UInt64(max(0, size)))
            let (sum, overflow) = product.addingReportingOverflow(small.base)
            if !isLarge, !overflow { return Amount(sum) }
        }
        return estimate(size: size).total
    }

    /// The fee with its parts, as the API's estimate shows it.
    public func estimate(size: Int) -> (size: Int, base: Amount, perSize: Amount, total: Amount) {
        let size = max(0, size)
        let perSize = perByteFee * UInt64(size)
        return (size, baseFee, perSize, baseFee + perSize)
    }
}
