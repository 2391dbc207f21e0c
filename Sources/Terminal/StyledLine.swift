/// A line of a screen: pieces of text with a meaning each, which becomes a colour where there are colours.
package struct StyledLine: Hashable, Sendable {
    package enum Style: Hashable, Sendable {
        case plain, dim, strong, good, doubtful, bad

        /// The parameter of the terminal's "select graphic rendition"; colours from the terminal's own palette.
        fileprivate var code: String? {
            switch self {
            case .plain: nil
            case .dim: "2"
            case .strong: "1"
            case .good: "32"
            case .doubtful: "33"
            case .bad: "31"
            }
        }
    }

    package struct Piece: Hashable, Sendable {
        package var text: String
        package var style: Style
    }

    package private(set) var pieces: [Piece] = []

    package init(_ text: String = "", _ style: Style = .plain) {
        add(text, style)
    }

    package mutating func add(_ text: String, _ style: Style = .plain) {
        if !text.isEmpty { pieces.append(Piece(text: StatusText.printable(text), style: style)) }
    }

    /// Fills with blanks up to a column, and by one blank at least.
    package mutating func pad(to column: Int) {
        add(String(repeating: " ", count: max(1, column - count)))
    }

    /// Columns that it takes, where each character takes one.
    var count: Int { pieces.reduce(0) { $0 + $1.text.count } }

    /// The line as text, cut at `width` with an ellipsis, without blanks at its end.
    package func text(width: Int?, hasColours: Bool) -> String {
        var room = width ?? .max
        let isCut = count > room
        if isCut { room -= 1 }
        var text = ""
        for piece in pieces where room > 0 {
            let part = piece.text.prefix(room)
            room -= part.count
            if hasColours, let code = piece.style.code { text += "\u{1B}[\(code)m\(part)\u{1B}[0m" } else { text += part }
        }
        if isCut { return text + "…" }
        while text.last == " " { text.removeLast() }
        return text
    }

    /// `text` broken at blanks into lines of at most `width` columns; `first` begins the first line, and blanks of its length
    /// the others.
    package static func wrapped(_ text: String, first: String, style: Style, width: Int?) -> [StyledLine] {
        let indent = String(repeating: " ", count: first.count)
        let room = max(20, (width ?? .max) - first.count)
        var lines: [String] = []
        for word in StatusText.printable(text).split(separator: " ") {
            if let last = lines.last, last.count + 1 + word.count <= room {
                lines[lines.count - 1] = last + " " + word
            } else {
                lines.append(String(word))
            }
        }
        return lines.enumerated().map { index, line in
            var styled = StyledLine(index == 0 ? first : indent, style)
            styled.add(line, style)
            return styled
        }
    }
}
