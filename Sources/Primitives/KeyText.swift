/// Why a text is no private key. Never holds any part of it.
public enum KeyTextFault: Error, Hashable, Sendable {
    case empty
    case byteOrderMark(ByteOrderMark)
    /// 32 bytes as they are, which are a key and no text.
    case rawBytes
    /// JSON: most often a keystore, whose key is encrypted.
    case json
    /// PEM, as OpenSSL writes keys.
    case pem
    /// Hexadecimal digits, and not 64 of them.
    case digits(Int)
    /// 64 digits of no key of the curve.
    case outOfRange
    case otherText
}

extension PrivateKey {
    /// The key in the text of a key file: 64 hexadecimal digits in any case, with `0x` in front or without, and white space anywhere.
    public init(fileText bytes: [UInt8]) throws(KeyTextFault) {
        if let mark = ByteOrderMark(beginning: bytes) { throw .byteOrderMark(mark) }
        let text = bytes.filter { $0 != 0x20 && !(0x09...0x0d).contains($0) }
        if text.isEmpty { throw .empty }
        let isPrefixed = text.count > 2 && text[0] == UInt8(ascii: "0") && text[1] | 0x20 == UInt8(ascii: "x")
        let digits = Array(text.dropFirst(isPrefixed ? 2 : 0))
        guard digits.allSatisfy({ Hex.value(ofDigit: $0) != nil }) else { throw KeyTextFault(ofOther: text, bytes.count) }
        guard digits.count == 2 * Hash32.byteCount else { throw .digits(digits.count) }
        do throws(KeyError) {
            try self.init(hex: digits)
        } catch {
            throw .outOfRange
        }
    }
}

extension KeyTextFault {
    /// Of what is more than digits.
    fileprivate init(ofOther text: [UInt8], _ byteCount: Int) {
        if text.first == UInt8(ascii: "{") {
            self = .json
        } else if text.starts(with: Array("-----BEGIN".utf8)) {
            self = .pem
        } else if byteCount == Hash32.byteCount, !text.allSatisfy({ (0x21..<0x7f).contains($0) }) {
            self = .rawBytes
        } else {
            self = .otherText
        }
    }

    /// What is wrong, behind the file's name.
    public var reason: String {
        switch self {
        case .empty: "is empty"
        case .byteOrderMark(let mark): "begins with \(mark)"
        case .rawBytes: "holds 32 bytes that are no text, and a key file has 64 hexadecimal digits"
        case .json: "holds JSON, as an encrypted keystore does, and a key file has 64 hexadecimal digits"
        case .pem: "holds PEM, and a key file has 64 hexadecimal digits"
        case .digits(let count): "holds \(count) hexadecimal digits, and a private key has 64"
        case .outOfRange: "holds 64 hexadecimal digits that are no private key: zero, or not below the order of secp256k1"
        case .otherText: "holds other text than the 64 hexadecimal digits of a private key"
        }
    }

    /// What to do. Never to write a new key over what may be the only copy of one.
    public var remedy: String {
        switch self {
        case .empty: "put the key back from a backup; its account is nobody's without it"
        case .byteOrderMark: "keep the digits as they are, the key is in them"
        case .rawBytes: "write them as digits into another file: `xxd -p -c 32`, mode 0600"
        case .json, .pem: "export the plain key with the program that wrote it, into another file with mode 0600"
        case .digits: "compare it with your backup, and keep this file until you have the key"
        case .outOfRange: "put the key back from a backup"
        case .otherText: "name the file that `podoru keygen` wrote"
        }
    }
}
