internal import Primitives

/// An unsigned whole number of any size, as balances, amounts and fees are kept: big-endian bytes without leading
/// zeros, none for zero.
///
/// The ledger adds, subtracts and compares numbers of at most 32 bytes in the common case, and of up to a mebibyte
/// where the reference knows no bound, so plain byte arithmetic serves; all of it is linear in the bytes.
public struct Amount: Hashable, Sendable {
    /// Big-endian, without leading zeros.
    public let bytes: [UInt8]

    public static let zero = Amount(bigEndian: [])

    /// The number that `bytes` hold; leading zeros are dropped.
    public init(bigEndian bytes: [UInt8]) {
        if bytes.first == 0 {
            self.bytes = Array(bytes.drop { $0 == 0 })
        } else {
            self.bytes = bytes
        }
    }

    public init(_ value: UInt64) {
        let count = (UInt64.bitWidth - value.leadingZeroBitCount + 7) / 8
        bytes = [UInt8](unsafeUninitializedCapacity: count) { room, initialized in
            for index in 0..<count { room[index] = UInt8(truncatingIfNeeded: value >> (8 * UInt64(count - 1 - index))) }
            initialized = count
        }
    }

    public var isZero: Bool { bytes.isEmpty }

    /// The number when it fits.
    public var uint64: UInt64? {
        bytes.count > 8 ? nil : bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// Whether it fits a balance of `Limits.maxBalanceBytes`.
    public var fitsBalance: Bool { bytes.count <= Limits.maxBalanceBytes }
}

extension Amount {
    /// The balance that a state value holds: zero when the key is absent, and zero, as on the reference, when the value
    /// is longer than a balance may be (`chain-130`, heights 25–27).
    public init(balance value: [UInt8]?) {
        guard let value, value.count <= Limits.maxBalanceBytes else {
            self = .zero
            return
        }
        self.init(bigEndian: value)
    }

    public static func + (left: Amount, right: Amount) -> Amount {
        if right.isZero { return left }
        if left.isZero { return right }
        let (long, short) = left.bytes.count >= right.bytes.count ? (left.bytes, right.bytes) : (right.bytes, left.bytes)
        let gap = long.count - short.count
        var sum = long
        var carry: UInt16 = 0
        for index in stride(from: long.count - 1, through: 0, by: -1) {
            if index < gap && carry == 0 { break }
            let digit = UInt16(long[index]) + (index >= gap ? UInt16(short[index - gap]) : 0) + carry
            sum[index] = UInt8(truncatingIfNeeded: digit)
            carry = digit >> 8
        }
        if carry > 0 { sum.insert(1, at: 0) }
        return Amount(bigEndian: sum)
    }

    /// The difference, or nil when `other` is greater.
    public func subtracting(_ other: Amount) -> Amount? {
        if self < other { return nil }
        if other.isZero { return self }
        let gap = bytes.count - other.bytes.count
        var difference = bytes
        var borrow: Int16 = 0
        for index in stride(from: bytes.count - 1, through: 0, by: -1) {
            if index < gap && borrow == 0 { break }
            var digit = Int16(bytes[index]) - (index >= gap ? Int16(other.bytes[index - gap]) : 0) - borrow
            borrow = digit < 0 ? 1 : 0
            if digit < 0 { digit += 256 }
            difference[index] = UInt8(truncatingIfNeeded: digit)
        }
        return Amount(bigEndian: difference)
    }

    public static func * (left: Amount, right: UInt64) -> Amount {
        if let small = left.uint64 {
            let (product, overflow) = small.multipliedReportingOverflow(by: right)
            if !overflow { return Amount(product) }
        }
        return Amount(Natural(left).multiplied(by: right, adding: 0))
    }
}

extension Amount: Comparable {
    public static func < (left: Amount, right: Amount) -> Bool {
        left.bytes.count != right.bytes.count
            ? left.bytes.count < right.bytes.count : ByteString(left.bytes) < ByteString(right.bytes)
    }
}

extension Amount: CustomStringConvertible {
    /// The number in decimal. Quadratic in its length.
    public var description: String { Natural(self).decimal }
}
