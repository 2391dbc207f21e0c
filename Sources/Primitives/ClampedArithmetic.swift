/// Sums and products that hold at the ends of the range instead of trapping.
///
/// Whatever comes from outside (a header's or a genesis' timestamp, a height that a peer claims, a time that a client names) may
/// be any number of its type, and a trap would end the process. A time that is held at the end is still later, or earlier, than
/// every real one, which is all that comparisons and waits need.
extension FixedWidthInteger {
    /// The sum, held at the ends.
    @inlinable
    public func adding(clamping other: Self) -> Self {
        let (sum, hasOverflown) = addingReportingOverflow(other)
        return hasOverflown ? (other < 0 ? .min : .max) : sum
    }

    /// The difference, held at the ends: of numbers without a sign at zero.
    @inlinable
    public func subtracting(clamping other: Self) -> Self {
        let (difference, hasOverflown) = subtractingReportingOverflow(other)
        guard hasOverflown else { return difference }
        return Self.isSigned && other < 0 ? .max : .min
    }

    /// The product, held at the ends.
    @inlinable
    public func multiplied(clampingBy other: Self) -> Self {
        let (product, hasOverflown) = multipliedReportingOverflow(by: other)
        return hasOverflown ? ((self < 0) != (other < 0) ? .min : .max) : product
    }
}
