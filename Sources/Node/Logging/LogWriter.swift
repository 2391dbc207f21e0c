internal import Dispatch
internal import Synchronization

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// Writes log lines to standard error from a thread of its own, so that a terminal or a pipe that does not read
/// never blocks the loop thread.
public final class LogWriter: Sendable {
    /// Bytes that may wait for a slow reader. Past it lines are dropped and counted: about ten thousand lines, far
    /// more than a healthy reader is ever behind.
    public static let maximumQueuedBytes = 2 << 20

    private struct State {
        var queuedBytes = 0
        var dropped = 0
    }

    private let state = Mutex(State())
    private let queue = DispatchQueue(label: "podoru.log")
    private let descriptor: Int32

    /// A writer to `descriptor`, standard error unless told. It does not close it.
    public init(descriptor: Int32 = 2) {
        self.descriptor = descriptor
    }

    /// Queues one line; drops it when the reader is too far behind.
    func write(_ line: [UInt8]) {
        let accepted = state.withLock { state in
            guard state.queuedBytes + line.count <= LogWriter.maximumQueuedBytes else {
                state.dropped += 1
                return false
            }
            state.queuedBytes += line.count
            return true
        }
        guard accepted else { return }
        queue.async { self.put(line) }
    }

    /// Waits until what is queued has been written. For the end of a process.
    public func flush() {
        queue.sync {}
    }

    private func put(_ line: [UInt8]) {
        writeAll(line)
        let dropped = state.withLock { state in
            state.queuedBytes -= line.count
            defer { state.dropped = 0 }
            return state.dropped
        }
        if dropped > 0 {
            writeAll(Array("podoru: \(dropped) log lines were dropped because standard error is not read fast enough\n".utf8))
        }
    }

    private func writeAll(_ line: [UInt8]) {
        var rest = line[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if written > 0 {
                rest = rest.dropFirst(written)
            } else if errno != EINTR {
                return  // Nobody reads the log any more; the node's work goes on.
            }
        }
    }
}
