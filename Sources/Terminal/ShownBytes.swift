internal import Platform
internal import Primitives

/// Bytes of the chain for a person: text where they are text that a terminal may be given, and else hexadecimal digits.
package enum ShownBytes {
    package static func text(_ bytes: [UInt8]) -> String { plain(bytes) ?? Hex.prefixedString(bytes) }

    /// As `text`, on one line of at most so many characters.
    package static func line(_ bytes: [UInt8], atMost count: Int) -> String {
        let whole = plain(bytes).flatMap { $0.contains(where: \.isNewline) ? nil : $0 } ?? Hex.prefixedString(bytes)
        return whole.count <= count ? whole : "\(whole.prefix(count))… (\(StatusText.bytes(UInt64(bytes.count))))"
    }

    /// The text that the bytes are, if a terminal may be given it.
    private static func plain(_ bytes: [UInt8]) -> String? {
        guard let text = String(validating: bytes, as: UTF8.self), !text.isEmpty || bytes.isEmpty else { return nil }
        let bare = text.filter { !["\n", "\t", "\r\n"].contains($0) }
        return StatusText.printable(bare) == bare ? text : nil
    }
}

/// A moment of the chain for a person.
package enum ShownTime {
    /// `2026-11-26T14:21:13Z (3 s ago)`; a number alone when no calendar has it.
    package static func text(_ seconds: Int64, now: Int64) -> String {
        let age = now.subtracting(clamping: seconds)
        let distance = StatusText.duration(Int64(clamping: age.magnitude))
        let place = age < 0 ? "in \(distance)" : "\(distance) ago"
        let time = CalendarText.text(unixSeconds: seconds) ?? "\(seconds) s since 1970"
        return "\(time) (\(place))"
    }
}
