internal import Node
internal import Platform
internal import Supervisor
internal import SystemPackage
internal import Terminal

/// Shows the board: drawn in place on a terminal, as a line now and then elsewhere.
final class DevnetScreen {
    /// Seconds between two lines where nobody draws.
    private static let lineInterval: Int64 = 5
    /// Drawings a second at most.
    private static let drawMilliseconds: Int64 = 400

    private let program = CommandLine.arguments.first ?? "podoru"
    private var drawnLines = 0
    private var drawnPlace: OutputPlace?
    private var lastDrawn: Int64 = 0
    private var lastLine: Int64 = -1

    /// - Parameter elapsed: seconds since the beginning.
    func show(_ board: DevnetBoard, elapsed: Int64, note: String) {
        let place = OutputPlace.standardOutput
        let now = SystemClock.uptimeMilliseconds
        if place.isTerminal {
            guard now - lastDrawn >= DevnetScreen.drawMilliseconds else { return }
            lastDrawn = now
            draw(board, elapsed, note, on: place)
        } else if elapsed / DevnetScreen.lineInterval != lastLine {
            lastLine = elapsed / DevnetScreen.lineInterval
            if lastLine == 0 { put(addresses(board)) }
            let heights = board.nodes.indices.map { "\(board.nodes[$0].name) \(height(board, $0, now))" }.joined(separator: "  ")
            put("\(elapsed) s  heights: \(heights)  hop \(board.hops.summary)  propagation \(board.propagation.summary)\n")
        }
    }

    /// What happened to a node, where nobody draws it.
    func tell(_ event: String, elapsed: Int64) {
        if !OutputPlace.standardOutput.isTerminal { put("\(elapsed) s  \(event)\n") }
    }

    private func height(_ board: DevnetBoard, _ node: Int, _ now: Int64) -> String {
        switch board.state(of: node, at: now) {
        case .notStarted, .starting: "-"
        case .down: "down"
        case .noAnswer: "no answer"
        case .inStep, .behind, .syncing: "\(board.nodes[node].status.height)"
        }
    }

    /// Where the nodes are, once, for a log.
    private func addresses(_ board: DevnetBoard) -> String {
        board.nodes.map { node in
            let process = node.processID.map { "  pid \($0)" } ?? ""
            return "\(node.name)\(process)  p2p 127.0.0.1:\(node.port)\(node.api.map { "  api \($0)" } ?? "")\n"
        }.joined()
    }

    /// The last picture, which stays.
    func close(_ board: DevnetBoard, elapsed: Int64) {
        let place = OutputPlace.standardOutput
        if place.isTerminal { return draw(board, elapsed, "ended", on: place) }
        let table = DevnetTable(width: nil, height: nil)
        let lines = table.lines(board, elapsed: "\(elapsed) s", note: "ended", now: SystemClock.uptimeMilliseconds, program: program)
        put(lines.joined(separator: "\n") + "\n")
    }

    /// Draws over the picture before, which the cursor stands below.
    private func draw(_ board: DevnetBoard, _ elapsed: Int64, _ note: String, on place: OutputPlace) {
        // The cursor's line is one too.
        let table = DevnetTable(width: place.width, height: place.height.map { max(1, $0 - 1) })
        let lines = table.lines(board, elapsed: "\(elapsed) s", note: note, now: SystemClock.uptimeMilliseconds, program: program)
        var text = "\r"
        if let before = drawnPlace, before.width != place.width || before.height != place.height {
            // A terminal may have broken the lines anew: nothing stands where it was drawn.
            text += "\u{1B}[H\u{1B}[2J"
        } else if drawnLines > 0 {
            text += "\u{1B}[\(drawnLines)A"
        }
        // A line that wraps would be two, and the next picture would stand below this one. Each is cleared before it is written: behind the
        // last column, clearing would take the last character with it.
        for line in lines { text += "\u{1B}[2K" + StyledLine(line).text(width: place.width, hasColours: false) + "\n" }
        // The picture before may have had more lines.
        put(text + "\u{1B}[J")
        drawnLines = lines.count
        drawnPlace = place
    }

    private func put(_ text: String) {
        try? FileDescriptor.standardOutput.writeWhole(Array(text.utf8))
    }
}
