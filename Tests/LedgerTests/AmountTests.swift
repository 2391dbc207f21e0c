import Foundation
import Primitives
import TestKit
import Testing

@testable import Ledger

@Suite struct AmountTests {
    struct File: Decodable {
        struct Balance: Decodable {
            var wei: String
            var formatted: String
        }
        struct Gas: Decodable {
            struct Estimate: Decodable {
                var transaction_size: Int
                var base_fee: UInt64
                var size_fee: UInt64
                var total_fee: UInt64
            }
            var size: Int
            var fee: String
            var estimate: Estimate
        }
        var format_balance: [Balance]
        var gas_default: [Gas]
    }

    @Test func balancesPrintAsInGo() throws {
        let vectors = try Vectors.decode(File.self, from: "token.json").format_balance
        #expect(vectors.count == 16)
        for vector in vectors {
            let amount = try #require(Amount(decimal: ByteString(vector.wei)))
            #expect(TokenConfiguration.standard.format(amount) == vector.formatted)
            #expect(amount.description == vector.wei)
        }
    }

    @Test func feesAreThoseOfGo() throws {
        let vectors = try Vectors.decode(File.self, from: "token.json").gas_default
        #expect(vectors.count == 5)
        for vector in vectors {
            #expect(FeeSchedule.standard.fee(size: vector.size).description == vector.fee)
            let estimate = FeeSchedule.standard.estimate(size: vector.size)
            #expect(estimate.size == vector.estimate.transaction_size)
            #expect(estimate.base == Amount(vector.estimate.base_fee))
            #expect(estimate.perSize == Amount(vector.estimate.size_fee))
            #expect(estimate.total == Amount(vector.estimate.total_fee))
        }
    }

    @Test func aFeeOfMoreThanSixtyFourBitsIsRight() {
        // `api-go.json`, "gas estimate huge".
        #expect(FeeSchedule.standard.fee(size: 4_611_686_018_427_387_904).description == "46116860184273880040")
    }

    @Test func leadingZerosDoNotCount() {
        #expect(Amount(bigEndian: [0, 0, 1]) == Amount(1))
        #expect(Amount(bigEndian: [0, 0]) == .zero)
        #expect(Amount(0).bytes.isEmpty)
    }

    @Test func balancesLongerThanThirtyTwoBytesReadAsZero() {
        let full = [UInt8](repeating: 0xff, count: 32)
        #expect(Amount(balance: full).bytes == full)
        #expect(Amount(balance: full + [1]).isZero)
        #expect(Amount(balance: nil).isZero)
    }

    @Test func carriesAndBorrowsRunThroughAllBytes() throws {
        let full = Amount(bigEndian: [UInt8](repeating: 0xff, count: 32))
        let next = full + Amount(1)
        #expect(next.bytes == [1] + [UInt8](repeating: 0, count: 32))
        #expect(next.subtracting(Amount(1)) == full)
        #expect(full.subtracting(next) == nil)
        #expect(full.subtracting(full) == .zero)
        #expect(!next.fitsBalance && full.fitsBalance)
    }

    @Test func arithmeticAgreesWithDecimalsOnRandomNumbers() throws {
        var random = SplitMix64(seed: randomSeed("amounts"))
        for _ in 0..<500 {
            let (a, b) = (random.amount(), random.amount())
            let sum = a + b
            #expect(sum == b + a)
            #expect(sum.subtracting(a) == b)
            #expect((a < b) == (a.subtracting(b) == nil))
            #expect(Amount(decimal: ByteString(a.description)) == a)
            let factor = UInt64.random(in: 0...9, using: &random)
            #expect(a * factor == (0..<factor).reduce(Amount.zero) { sum, _ in sum + a })
        }
    }

    @Test func smallNumbersAgreeWithMachineIntegers() {
        var random = SplitMix64(seed: randomSeed("small amounts"))
        for _ in 0..<500 {
            let a = UInt64.random(in: 0...(1 << 40), using: &random)
            let b = UInt64.random(in: 0...(1 << 20), using: &random)
            #expect((Amount(a) + Amount(b)).uint64 == a + b)
            #expect(Amount(a).subtracting(Amount(b))?.uint64 == (a < b ? nil : a - b))
            #expect((Amount(a) * b).uint64 == a * b)
            #expect(Amount(a).description == String(a))
        }
    }

    @Test(arguments: ["", "+", "-", "1.5", "0x10", "1_000", " 1", "1e3", "-1"])
    func whatIsNoDecimalIsNoAmount(text: String) {
        #expect(Amount(decimal: ByteString(text)) == nil)
    }

    @Test func aNumberOfTooManyDigitsIsRefused() {
        #expect(Amount(decimal: ByteString(String(repeating: "9", count: Limits.maxAmountDigits))) != nil)
        #expect(Amount(decimal: ByteString(String(repeating: "9", count: Limits.maxAmountDigits + 1))) == nil)
    }
}

extension SplitMix64 {
    /// An amount of 0 to 40 bytes.
    fileprivate mutating func amount() -> Amount {
        let count = Int.random(in: 0...40, using: &self)
        return Amount(bigEndian: (0..<count).map { _ in UInt8.random(in: 0...255, using: &self) })
    }
}
