/// JSON for people, from JSON for machines.
package enum IndentedJSON {
    /// `compact`, which must be valid JSON without white space, with a line for each member and element, and a line end.
    /// Empty objects and arrays stay on one line.
    package static func of(_ compact: [UInt8]) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(compact.count * 2)
        var depth = 0
        var isInString = false
        var isEscaped = false
        for (index, byte) in compact.enumerated() {
            if isInString {
                text.append(byte)
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isInString = false
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                text.append(byte)
                depth += 1
                let isEmpty = index + 1 < compact.count && isClosing(compact[index + 1])
                if !isEmpty { startLine(&text, depth) }
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                let isEmpty = index > 0 && isOpening(compact[index - 1])
                if !isEmpty { startLine(&text, depth) }
                text.append(byte)
            case UInt8(ascii: ","):
                text.append(byte)
                startLine(&text, depth)
            case UInt8(ascii: ":"):
                text += [byte, UInt8(ascii: " ")]
            default:
                isInString = byte == UInt8(ascii: "\"")
                text.append(byte)
            }
        }
        return text + [UInt8(ascii: "\n")]
    }

    private static func isOpening(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") }
    private static func isClosing(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "}") || byte == UInt8(ascii: "]") }

    private static func startLine(_ text: inout [UInt8], _ depth: Int) {
        text.append(UInt8(ascii: "\n"))
        text += [UInt8](repeating: UInt8(ascii: " "), count: 2 * depth)
    }
}
