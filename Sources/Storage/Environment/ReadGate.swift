internal import Platform

/// Counts the read snapshots that are open in this process, bounds them, and lets a resize of the map happen only
/// between them: LMDB unmaps the file while it resizes, so a snapshot that is open then would read freed addresses.
///
/// A resize that waits keeps new readers out (a turnstile), so a stream of readers cannot starve it. Snapshots
/// last as long as one copy out of the map, so both sides wait for microseconds to a few milliseconds.
/// A thread must not open a snapshot inside another one: with a resize waiting between the two it would wait for itself.
final class ReadGate: Sendable {
    private struct State {
        var readers = 0
        var resizing = false
        /// Transactions that are reset and can be renewed for 0.3 µs instead of 1 µs: at most `maxReaders`.
        var idle: [ReadHandle] = []
    }

    private let state = Monitor(State())
    private let maxReaders: Int

    init(maxReaders: Int) {
        self.maxReaders = maxReaders
    }

    /// Waits for a place among the readers; gives an idle transaction to renew when there is one.
    func enter() -> ReadHandle? {
        state.wait { state in
            guard !state.resizing, state.readers < maxReaders else { return nil }
            state.readers += 1
            return .some(state.idle.popLast())
        }
    }

    /// Leaves; `handle` is the reset transaction for the next reader.
    func leave(_ handle: ReadHandle?) {
        state.withLockThenWake { state in
            state.readers -= 1
            if let handle { state.idle.append(handle) }
        }
    }

    /// Runs `body` while no reader is inside.
    func withoutReaders<R>(_ body: () throws(StoreError) -> R) throws(StoreError) -> R {
        state.wait { state -> Void? in
            guard !state.resizing else { return nil }
            state.resizing = true
            return ()
        }
        state.wait { $0.readers == 0 ? () : nil }
        defer { state.withLockThenWake { $0.resizing = false } }
        return try body()
    }

    /// Takes the idle transactions out, for closing.
    func drain() -> [ReadHandle] {
        state.withLock { state in
            defer { state.idle = [] }
            return state.idle
        }
    }
}

/// A reset read transaction on its way between threads.
// Sendable: MDB_NOTLS ties the reader slot to the transaction, not to a thread, and one owner at a time uses it.
struct ReadHandle: @unchecked Sendable {
    let pointer: OpaquePointer
}
