/// Reads a decimal number of ASCII digits; `nil` for anything else and above 2^64 - 1. Leading zeros pass.
@inlinable
package func parseDecimal(_ digits: some Collection<UInt8>) -> UInt64? {
    guard !digits.isEmpty else { return nil }
    var value: UInt64 = 0
    for digit in digits {
        guard 0x30...0x39 ~= digit else { return nil }
        let (product, overflow) = value.multipliedReportingOverflow(by: 10)
        let (sum, carry) = product.addingReportingOverflow(UInt64(digit - 0x30))
        if overflow || carry { return nil }
        value = sum
    }
    return value
}
