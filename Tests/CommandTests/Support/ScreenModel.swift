/// A terminal's screen: what stands on it after some output. Knows the few control sequences that the command uses, and is as strict as
/// a real terminal with the rest: what it does not know is an unknown, which a test can look for.
struct ScreenModel {
    private(set) var rows: [[Character]]
    /// Lines that have left the screen at its upper edge.
    private(set) var scrolled: [String] = []
    private(set) var unknown: [String] = []
    private let columns: Int
    private var row = 0
    private var column = 0
    /// What stood on the first page while the second one is shown.
    private var firstPage: (rows: [[Character]], row: Int, column: Int)?

    init(columns: Int, lines: Int, _ output: some StringProtocol) {
        self.columns = columns
        rows = Array(repeating: Array(repeating: " ", count: columns), count: lines)
        take(output)
    }

    /// The lines without blanks at their ends, and without empty ones at the bottom.
    var text: [String] {
        var lines = rows.map(ScreenModel.text)
        while lines.last?.isEmpty ?? false { lines.removeLast() }
        return lines
    }

    private static func text(_ row: [Character]) -> String {
        var row = row[...]
        while row.last == " " { row.removeLast() }
        return String(row)
    }

    private mutating func take(_ output: some StringProtocol) {
        var rest = Substring(output).unicodeScalars[...]
        while let scalar = rest.popFirst() {
            switch scalar {
            case "\r": column = 0
            case "\n": newLine()
            case "\u{1B}": control(&rest)
            default: put(Character(scalar))
            }
        }
    }

    private mutating func put(_ character: Character) {
        // The cursor waits behind the last column until something comes that needs room.
        if column == columns {
            column = 0
            newLine()
        }
        rows[row][column] = character
        column += 1
    }

    private mutating func newLine() {
        if row + 1 < rows.count {
            row += 1
            return
        }
        scrolled.append(ScreenModel.text(rows.removeFirst()))
        rows.append(Array(repeating: " ", count: columns))
    }

    private mutating func control(_ rest: inout Substring.UnicodeScalarView.SubSequence) {
        guard rest.popFirst() == "[" else { return unknown.append("no CSI") }
        var parameter = ""
        while let scalar = rest.first, !("@"..."~").contains(scalar) {
            parameter.unicodeScalars.append(scalar)
            rest.removeFirst()
        }
        guard let final = rest.popFirst() else { return }
        let place = min(column, columns - 1)
        switch (final, parameter) {
        case ("A", _): (row, column) = (max(0, row - max(1, Int(parameter) ?? 1)), place)
        case ("H", ""): (row, column) = (0, 0)
        case ("J", "2"): for index in rows.indices { clear(index, 0..<columns) }
        case ("J", ""), ("J", "0"):
            clear(row, place..<columns)
            for index in rows.indices where index > row { clear(index, 0..<columns) }
        case ("K", "2"): clear(row, 0..<columns)
        case ("K", ""), ("K", "0"): clear(row, place..<columns)
        case ("m", _), ("h", "?25"), ("l", "?25"): break
        case ("h", "?1049"):
            firstPage = (rows, row, column)
            for index in rows.indices { clear(index, 0..<columns) }
        case ("l", "?1049"):
            if let page = firstPage { (rows, row, column) = page }
            firstPage = nil
        default: unknown.append("\(parameter)\(final)")
        }
    }

    private mutating func clear(_ row: Int, _ range: Range<Int>) {
        for column in range { rows[row][column] = " " }
    }
}
