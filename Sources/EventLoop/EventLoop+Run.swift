internal import CUV
internal import DequeModule
internal import Platform
internal import Synchronization

extension EventLoop {
    /// Closes every listener, connection and timer, runs what has been posted, and ends the thread.
    ///
    /// Connections close at once with ``CloseReason/loopStopped``: close them gracefully before, where that matters. Name lookups
    /// end with `ECANCELED`, and what the system still does for them is left behind: nothing here waits for another machine.
    /// May be called from anywhere, several times.
    public func stop() async {
        await withUnsafeContinuation { continuation in stop { continuation.resume() } }
    }

    /// ``stop()`` for code that is not asynchronous: blocks the calling thread, which may not be the loop's.
    public func stopAndWait() {
        precondition(!isOnLoop, "the event loop cannot wait for itself")
        let latch = StopLatch()
        stop { latch.open() }
        latch.wait()
    }

    /// ``stop()`` for callbacks: `done` is called once, on some thread.
    public func stop(done: @escaping @Sendable () -> Void) {
        let (hasEnded, isFirst) = inbox.withLock { inbox in
            if case .ended = inbox.phase { return (true, false) }
            inbox.stopWaiters.append(done)
            return (false, !exchange(&inbox.isStopRequested, with: true))
        }
        if hasEnded { done() }
        if isFirst { execute { self.beginStop() } }
    }
}

extension EventLoop {
    /// The loop's thread, from its first instruction to its last.
    ///
    /// It lets go of the loop before it tells those who wait: then they may free it.
    static func runThread(_ argument: UnsafeMutableRawPointer) {
        podoru_uv_detach_this_thread()
        let waiters = CrashReport.withStackForFaults { Unmanaged<EventLoop>.fromOpaque(argument).takeRetainedValue().runUntilStopped() }
        for waiter in waiters { waiter() }
    }

    private func runUntilStopped() -> [@Sendable () -> Void] {
        thread.store(podoru_uv_this_thread(), ordering: .relaxed)
        SystemThread.nameCurrent(name)
        leaveSignalsToOthers()
        uv_update_time(uvLoop)
        scheduleLagMeasurement()
        uv_run(uvLoop, UV_RUN_DEFAULT)
        stopWatching()
        closeLoop()
        drain { _ in .ended(isServed: false) }
        return inbox.withLock { exchange(&$0.stopWaiters, with: []) }
    }

    /// Once in every turn, before the poll.
    func turn() {
        if isWatched { CrashReport.loopTurned(at: turnTime) }
        takeNextTurn()
        runLocal()
        if (local.isEmpty && nextTurn.isEmpty) == isIdling {
            isIdling.toggle()
            if isIdling {
                uv_idle_start(housekeeping.keepTurning) { _ in }
            } else {
                uv_idle_stop(housekeeping.keepTurning)
            }
        }
        if isStopping, openHandles == 0 { closeHousekeeping() }
    }

    private func beginStop() {
        isStopping = true
        for lookup in resolver.lookups { lookup.cancel() }
        uv_walk(
            uvLoop,
            { handle, _ in
                guard let handle, let data = handle.pointee.data, uv_is_closing(handle) == 0 else { return }
                let owner = Unmanaged<AnyObject>.fromOpaque(data).takeUnretainedValue()
                (owner as? any LoopHandle)?.closeForStop()
            }, nil)
    }

    private func closeHousekeeping() {
        guard !isHousekeepingClosed else { return }
        isHousekeepingClosed = true
        // From here on nobody may wake the loop; what they post is run when it has closed.
        inbox.withLock { $0.phase = .ending }
        housekeeping.close()
    }

    private func closeLoop() {
        let code = uv_loop_close(uvLoop)
        assert(code == 0, "a handle or a request outlived its loop")
        isAbandoned = code != 0
    }

    /// Signals of the process are the business of whoever handles them: this thread takes none. What a fault in this
    /// thread raises stays deliverable, and so does a profiler's tick.
    ///
    /// SIGPIPE, whose default action ends the process, is among the blocked: libuv writes with `write` and `writev`, which
    /// have no MSG_NOSIGNAL, so a write to a peer that has gone raises it, always in the thread that writes. The error code
    /// of the write says the same. Blocking it here does the job of ignoring it without a say in the rest of the process.
    private func leaveSignalsToOthers() {
        podoru_uv_leave_signals_to_others()
    }
}

/// Lets one thread wait for the end of a stop.
// Unchecked: libuv's semaphore is made for sharing between threads; it lives as long as this object.
private final class StopLatch: @unchecked Sendable {
    private let semaphore = UnsafeMutablePointer<uv_sem_t>.allocate(capacity: 1)

    init() {
        uv_sem_init(semaphore, 0)
    }

    deinit {
        uv_sem_destroy(semaphore)
        semaphore.deallocate()
    }

    func open() { uv_sem_post(semaphore) }

    func wait() { uv_sem_wait(semaphore) }
}
