internal import EventLoop
internal import Platform
internal import Synchronization

/// Work with an end: what does not come in time is not waited for.
enum Deadline {
    /// The outcome of `body`, or `nil` when it is not there after `time`. What is late goes on by itself, and its outcome is dropped.
    static func race<Outcome: Sendable>(_ time: Duration, _ body: @escaping @Sendable () async -> Outcome) async -> Outcome? {
        await withCheckedContinuation { continuation in
            let race = Race(continuation)
            Task { race.end(await body()) }
            race.end(nil, after: time)
        }
    }

    /// The same for calls that block, such as those of a disk that hangs: on a thread of its own.
    static func blocking<Outcome: Sendable>(_ time: Duration, _ body: @escaping @Sendable () -> Outcome) async -> Outcome? {
        await withCheckedContinuation { continuation in
            let race = Race(continuation)
            if !SystemThread.start(name: "doctor", { race.end(body()) }) { return race.end(nil) }
            race.end(nil, after: time)
        }
    }
}

/// The first end counts.
private final class Race<Outcome: Sendable>: Sendable {
    private let continuation: Mutex<CheckedContinuation<Outcome?, Never>?>

    init(_ continuation: CheckedContinuation<Outcome?, Never>) {
        self.continuation = Mutex(continuation)
    }

    func end(_ outcome: Outcome?) {
        let waiting = continuation.withLock { continuation in
            defer { continuation = nil }
            return continuation
        }
        waiting?.resume(returning: outcome)
    }

    func end(_ outcome: Outcome?, after time: Duration) {
        Task {
            try? await Task.sleep(for: time)
            end(outcome)
        }
    }
}
