/// The same numbers as `Amount`, as machine words: for multiplying, dividing and printing, which are rare.
struct Natural: Hashable, Sendable {
    /// Least significant first, without leading zeros at the end.
    private(set) var words: [UInt64]

    init(words: [UInt64]) {
        self.words = words
        trim()
    }

    init(_ value: UInt64) {
        self.init(words: [value])
    }

    init(_ amount: Amount) {
        var words: [UInt64] = []
        words.reserveCapacity(amount.bytes.count / 8 + 1)
        var end = amount.bytes.count
        while end > 0 {
            let start = max(0, end - 8)
            words.append(amount.bytes[start..<end].reduce(0) { $0 << 8 | UInt64($1) })
            end = start
        }
        self.init(words: words)
    }

    private mutating func trim() {
        while words.last == 0 { words.removeLast() }
    }

    var isZero: Bool { words.isEmpty }

    /// The number of bits without leading zeros.
    var bitCount: Int {
        guard let last = words.last else { return 0 }
        return words.count * 64 - last.leadingZeroBitCount
    }

    func bit(_ index: Int) -> Bool {
        index / 64 < words.count && words[index / 64] >> UInt64(index % 64) & 1 == 1
    }

    func multiplied(by factor: UInt64, adding addend: UInt64) -> Natural {
        var result: [UInt64] = []
        result.reserveCapacity(words.count + 1)
        var carry = addend
        for word in words {
            let product = word.multipliedFullWidth(by: factor)
            let (low, overflow) = product.low.addingReportingOverflow(carry)
            result.append(low)
            carry = product.high &+ (overflow ? 1 : 0)
        }
        result.append(carry)
        return Natural(words: result)
    }

    /// Quotient and remainder. `divisor` is not zero.
    func divided(by divisor: UInt64) -> (quotient: Natural, remainder: UInt64) {
        var result = words
        var remainder: UInt64 = 0
        for index in words.indices.reversed() {
            (result[index], remainder) = divisor.dividingFullWidth((remainder, words[index]))
        }
        return (Natural(words: result), remainder)
    }

    func shifted(left count: Int) -> Natural {
        let (whole, part) = (count / 64, UInt64(count % 64))
        var result = [UInt64](repeating: 0, count: whole)
        var carry: UInt64 = 0
        for word in words {
            result.append(word << part | carry)
            carry = part == 0 ? 0 : word >> (64 - part)
        }
        result.append(carry)
        return Natural(words: result)
    }

    /// The number divided by 2^count, rounded to nearest; halves go to even. `sticky` says that the true number is a
    /// little greater than this one.
    func shiftedRounding(right count: Int, sticky: Bool = false) -> Natural {
        guard count > 0 else { return self }
        let (whole, part) = (count / 64, UInt64(count % 64))
        var result = whole < words.count ? Array(words[whole...]) : []
        for index in result.indices {
            let next = index + 1 < result.count ? result[index + 1] : 0
            result[index] = result[index] >> part | (part == 0 ? 0 : next << (64 - part))
        }
        let quotient = Natural(words: result)
        guard bit(count - 1) else { return quotient }
        let above = sticky || (0..<(count - 1)).contains { bit($0) }
        return above || quotient.bit(0) ? quotient.multiplied(by: 1, adding: 1) : quotient
    }

    /// The number in decimal digits.
    var decimal: String {
        if isZero { return "0" }
        var groups: [UInt64] = []
        var rest = self
        while !rest.isZero {
            let (quotient, remainder) = rest.divided(by: Natural.group)
            groups.append(remainder)
            rest = quotient
        }
        var text = ""
        for group in groups.reversed() {
            let digits = String(group)
            text += text.isEmpty ? digits : String(repeating: "0", count: Natural.groupDigits - digits.count) + digits
        }
        return text
    }

    private static let groupDigits = 18
    private static let group: UInt64 = 1_000_000_000_000_000_000
}

extension Amount {
    init(_ natural: Natural) {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(natural.words.count * 8)
        for word in natural.words.reversed() {
            for shift in stride(from: UInt64(56), through: 0, by: -8) { bytes.append(UInt8(truncatingIfNeeded: word >> shift)) }
        }
        self.init(bigEndian: bytes)
    }
}
