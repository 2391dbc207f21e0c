/// What people typed, made fit to be shown again.
///
/// A private key is 64 hexadecimal digits, and so is a hash: nothing tells the two apart. Whatever an operator wrote (a configuration's
/// value, an argument, a path, a text of a file) is therefore never repeated with more digits in a row than an address has. Hashes that
/// the program itself computed do not pass through here.
public enum Redaction {
    /// The digits of an address, the longest that a configuration rightly has.
    public static let longestShownDigits = 2 * Address.byteCount

    /// How many hexadecimal digits `text` has in a row when that are more than may be shown, else `nil`. White space does not part
    /// digits here: a key file may have a line break within. Linear.
    public static func hiddenDigits(in text: String) -> Int? {
        let bytes = text.utf8.filter { $0 != 0x20 && !(0x09...0x0d).contains($0) }
        // As it stands as well: white space between a 0 and an x makes that 0 a digit.
        return (runs(of: bytes) + runs(of: Array(text.utf8))).map(\.count).max()
    }

    /// Whether `text` is what could be a private key, or holds it.
    public static func mayHoldKey(_ text: String) -> Bool { hiddenDigits(in: text) != nil }

    /// A value that somebody wrote, for an error that quotes it: hidden as a whole when white space hides a key in it. Linear.
    public static func value(_ text: String) -> String {
        let shown = sentence(text)
        return shown == text && mayHoldKey(text) ? placeholder(hiddenDigits(in: text) ?? 0) : shown
    }

    /// A sentence that may quote what somebody wrote, with each long run of digits left out of it. Linear.
    public static func sentence(_ text: String) -> String {
        let bytes = Array(text.utf8)
        let hidden = runs(of: bytes)
        guard !hidden.isEmpty else { return text }
        var shown = ""
        var rest = 0
        for run in hidden {
            shown += String(decoding: bytes[rest..<run.lowerBound], as: UTF8.self) + placeholder(run.count)
            rest = run.upperBound
        }
        return shown + String(decoding: bytes[rest...], as: UTF8.self)
    }

    private static func placeholder(_ digits: Int) -> String { "[\(digits) hexadecimal digits, not shown]" }

    /// The places of more digits in a row than may be shown. The 0 of a `0x` is not one of them: it begins the next ones.
    private static func runs(of bytes: [UInt8]) -> [Range<Int>] {
        var found: [Range<Int>] = []
        var start = 0
        for index in 0...bytes.count {
            let isDigit = index < bytes.count && Hex.value(ofDigit: bytes[index]) != nil
            let isPrefix = index + 1 < bytes.count && bytes[index] == UInt8(ascii: "0") && bytes[index + 1] | 0x20 == UInt8(ascii: "x")
            if isDigit && !isPrefix { continue }
            if index - start > longestShownDigits { found.append(start..<index) }
            start = index + 1
        }
        return found
    }
}
