package import Primitives
package import Terminal

/// Which block.
package enum BlockName: Hashable {
    case latest
    case height(UInt64)
    case hash(Hash32)

    package init(_ text: String) throws(CommandFailure) {
        if text == "latest" {
            self = .latest
        } else if let hash = Hash32(hex: text) {
            self = .hash(hash)
        } else if !text.isEmpty, text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }), let height = UInt64(text) {
            self = .height(height)
        } else {
            throw CommandFailure(
                .usage,
                "\u{201C}\(StatusText.printable(text))\u{201D} is no block: give a height, a hash (64 hexadecimal digits) or latest")
        }
    }
}
