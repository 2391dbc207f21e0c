internal import Platform
internal import Synchronization
internal import SystemPackage

/// What standard output is: a terminal of some size, with or without colours, or a file.
package struct OutputPlace {
    package var isTerminal: Bool
    /// Columns and lines of a terminal.
    package var width: Int?
    package var height: Int?
    package var hasColours: Bool

    package init(isTerminal: Bool, width: Int? = nil, height: Int? = nil, hasColours: Bool) {
        self.isTerminal = isTerminal
        self.width = width
        self.height = height
        self.hasColours = hasColours
    }

    /// What a terminal that does not say its size is taken to have.
    private static let standardWidth = 80
    private static let standardHeight = 24

    /// Looked at now: a window can change its size.
    package static var standardOutput: OutputPlace {
        let output = FileDescriptor.standardOutput
        guard output.isTerminal else { return OutputPlace(isTerminal: false, hasColours: false) }
        let size = output.terminalSize ?? (standardWidth, standardHeight)
        return OutputPlace(
            isTerminal: true, width: size.columns, height: size.rows,
            hasColours: ProcessVariables.nonEmpty("NO_COLOR") == nil && ProcessVariables["TERM"] != "dumb")
    }
}

/// A screen that is drawn again and again, on the terminal's second page, so that what stood there before comes back.
package final class WatchScreen: Sendable {
    private struct Content {
        var isOpen = false
        var last: [String] = []
    }

    private let content = Mutex(Content())

    package init() {}

    /// Draws `lines` over what is there: in one write and without clearing first, so that nothing flickers.
    package func draw(_ lines: [String]) {
        content.withLock { content in
            var text = content.isOpen ? "" : "\u{1B}[?1049h\u{1B}[?25l"
            content.isOpen = true
            content.last = lines
            // Each line is cleared before it is written: behind its last column, clearing would take the last character with it.
            text += "\u{1B}[H" + lines.map { "\u{1B}[K" + $0 }.joined(separator: "\r\n") + "\u{1B}[0J"
            try? StandardOutput.put(Array(text.utf8))
        }
    }

    /// Gives the terminal back with the last picture on it and ends the process with 0. Nothing is drawn after it: the lock
    /// stays held.
    package func endProcess() -> Never {
        content.withLock { content in
            if content.isOpen {
                let picture = content.last.joined(separator: "\n")
                try? StandardOutput.put(Array("\u{1B}[?25h\u{1B}[?1049l\(picture)\n".utf8))
            }
            ThisProcess.exit(0)
        }
    }
}
