internal import CHash

/// What is wrong with a base64 text. Offsets count bytes from its start.
public enum Base64Error: Error, Hashable, Sendable, CustomStringConvertible {
    /// The text is not a multiple of four characters long.
    case wrongLength(Int)
    /// A character outside the alphabet, or padding anywhere but at the end.
    case invalidCharacter(offset: Int)
    /// The bits of the last character that belong to no byte are not zero.
    case trailingBits

    public var description: String {
        switch self {
        case .wrongLength(let count): "base64 of \(count) characters; a padded text has a multiple of 4"
        case .invalidCharacter(let offset): "not a base64 character at byte \(offset)"
        case .trailingBits: "base64 whose last character carries bits of no byte"
        }
    }
}

/// Standard padded base64 (RFC 4648, section 4), in the two strictnesses that the protocol and the ledger ask for.
///
/// About 2 GB/s: payloads of megabytes pass on the loop thread.
public enum Base64 {
    /// The number of characters that `n` bytes become.
    public static func encodedCount(_ n: Int) -> Int { (n + 2) / 3 * 4 }

    /// Appends the padded text of `bytes` to `out`.
    public static func encode(_ bytes: UnsafeRawBufferPointer, into out: inout [UInt8]) {
        // By way of the stack, because an array cannot grow by bytes that are not initialized.
        let room = encodedCount(min(bytes.count, encodedPieceBytes))
        withUnsafeTemporaryAllocation(byteCount: room, alignment: 1) { piece in
            var rest = bytes
            while rest.count > 0 {
                let next = UnsafeRawBufferPointer(rebasing: rest.prefix(encodedPieceBytes))
                chash_base64_encode(next.baseAddress, next.count, piece.baseAddress)
                out.append(contentsOf: UnsafeRawBufferPointer(rebasing: piece[..<encodedCount(next.count)]))
                rest = UnsafeRawBufferPointer(rebasing: rest[next.count...])
            }
        }
    }

    /// What is encoded at a time: whole groups of three, and text that stays in the first-level cache and within
    /// the 1 KiB up to which the temporary allocation is on the stack.
    private static let encodedPieceBytes = 768

    /// The padded text of `bytes`.
    public static func encode(_ bytes: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        bytes.withUnsafeBytes { encode($0, into: &out) }
        return out
    }

    /// Reads padded base64 to the letter of RFC 4648: no white space, no bits of no byte.
    /// Signatures and payloads of this project's protocol have one spelling only.
    public static func decodeStrict(_ text: UnsafeRawBufferPointer) throws(Base64Error) -> [UInt8] {
        try decode(text, allowingTrailingBits: false)
    }

    /// Reads what Go's `base64.StdEncoding` reads: CR and LF anywhere are skipped, bits of no byte are dropped.
    public static func decodeGo(_ text: UnsafeRawBufferPointer) throws(Base64Error) -> [UInt8] {
        do {
            return try decodeGoWithoutLineEnds(text)
        } catch {
            let kept = text.filter { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
            if kept.count == text.count { throw error }
            return try decode(kept, allowingTrailingBits: true)
        }
    }

    /// As `decodeGo`, but a CR or LF is an error.
    static func decodeGoWithoutLineEnds(_ text: UnsafeRawBufferPointer) throws(Base64Error) -> [UInt8] {
        try decode(text, allowingTrailingBits: true)
    }

    private static func decode(_ text: [UInt8], allowingTrailingBits: Bool) throws(Base64Error) -> [UInt8] {
        let result: Result<[UInt8], Base64Error> = text.withUnsafeBytes { text in
            do throws(Base64Error) {
                return .success(try decode(text, allowingTrailingBits: allowingTrailingBits))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    private static func decode(
        _ text: UnsafeRawBufferPointer, allowingTrailingBits: Bool
    ) throws(Base64Error) -> [UInt8] {
        if text.isEmpty { return [] }
        guard text.count.isMultiple(of: 4) else { throw .wrongLength(text.count) }
        let tail = try Tail(text, allowingTrailingBits: allowingTrailingBits)
        let groups = text.count / 4 - 1
        var decoded = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: 3 * groups + tail.count) { room, count in
            decoded = chash_base64_decode_groups(text.baseAddress, groups, room.baseAddress)
            guard decoded == groups else { return }
            for index in 0..<tail.count {
                room[3 * groups + index] = UInt8(truncatingIfNeeded: tail.bits >> (16 - 8 * UInt32(index)))
            }
            count = 3 * groups + tail.count
        }
        if decoded < groups { throw firstInvalid(text, from: 4 * decoded) }
        return bytes
    }

    /// The last four characters, of which up to two may be padding.
    private struct Tail {
        var bits: UInt32 = 0
        var count: Int

        init(_ text: UnsafeRawBufferPointer, allowingTrailingBits: Bool) throws(Base64Error) {
            let padding = UInt8(ascii: "=")
            let last = text.count - 1
            count = text[last] != padding ? 3 : text[last - 1] != padding ? 2 : 1
            for index in 0..<4 {
                bits <<= 6
                if index > count { continue }
                guard let value = Base64.value(of: text[last - 3 + index]) else {
                    throw Base64.firstInvalid(text, from: 0)
                }
                bits |= UInt32(value)
            }
            let unused = bits & (count == 1 ? 0xffff : count == 2 ? 0xff : 0)
            if unused != 0, !allowingTrailingBits { throw .trailingBits }
        }
    }

    private static func firstInvalid(_ text: UnsafeRawBufferPointer, from start: Int) -> Base64Error {
        let offset = text[start...].firstIndex { value(of: $0) == nil }
        return .invalidCharacter(offset: offset ?? text.count - 1)
    }

    private static func value(of character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): character - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): character - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0") + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}
