internal import CUV
internal import DequeModule
internal import Synchronization

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

extension EventLoop {
    /// Closes every listener, connection and timer, runs what has been posted, and ends the thread.
    ///
    /// Connections close at once with ``CloseReason/loopStopped``: close them gracefully before, where that matters.
    /// May be called from anywhere, several times; every caller gets the same outcome.
    ///
    /// - Parameter deadline: how long to wait for name lookups that the system has under way; they cannot be interrupted.
    /// - Throws: code `EBUSY` when a lookup outlasted the deadline. The thread has ended all the same; the few kilobytes
    ///   that the lookup may still touch stay allocated.
    public func stop(within deadline: Duration = EventLoopLimits.stopDeadline) async throws(EventLoopError) {
        let error = await withUnsafeContinuation { (continuation: UnsafeContinuation<EventLoopError?, Never>) in
            stop(within: deadline) { continuation.resume(returning: $0) }
        }
        if let error { throw error }
    }

    /// ``stop(within:)`` for code that is not asynchronous: blocks the calling thread, which may not be the loop's.
    public func stopAndWait(within deadline: Duration = EventLoopLimits.stopDeadline) throws(EventLoopError) {
        precondition(!isOnLoop, "the event loop cannot wait for itself")
        let latch = StopLatch()
        stop(within: deadline) { latch.open($0) }
        if let error = latch.wait() { throw error }
    }

    /// ``stop(within:)`` for callbacks: `done` is called once, on some thread, with what went wrong if anything did.
    public func stop(
        within deadline: Duration = EventLoopLimits.stopDeadline, done: @escaping @Sendable (EventLoopError?) -> Void
    ) {
        let (outcome, isFirst): (EventLoopError??, Bool) = inbox.withLock { inbox in
            if case .ended(let error, _) = inbox.phase { return (.some(error), false) }
            inbox.stopWaiters.append(done)
            return (nil, !exchange(&inbox.isStopRequested, with: true))
        }
        if let outcome { done(outcome) }
        if isFirst { execute { self.beginStop(within: deadline) } }
    }
}

extension EventLoop {
    /// The loop's thread, from its first instruction to its last.
    ///
    /// It lets go of the loop before it tells those who wait: then they may free it.
    static func runThread(_ argument: UnsafeMutableRawPointer) {
        pthread_detach(pthread_self())
        let (waiters, error) = Unmanaged<EventLoop>.fromOpaque(argument).takeRetainedValue().runUntilStopped()
        for waiter in waiters { waiter(error) }
    }

    private func runUntilStopped() -> (waiters: [@Sendable (EventLoopError?) -> Void], error: EventLoopError?) {
        thread.store(UInt(pthread_self()), ordering: .relaxed)
        podoru_uv_name_thread(name)
        leaveSignalsToOthers()
        uv_update_time(uvLoop)
        scheduleLagMeasurement()
        uv_run(uvLoop, UV_RUN_DEFAULT)
        let error = closeLoop()
        drain { _ in .ended(error, isServed: false) }
        return (inbox.withLock { exchange(&$0.stopWaiters, with: []) }, error)
    }

    /// Once in every turn, before the poll.
    func turn() {
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
        if isStopping, openHandles == 0, resolver.isIdle { closeHousekeeping() }
    }

    private func beginStop(within deadline: Duration) {
        isStopping = true
        for lookup in resolver.lookups { lookup.cancel() }
        uv_walk(
            uvLoop,
            { handle, _ in
                guard let handle, let data = handle.pointee.data, uv_is_closing(handle) == 0 else { return }
                let owner = Unmanaged<AnyObject>.fromOpaque(data).takeUnretainedValue()
                (owner as? any LoopHandle)?.closeForStop()
            }, nil)
        uv_timer_start(
            housekeeping.stopTimer,
            { handle in
                guard let loop = EventLoop.of(handle?.pointee.loop) else { return }
                loop.closeHousekeeping()
                uv_stop(loop.uvLoop)
            }, deadline.wholeMilliseconds, 0)
    }

    private func closeHousekeeping() {
        guard !isHousekeepingClosed else { return }
        isHousekeepingClosed = true
        // From here on nobody may wake the loop; what they post is run when it has closed.
        inbox.withLock { $0.phase = .ending }
        housekeeping.close()
    }

    private func closeLoop() -> EventLoopError? {
        let code = uv_loop_close(uvLoop)
        guard code != 0 else { return nil }
        isAbandoned = true
        return EventLoopError(.stop, code: .init(uv: code), text: "\(resolver.runningCount) name lookups were still under way")
    }

    /// Signals of the process are the business of whoever handles them: this thread takes none. What a fault in this
    /// thread raises stays deliverable, and so does a profiler's tick.
    ///
    /// SIGPIPE, whose default action ends the process, is among the blocked: libuv writes with `write` and `writev`, which
    /// have no MSG_NOSIGNAL, so a write to a peer that has gone raises it, always in the thread that writes. The error code
    /// of the write says the same. Blocking it here does the job of ignoring it without a say in the rest of the process.
    private func leaveSignalsToOthers() {
        var signals = sigset_t()
        sigfillset(&signals)
        for signal in [SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS, SIGPROF] { sigdelset(&signals, signal) }
        pthread_sigmask(SIG_BLOCK, &signals, nil)
    }
}

/// Lets one thread wait for the outcome of a stop.
// Unchecked: libuv's semaphore is made for sharing between threads; it lives as long as this object.
private final class StopLatch: @unchecked Sendable {
    private let semaphore = UnsafeMutablePointer<uv_sem_t>.allocate(capacity: 1)
    private let error = Mutex<EventLoopError?>(nil)

    init() {
        uv_sem_init(semaphore, 0)
    }

    deinit {
        uv_sem_destroy(semaphore)
        semaphore.deallocate()
    }

    func open(_ error: EventLoopError?) {
        self.error.withLock { $0 = error }
        uv_sem_post(semaphore)
    }

    func wait() -> EventLoopError? {
        uv_sem_wait(semaphore)
        return error.withLock { $0 }
    }
}
