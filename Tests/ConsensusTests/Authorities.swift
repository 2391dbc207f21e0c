import Ledger
import Primitives
import TestKit

/// Addresses for tests: no key is needed where nothing is signed.
struct Authorities {
    let addresses: [Address]
    /// As a genesis would spell them.
    let names: [ByteString]

    init(count: Int, seed: Int = 1) {
        addresses = (0..<count).compactMap { index in
            let digits = String(seed * 1000 + index, radix: 16)
            return Address(ByteString("0x" + String(repeating: "a", count: 40 - digits.count) + digits))
        }
        names = addresses.map(\.checksummed)
    }

    /// The rules of a genesis with these authorities: reference ones, or strict ones with a block time.
    func rules(strictBlockTime: Int64? = nil, authorities: [ByteString]? = nil) throws -> ChainRules {
        try Genesis(
            .test(timestamp: 1, authorities: authorities ?? names, blockTime: strictBlockTime.map { ByteString("\($0)s") })
        ).rules
    }
}

extension Moment {
    /// A moment whose two clocks agree, `milliseconds` after their start.
    static func wall(_ milliseconds: Int64) -> Moment {
        Moment(uptime: Nanoseconds(clamping: milliseconds.multipliedFullWidth(by: 1_000_000)), unixMilliseconds: milliseconds)
    }
}

extension Int64 {
    /// The 128-bit product held at the ends of 64 bits.
    init(clamping product: (high: Int64, low: UInt64)) {
        let fits = product.high == (Int64(bitPattern: product.low) < 0 ? -1 : 0)
        self = fits ? Int64(bitPattern: product.low) : (product.high < 0 ? .min : .max)
    }
}
