extension JSONReader {
    /// An integer of 0…2^64−1. A fraction, an exponent or a sign is an error even where the value would be whole.
    public mutating func readUInt64() throws(JSONError) -> UInt64 {
        try readMagnitude(.uint64, limit: .max, negativeLimit: nil).magnitude
    }

    /// An integer of 0…2^32−1.
    public mutating func readUInt32() throws(JSONError) -> UInt32 {
        let value = try readMagnitude(.uint32, limit: UInt64(UInt32.max), negativeLimit: nil)
        return UInt32(truncatingIfNeeded: value.magnitude)
    }

    /// An integer of 0…255, an element of a byte field that is written as an array.
    mutating func readUInt8() throws(JSONError) -> UInt8 {
        let value = try readMagnitude(.uint8, limit: UInt64(UInt8.max), negativeLimit: nil)
        return UInt8(truncatingIfNeeded: value.magnitude)
    }

    /// An integer of −2^63…2^63−1.
    public mutating func readInt64() throws(JSONError) -> Int64 {
        let value = try readMagnitude(.int64, limit: Int64.max.magnitude, negativeLimit: Int64.min.magnitude)
        return Int64(truncatingIfNeeded: value.isNegative ? 0 &- value.magnitude : value.magnitude)
    }

    private mutating func readMagnitude(
        _ type: JSONInteger, limit: UInt64, negativeLimit: UInt64?
    ) throws(JSONError) -> JSONNumber {
        try expect(.number)
        let start = offset
        let number = try scanNumber()
        guard number.isInteger, let allowed = number.isNegative ? negativeLimit : limit, number.magnitude <= allowed
        else { throw .notAnInteger(type: type, offset: start) }
        return number
    }

    /// Reads past the number that is next: an optional minus, digits without a leading zero, a fraction, an exponent.
    mutating func scanNumber() throws(JSONError) -> JSONNumber {
        var number = JSONNumber()
        if bytes[offset] == UInt8(ascii: "-") {
            number.isNegative = true
            offset += 1
        }
        let first = offset
        let digits = try scanDigits { digit in
            let (product, carry) = number.magnitude.multipliedReportingOverflow(by: 10)
            let (sum, overflow) = product.addingReportingOverflow(UInt64(digit))
            if carry || overflow { number.isInteger = false }
            number.magnitude = sum
        }
        if digits > 1, bytes[first] == UInt8(ascii: "0") { throw .syntax(.badNumber, offset: first) }
        if current == UInt8(ascii: ".") {
            number.isInteger = false
            offset += 1
            _ = try scanDigits { _ in }
        }
        if let letter = current, letter | 0x20 == UInt8(ascii: "e") {
            number.isInteger = false
            offset += 1
            if let sign = current, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { offset += 1 }
            _ = try scanDigits { _ in }
        }
        try expectDelimiter(or: .badNumber)
        return number
    }

    /// At least one digit.
    private mutating func scanDigits(_ each: (UInt8) -> Void) throws(JSONError) -> Int {
        let start = offset
        while let byte = current, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
            each(byte - UInt8(ascii: "0"))
            offset += 1
        }
        if offset == start { throw .syntax(current == nil ? .endOfInput : .badNumber, offset: offset) }
        return offset - start
    }

    private var current: UInt8? { offset < bytes.count ? bytes[offset] : nil }
}

/// A number's value where it is an integer of at most 64 bits.
struct JSONNumber {
    var magnitude: UInt64 = 0
    var isNegative = false
    /// No fraction, no exponent, and the magnitude fits.
    var isInteger = true
}
