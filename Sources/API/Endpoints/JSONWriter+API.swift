internal import Ledger
internal import Primitives

extension JSONWriter {
    /// A hash as `"0x…"`.
    mutating func hash(_ hash: Hash32) {
        raw("\"0x")
        hash.withUnsafeBytes { raw(Hex.encode($0)) }
        raw("\"")
    }

    /// Bytes of a block or transaction that should be a hash, as `"0x…"` whatever their length.
    mutating func hex(_ bytes: [UInt8]?) {
        raw("\"0x")
        raw(Hex.encode(bytes ?? []))
        raw("\"")
    }

    /// An amount as a string of decimal digits: larger than what a client's number holds exactly.
    mutating func amount(_ amount: Amount) {
        raw("\"")
        raw(Array(amount.description.utf8))
        raw("\"")
    }

    /// A number with three digits behind the point, as many of them as matter. Not below zero.
    mutating func thousandths(_ count: UInt64) {
        integer(count / 1000)
        var rest = count % 1000
        if rest == 0 { return }
        raw(".")
        var unit: UInt64 = 100
        while rest > 0 {
            integer(rest / unit)
            rest %= unit
            unit /= 10
        }
    }

    /// The object that stands in `json`, with what `members` writes behind its own.
    mutating func object(extending json: [UInt8], _ members: (inout JSONWriter) -> Void) {
        bytes.append(contentsOf: json.dropLast())
        members(&self)
        raw("}")
    }
}
