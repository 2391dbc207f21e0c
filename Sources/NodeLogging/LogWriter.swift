internal import Dispatch
internal import Logging
internal import Platform
internal import Synchronization
internal import SystemPackage
internal import WholeFiles

/// Writes log lines to standard error from a thread of its own, so that a terminal or a pipe that does not read
/// never blocks the loop thread.
public final class LogWriter: Sendable {
    /// Bytes that may wait for a slow reader. Past it lines are dropped and counted: about ten thousand lines, far
    /// more than a healthy reader is ever behind.
    public static let maxQueuedBytes = 2 << 20

    private struct State {
        var filter = RepeatFilter()
        /// Whether the end of a window is waited for.
        var isWaiting = false
        var queuedBytes = 0
        var dropped = 0
    }

    private let state = Mutex(State())
    private let queue = DispatchQueue(label: "podoru.log")
    private let descriptor: FileDescriptor
    private let line: LogLine

    /// A writer to `descriptor`, standard error unless told. It does not close it.
    public convenience init(format: LogFormat, descriptor: Int32 = 2) {
        self.init(LogLine(format: format, underJournald: JournalStream.isBehind(descriptor)), descriptor: descriptor)
    }

    init(_ line: LogLine, descriptor: Int32) {
        self.line = line
        self.descriptor = FileDescriptor(rawValue: descriptor)
    }

    /// Takes what a logger says: one line, or none while the same is said again and again.
    func log(level: Logger.Level, label: String, message: String, metadata: Logger.Metadata) {
        let said = RepeatFilter.Line(level: level, body: line.body(level: level, label: label, message: message, metadata: metadata))
        let kind = Array("\(label): \(message)".utf8)
        put { $0.take(said, kind: kind, at: SystemClock.uptime) }
    }

    /// Waits until what was said has been written, with what was only counted so far. For the end of a process.
    public func flush() {
        put { $0.flush() }
        queue.sync {}
    }

    /// Queues what the filter has to tell; drops it when the reader is too far behind.
    private func put(_ outputs: (inout RepeatFilter) -> [RepeatFilter.Output]) {
        let now = SystemClock.unixMilliseconds
        state.withLock { state in
            for output in outputs(&state.filter) {
                let bytes = line.render(output, unixMilliseconds: now)
                guard state.queuedBytes + bytes.count <= LogWriter.maxQueuedBytes else {
                    state.dropped += 1
                    continue
                }
                state.queuedBytes += bytes.count
                queue.async { self.write(bytes) }
            }
            guard state.filter.isCounting, !state.isWaiting else { return }
            state.isWaiting = true
            queue.asyncAfter(deadline: .now() + .nanoseconds(Int(RepeatFilter.window))) { [weak self] in self?.tellNumbers() }
        }
    }

    /// A number is told soon after its window, also when nobody says anything more.
    private func tellNumbers() {
        state.withLock { $0.isWaiting = false }
        put { $0.due(at: SystemClock.uptime) }
    }

    private func write(_ bytes: [UInt8]) {
        writeAll(bytes)
        let dropped = state.withLock { state in
            state.queuedBytes -= bytes.count
            defer { state.dropped = 0 }
            return state.dropped
        }
        guard dropped > 0 else { return }
        let message = "log lines were dropped because standard error is not read fast enough"
        let body = line.body(level: .warning, label: "log", message: message, metadata: ["lines": "\(dropped)"])
        writeAll(line.render(RepeatFilter.Output(line: .init(level: .warning, body: body)), unixMilliseconds: SystemClock.unixMilliseconds))
    }

    private func writeAll(_ line: [UInt8]) {
        // When nobody reads the log any more, the node's work goes on.
        try? descriptor.writeWhole(line, waits: false)
    }
}
