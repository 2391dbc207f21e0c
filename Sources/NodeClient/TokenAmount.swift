package import Ledger
package import Primitives
package import Terminal

/// Amounts as people write and read them: whole tokens with a point, or the smallest unit.
package enum TokenAmount {
    /// Behind a number of the smallest unit, whatever a chain calls its own.
    package static let smallestUnit = "wei"

    /// Why a text is no amount.
    package struct Fault: Error, Hashable, CustomStringConvertible {
        package let description: String
    }

    /// Whether `text` can be read without knowing the token.
    package static func isInSmallestUnit(_ text: String) -> Bool { text.hasSuffix(smallestUnit) }

    /// Reads `1.5`, `.5`, `12` as tokens of `decimals` digits behind the point, `15wei` as it stands.
    ///
    /// - Throws: `Fault` for what is no number, for more digits behind the point than the token has, for nothing, and for more
    ///   than a balance can hold.
    package static func parse(_ text: String, decimals: Int, allowsZero: Bool = false) throws(Fault) -> Amount {
        func fault(_ reason: String) -> Fault { Fault(description: "\u{201C}\(text)\u{201D} is no amount: \(reason)") }
        let digits: String
        if isInSmallestUnit(text) {
            digits = String(text.dropLast(smallestUnit.count))
        } else {
            let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
            let fraction = parts.count > 1 ? parts[1] : ""
            guard parts[0].count + fraction.count > 0 else { throw fault("write it as 1.5, or in the smallest unit as 15\(smallestUnit)") }
            guard fraction.count <= decimals else { throw fault("the token has \(decimals) digits behind the point") }
            digits = parts[0] + fraction + String(repeating: "0", count: max(0, decimals - fraction.count))
        }
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let amount = Amount(decimal: ByteString(digits))
        else { throw fault("write it as 1.5, or in the smallest unit as 15\(smallestUnit)") }
        guard allowsZero || !amount.isZero else { throw fault("it must be more than nothing") }
        guard amount.fitsBalance else { throw fault("a balance holds at most \(Limits.maxBalanceBytes) bytes") }
        return amount
    }

    /// An amount for a person: in tokens behind their symbol, and in the smallest unit where the token is not known.
    package static func text(_ amount: Amount, _ token: APIAnswer.TokenInfo?) -> String {
        guard let token, (0...Int(TokenConfiguration.maxDecimals)).contains(token.decimals) else {
            return "\(amount) \(smallestUnit)"
        }
        return "\(text(amount, decimals: token.decimals)) \(StatusText.printable(token.symbol))"
    }

    /// The exact amount in tokens: `1.5`, without zeros at its end.
    static func text(_ amount: Amount, decimals: Int) -> String {
        let digits = amount.description
        guard decimals > 0 else { return digits }
        let padded = String(repeating: "0", count: max(0, decimals + 1 - digits.count)) + digits
        var fraction = padded.suffix(decimals)
        while fraction.last == "0" { fraction.removeLast() }
        let whole = padded.dropLast(decimals)
        return fraction.isEmpty ? String(whole) : "\(whole).\(fraction)"
    }
}

/// A receiver as an operator types it.
package enum TypedAddress {
    /// Reads an address and, when its digits are in mixed case, its checksum: a typing error must not send tokens to nobody.
    package static func parse(_ text: String) throws(CommandFailure) -> Address {
        guard let address = Address(ByteString(text)) else {
            throw CommandFailure(.usage, "\u{201C}\(text)\u{201D} is no address: 0x and 40 hexadecimal digits")
        }
        let digits = text.dropFirst(2)
        let isMixed = digits != Substring(digits.lowercased()) && digits != Substring(digits.uppercased())
        guard !isMixed || address.checksummed.text == text else {
            throw CommandFailure(
                .usage, "the address \(text) has a typing error: upper and lower case are its checksum, which does not fit")
        }
        return address
    }
}
