internal import NIOCore
internal import Synchronization

/// The API's thread, for whoever works beside it: tasks of requests run on it, so that an answer that was waited for comes back with one
/// hop, and other threads hand it what they have.
///
/// What comes late, when the server has stopped, finds no loop: a task then goes on elsewhere, to its end, and what was to be done on the
/// thread is left.
final class LoopExecutor: TaskExecutor {
    private let loop: any EventLoop
    /// Held while work is handed over, so that none is once `end` has returned.
    private let isOpen = Mutex(true)

    init(_ loop: any EventLoop) {
        self.loop = loop
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        if !perform({ job.runSynchronously(on: self.asUnownedTaskExecutor()) }) { globalConcurrentExecutor.enqueue(job) }
    }

    /// Does something on the thread, soon; false, and nothing is done, when the server has stopped.
    @discardableResult
    func perform(_ body: @escaping @Sendable () -> Void) -> Bool {
        isOpen.withLock { isOpen in
            if isOpen { loop.execute(body) }
            return isOpen
        }
    }

    /// Takes no more. Returns when all that was taken is done.
    func end() async {
        isOpen.withLock { $0 = false }
        try? await loop.submit {}.get()
    }
}
