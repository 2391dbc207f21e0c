internal import Logging
internal import Primitives

/// Keeps what is said again and again from filling the log: a line that was told is counted while it is said again, and so are lines of
/// one message beyond what a person reads. Their number is told when the window ends.
struct RepeatFilter {
    /// A line before it has its time.
    struct Line: Hashable {
        var level: Logger.Level
        /// As `LogLine.body` makes it.
        var body: [UInt8]
    }

    /// What is to be written.
    struct Output: Hashable {
        var line: Line
        /// How often the same was said since it was told; 0 for a line that is told for the first time.
        var repeated = 0
        /// How many others of this message were left out; 0 for none.
        var also = 0
    }

    /// How long repetitions are only counted: a flood is two lines in this time, and an operator who acts twice still sees it soon.
    static let window: Nanoseconds = .seconds(5)
    /// Lines of one message in a window, 20 a second: a full node's peers may all connect within some windows, each with its line.
    static let likes = 100

    private var same = Windows(allowance: 1)
    private var alike = Windows(allowance: likes)

    /// Takes a line.
    ///
    /// - Parameter kind: what lines of one message have in common.
    /// - Returns: what is to be written now, in this order.
    mutating func take(_ line: Line, kind: [UInt8], at now: Nanoseconds) -> [Output] {
        var outputs = due(at: now)
        // Rare, and too much to keep.
        guard line.body.count <= Windows.maxBytes else { return outputs + [Output(line: line)] }
        let isRepeated = !same.admits(line, key: line.body, at: now, &outputs, RepeatFilter.repetition)
        if isRepeated { return outputs }
        if alike.admits(line, key: kind, at: now, &outputs, RepeatFilter.others) { outputs.append(Output(line: line)) }
        return outputs
    }

    /// The numbers of the windows that have ended.
    mutating func due(at now: Nanoseconds) -> [Output] {
        var outputs: [Output] = []
        same.end(before: now - RepeatFilter.window, &outputs, RepeatFilter.repetition)
        alike.end(before: now - RepeatFilter.window, &outputs, RepeatFilter.others)
        return outputs
    }

    /// Ends all windows.
    mutating func flush() -> [Output] { due(at: .max) }

    /// Whether something is counted that has not been told yet.
    var isCounting: Bool { same.isCounting || alike.isCounting }

    /// The lines that are remembered.
    var count: Int { same.count + alike.count }

    private static func repetition(_ line: Line, _ count: Int) -> Output { Output(line: line, repeated: count) }
    private static func others(_ line: Line, _ count: Int) -> Output { Output(line: line, also: count - 1) }
}

/// What was said of late under some keys, and how much of it was left out. Windows begin with the first line of a key.
private struct Windows {
    /// Keys that are remembered at once: more different ones in five seconds are no repetition. With `maxBytes` it bounds the memory.
    static let maxKeys = 64
    /// A longer line is told each time.
    static let maxBytes = 2048

    private struct Entry {
        let key: [UInt8]
        let since: Nanoseconds
        var told = 1
        var leftOut = 0
        /// The last one that was left out.
        var last: RepeatFilter.Line
    }

    /// Lines of a key that are told in a window.
    let allowance: Int
    /// In the order of their beginning.
    private var entries: [Entry] = []

    init(allowance: Int) { self.allowance = allowance }

    var count: Int { entries.count }
    var isCounting: Bool { entries.contains { $0.leftOut > 0 } }

    /// Whether a line may be told; counts it otherwise.
    mutating func admits(
        _ line: RepeatFilter.Line, key: [UInt8], at now: Nanoseconds, _ outputs: inout [RepeatFilter.Output],
        _ summary: (RepeatFilter.Line, Int) -> RepeatFilter.Output
    ) -> Bool {
        if let index = entries.firstIndex(where: { $0.last.level == line.level && $0.key == key }) {
            if entries[index].told < allowance {
                entries[index].told += 1
                return true
            }
            entries[index].leftOut += 1
            entries[index].last = line
            return false
        }
        if entries.count == Windows.maxKeys { close(entries.removeFirst(), &outputs, summary) }
        entries.append(Entry(key: key, since: now, last: line))
        return true
    }

    /// Ends the windows that began before `moment`.
    mutating func end(
        before moment: Nanoseconds, _ outputs: inout [RepeatFilter.Output], _ summary: (RepeatFilter.Line, Int) -> RepeatFilter.Output
    ) {
        while let first = entries.first, first.since <= moment { close(entries.removeFirst(), &outputs, summary) }
    }

    private func close(
        _ entry: Entry, _ outputs: inout [RepeatFilter.Output], _ summary: (RepeatFilter.Line, Int) -> RepeatFilter.Output
    ) {
        if entry.leftOut > 0 { outputs.append(summary(entry.last, entry.leftOut)) }
    }
}
