/// Arithmetic on numbers that somebody else has said. Where a result does not fit, it is the nearest number that does: text about
/// a nonsensical answer may be nonsensical, and must not end the command.
extension FixedWidthInteger {
    func clampedMinus(_ other: Self) -> Self {
        let (result, overflow) = subtractingReportingOverflow(other)
        return overflow ? (other > 0 ? .min : .max) : result
    }

    func clampedTimes(_ other: Self) -> Self {
        let (result, overflow) = multipliedReportingOverflow(by: other)
        return overflow ? ((self < 0) == (other < 0) ? .max : .min) : result
    }
}
