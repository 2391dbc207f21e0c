internal import CUV
internal import DequeModule
internal import Synchronization

extension EventLoop: SerialExecutor, TaskExecutor {
    public func enqueue(_ job: consuming ExecutorJob) {
        enqueue(.job(UnownedJob(job)))
    }

    public func checkIsolated() {
        preconditionOnLoop()
    }

    public func isIsolatingCurrentContext() -> Bool? {
        isOnLoop
    }

    /// Runs `body` on the loop, soon, after what was posted before from the same thread.
    ///
    /// Never runs it inside the call. From another thread: a mutex, and one system call to wake the loop if nobody has yet.
    /// On the loop: an append. After the loop has stopped the body still runs, on a thread of its own, where sockets and
    /// timers are closed.
    public func execute(_ body: @escaping @Sendable () -> Void) {
        enqueue(.body(body))
    }

    /// Runs `body` in the next turn, after the sockets were looked at once more, whatever else is posted meanwhile. On the loop only.
    ///
    /// For work that comes in pieces: what arrives between two pieces is answered between them.
    public func executeNextTurn(_ body: @escaping @Sendable () -> Void) {
        preconditionOnLoop()
        nextTurn.append(.body(body))
    }

    /// Runs `body` on the loop and returns its result.
    @discardableResult
    public func perform<Result: Sendable, Failure: Error>(
        _ body: @escaping @Sendable () throws(Failure) -> Result
    ) async throws(Failure) -> Result {
        let result = await withUnsafeContinuation { (continuation: UnsafeContinuation<Swift.Result<Result, Failure>, Never>) in
            execute {
                do throws(Failure) {
                    continuation.resume(returning: .success(try body()))
                } catch {
                    continuation.resume(returning: .failure(error))
                }
            }
        }
        return try result.get()
    }

    private func enqueue(_ work: Work) {
        if isOnLoop {
            local.append(work)
            return
        }
        let mustServe = inbox.withLock { inbox in
            inbox.work.append(work)
            switch inbox.phase {
            case .running:
                // Sent under the lock: once the phase has changed the handle is closed, and sending would abort.
                if !inbox.isWoken {
                    inbox.isWoken = true
                    uv_async_send(housekeeping.wake)
                }
                return false
            case .ending:
                return false
            case .ended(isServed: true):
                return false
            case .ended(isServed: false):
                inbox.phase = .ended(isServed: true)
                return true
            }
        }
        if mustServe { serveAfterEnd() }
    }
}

extension EventLoop {
    /// Runs one turn's worth of the local queue.
    func runLocal() {
        var budget = EventLoopLimits.workPerTurn
        while budget > 0, let work = local.popFirst() {
            run(work)
            budget -= 1
        }
    }

    /// Queues what waited for this turn.
    func takeNextTurn() {
        guard !nextTurn.isEmpty else { return }
        local.append(contentsOf: nextTurn)
        nextTurn.removeAll(keepingCapacity: true)
    }

    /// Takes over what other threads have left, and runs one turn's worth.
    func takeInbox() {
        let arrived = inbox.withLock { inbox in
            inbox.isWoken = false
            return exchange(&inbox.work, with: [])
        }
        local.append(contentsOf: arrived)
        runLocal()
    }

    private func run(_ work: Work) {
        switch work {
        // With one argument: the form that also names a task executor costs 40 times as much.
        case .job(let job): job.runSynchronously(on: asUnownedSerialExecutor())
        case .body(let body): body()
        }
    }

    /// Runs what is left, until the inbox is empty and `phase` is what the next post sees.
    func drain(then phase: (Inbox.Phase) -> Inbox.Phase) {
        while true {
            while !local.isEmpty || !nextTurn.isEmpty {
                runLocal()
                takeNextTurn()
            }
            let isDone = inbox.withLock { inbox in
                guard inbox.work.isEmpty else {
                    local.append(contentsOf: exchange(&inbox.work, with: []))
                    return false
                }
                inbox.phase = phase(inbox.phase)
                // Before the lock is released: who posts next must not take this thread for the loop.
                thread.store(0, ordering: .relaxed)
                return true
            }
            if isDone { return }
        }
    }

    /// Runs work that came after the end on a thread of its own: a task that waits for an actor of this loop must not
    /// wait for ever.
    private func serveAfterEnd() {
        var thread = uv_thread_t()
        let retained = Unmanaged.passRetained(self)
        let code = uv_thread_create(
            &thread, { argument in argument.map { Unmanaged<EventLoop>.fromOpaque($0).takeRetainedValue().runAfterEnd() } },
            retained.toOpaque())
        guard code == 0 else {
            // No thread to be had: this one will do, since nobody else serves the queue now.
            retained.takeRetainedValue().drainAfterEnd()
            return
        }
    }

    private func runAfterEnd() {
        podoru_uv_detach_this_thread()
        drainAfterEnd()
    }

    private func drainAfterEnd() {
        thread.store(podoru_uv_this_thread(), ordering: .relaxed)
        drain { _ in .ended(isServed: false) }
    }
}

/// The old value of `place`, which becomes `value`.
func exchange<Value>(_ place: inout Value, with value: Value) -> Value {
    var value = value
    swap(&place, &value)
    return value
}
