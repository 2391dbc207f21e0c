internal import Node
internal import NodeClient
internal import Platform
internal import Primitives
internal import Supervisor
internal import Terminal

/// The devnet's board as lines for a person. Pure: the same values give the same lines.
struct DevnetTable {
    /// Columns; `nil` where nobody cuts, as in a file.
    var width: Int?
    /// Lines that there is room for; `nil` without an end.
    var height: Int?

    /// Columns that the last one, how a node fares, needs: `in step, 12345 synced`, `syncing to 123456, 1234/s`.
    private static let stateWidth = 24
    /// Which columns give way on a narrow terminal, the first one first.
    private static let leastWanted = ["p2p", "pid", "pool", "peers", "api", "head", "height"]

    private struct Column {
        var title: String
        var isRight = false
        var cells: [String]

        var width: Int { max(title.count, cells.map(\.count).max() ?? 0) }
    }

    /// - Parameters:
    ///   - now: in milliseconds of the clock's uptime.
    ///   - program: what this command is called with, for commands to paste.
    func lines(_ board: DevnetBoard, elapsed: String, note: String, now: Int64, program: String) -> [String] {
        let measured = [
            "", "hop (frame received to relayed)    \(board.hops.summary)",
            "propagation (first node to others) \(board.propagation.summary)",
            "transactions in blocks             \(board.transactionsSeen)",
        ]
        let hints = hints(board, program)
        let title = ["podoru devnet  \(elapsed)  \(note)", ""]
        let room = height.map { $0 - title.count - 1 - measured.count } ?? .max
        let hasHints = board.nodes.count + hints.count <= room
        let rows = rows(board, room: max(1, room), now: now)
        let all = title + rows + measured + (hasHints ? hints : [])
        return Array(all.prefix(height ?? .max))
    }

    // MARK: Nodes

    /// The head of the table, a line each for as many nodes as there is room for, and one for the rest.
    private func rows(_ board: DevnetBoard, room: Int, now: Int64) -> [String] {
        let states = board.nodes.indices.map { board.state(of: $0, at: now) }
        var shown = Array(board.nodes.indices)
        if shown.count > room {
            // What does not fare well is what one looks for.
            let wanted = shown.filter { states[$0] != .inStep } + shown.filter { states[$0] == .inStep }
            shown = wanted.prefix(max(0, room - 1)).sorted()
        }
        let columns = fitting(columns(board, states))
        let lines = [line(columns) { $0.title }] + shown.map { index in line(columns) { $0.cells[index] } }
        let hidden = board.nodes.indices.filter { !shown.contains($0) }
        guard !hidden.isEmpty else { return lines }
        let troubled = hidden.count { states[$0] != .inStep }
        return lines + ["… and \(hidden.count) more, \(troubled == 0 ? "all in step" : "\(troubled) not in step")"]
    }

    private func columns(_ board: DevnetBoard, _ states: [DevnetBoard.State]) -> [Column] {
        func column(_ title: String, isRight: Bool = false, _ cell: (DevnetBoard.NodeLine) -> String) -> Column {
            Column(title: title, isRight: isRight, cells: board.nodes.map(cell))
        }
        return [
            column("node") { $0.name },
            column("pid", isRight: true) { $0.processID.map { "\($0)" } ?? "" },
            column("p2p") { "\($0.port)" },
            column("api") { $0.api.map { String($0.split(separator: ":").last ?? "") } ?? "" },
            column("height", isRight: true) { "\($0.status.height)" },
            column("head") { String($0.status.hash.hex.prefix(8)) },
            Column(title: "peers", isRight: true, cells: board.nodes.indices.map { "\(board.peerCount(of: $0))" }),
            column("pool", isRight: true) { "\($0.status.mempool)" },
            Column(title: "state", cells: zip(board.nodes, states).map { text($1, $0) }),
        ].filter { $0.title != "api" || $0.cells.contains { !$0.isEmpty } }
    }

    /// The columns that leave room for the last one.
    private func fitting(_ columns: [Column]) -> [Column] {
        guard let width else { return columns }
        var columns = columns
        for title in DevnetTable.leastWanted {
            let taken = columns.dropLast().reduce(0) { $0 + $1.width + 2 }
            if taken + DevnetTable.stateWidth <= width { break }
            columns.removeAll { $0.title == title }
        }
        return columns
    }

    private func line(_ columns: [Column], _ cell: (Column) -> String) -> String {
        var text = columns.map { column in
            let blanks = String(repeating: " ", count: column.width - cell(column).count)
            return column.isRight ? blanks + cell(column) : cell(column) + blanks
        }.joined(separator: "  ")
        while text.last == " " { text.removeLast() }
        return text
    }

    private func text(_ state: DevnetBoard.State, _ node: DevnetBoard.NodeLine) -> String {
        switch state {
        case .notStarted: "not started"
        case .starting: "starting"
        case .inStep: node.blocksBySync == 0 ? "in step" : "in step, \(node.blocksBySync) synced"
        case .noAnswer(let seconds): "no answer for \(StatusText.duration(seconds))"
        case .syncing(let target, let rate): "syncing to \(target), \(rate)/s"
        case .behind(let count): "\(count) behind"
        case .down(.code(0), nil): "ended"
        case .down(let ending, nil): "down: \(ending)"
        case .down(_, let seconds?): "down, back in \(seconds) s"
        }
    }

    // MARK: Hints

    private func hints(_ board: DevnetBoard, _ program: String) -> [String] {
        guard let api = board.nodes.first(where: { $0.api != nil && $0.ending == nil })?.api else { return [] }
        let option = api == APIAddress.standard.description ? "" : " --api \(api)"
        let words = "status --watch\(option)"
        // A command that is cut is none.
        let name = "watch one:  \(program) \(words)".count <= width ?? .max ? program : "podoru"
        return ["", "ask a node: curl \(api)/api/v1/node/info", "watch one:  \(name) \(words)"]
    }
}
