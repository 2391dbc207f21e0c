/// Reads Swift far enough to tell code from comments and from the text of strings.
struct CodeScanner {
    private enum Room {
        /// With so many parentheses open; an interpolation ends where they run out.
        case code(parentheses: Int)
        case string(hashes: Int, isMultiline: Bool)
    }

    private let text: [UInt8]
    private var index = 0
    private var rooms: [Room] = [.code(parentheses: 0)]
    private var result: [UInt8] = []

    /// `text` with comments and the text of strings taken out; lines and interpolations stay.
    static func code(of text: [UInt8]) -> [UInt8] {
        var scanner = CodeScanner(text: text)
        scanner.result.reserveCapacity(text.count)
        while scanner.index < text.count { scanner.step() }
        return scanner.result
    }

    private init(text: [UInt8]) { self.text = text }

    private func sees(_ word: StaticString, at start: Int) -> Bool {
        guard start + word.utf8CodeUnitCount <= text.count else { return false }
        return (0..<word.utf8CodeUnitCount).allSatisfy { text[start + $0] == word.utf8Start[$0] }
    }

    private mutating func keep() {
        result.append(text[index])
        index += 1
    }

    private mutating func step() {
        switch rooms.last {
        case .string(let hashes, let isMultiline): stepString(hashes, isMultiline)
        case .code(let parentheses): stepCode(parentheses)
        case nil: rooms = [.code(parentheses: 0)]
        }
    }

    private mutating func stepCode(_ parentheses: Int) {
        if sees("//", at: index) {
            while index < text.count, text[index] != UInt8(ascii: "\n") { index += 1 }
        } else if sees("/*", at: index) {
            while index < text.count, !sees("*/", at: index) {
                if text[index] == UInt8(ascii: "\n") { result.append(text[index]) }
                index += 1
            }
            index = min(index + 2, text.count)
        } else if let hashes = openingHashes {
            let isMultiline = sees("\"\"\"", at: index + hashes)
            index += hashes + (isMultiline ? 3 : 1)
            rooms.append(.string(hashes: hashes, isMultiline: isMultiline))
        } else if text[index] == UInt8(ascii: "(") {
            rooms[rooms.count - 1] = .code(parentheses: parentheses + 1)
            keep()
        } else if text[index] == UInt8(ascii: ")") {
            if parentheses == 0, rooms.count > 1 {
                rooms.removeLast()
            } else {
                rooms[rooms.count - 1] = .code(parentheses: parentheses - 1)
            }
            keep()
        } else {
            keep()
        }
    }

    /// The hashes in front of a quote that begins here; `nil` where no string does.
    private var openingHashes: Int? {
        var end = index
        while end < text.count, text[end] == UInt8(ascii: "#") { end += 1 }
        return end < text.count && text[end] == UInt8(ascii: "\"") ? end - index : nil
    }

    private func hasHashes(_ count: Int, at start: Int) -> Bool {
        start + count <= text.count && text[start..<start + count].allSatisfy { $0 == UInt8(ascii: "#") }
    }

    private mutating func stepString(_ hashes: Int, _ isMultiline: Bool) {
        let quotes = isMultiline ? 3 : 1
        if text[index] == UInt8(ascii: "\\"), hasHashes(hashes, at: index + 1) {
            index += 1 + hashes
            guard index < text.count else { return }
            let isInterpolation = text[index] == UInt8(ascii: "(")
            if isInterpolation { rooms.append(.code(parentheses: 0)) }
            if isInterpolation || text[index] == UInt8(ascii: "\n") { keep() } else { index += 1 }
        } else if isMultiline ? sees("\"\"\"", at: index) : text[index] == UInt8(ascii: "\""), hasHashes(hashes, at: index + quotes) {
            index += quotes + hashes
            result += [UInt8(ascii: "\""), UInt8(ascii: "\"")]
            rooms.removeLast()
        } else if text[index] == UInt8(ascii: "\n") {
            keep()
            if !isMultiline { rooms.removeLast() }
        } else {
            index += 1
        }
    }
}
