internal import Ledger
internal import NIOHTTP1
internal import Primitives

/// What stands in a path, read as the Go node reads it.
enum PathParameter {
    /// A hash in hexadecimal digits, with or without `0x`; `nil` when the digits spell something that no hash is, which is unknown
    /// rather than malformed.
    ///
    /// - Throws: `APIError` 400.
    static func hash(_ text: ByteString) throws(APIError) -> Hash32? {
        // A bare `0x` is no prefix there, so it is no hexadecimal number either.
        let digits =
            text.count > 2 && text.bytes.starts(with: [UInt8(ascii: "0"), UInt8(ascii: "x")]) ? text.bytes.dropFirst(2) : text.bytes[...]
        guard let bytes = Hex.decode(digits) else { throw APIError(.badRequest, "invalid hash format") }
        return Hash32(bytes)
    }

    /// A height, as Go's `ParseUint` in base 10: digits only, leading zeros allowed, at most 2^64 − 1.
    ///
    /// - Throws: `APIError` 400.
    static func height(_ text: ByteString) throws(APIError) -> UInt64 {
        var height: UInt64 = 0
        var isNumber = !text.isEmpty
        for byte in text.bytes {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else {
                isNumber = false
                break
            }
            let (product, carry) = height.multipliedReportingOverflow(by: 10)
            let (sum, overflow) = product.addingReportingOverflow(UInt64(byte - UInt8(ascii: "0")))
            if carry || overflow { isNumber = false }
            height = sum
        }
        guard isNumber else { throw APIError(.badRequest, "invalid height format") }
        return height
    }

    /// An address: `0x` and 40 digits in any case. A checksum is not checked.
    ///
    /// - Throws: `APIError` 400.
    static func address(_ text: ByteString) throws(APIError) -> Address {
        guard let address = Address(text) else { throw APIError(.badRequest, "invalid address format") }
        return address
    }
}
