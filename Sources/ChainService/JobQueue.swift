internal import DequeModule
internal import Platform
internal import Storage

/// A piece of work in chunks that any thread may take.
// Sendable: `next` is only touched inside the queue's monitor; the rest does not change.
final class Job: @unchecked Sendable {
    fileprivate let chunks: Int
    fileprivate let body: @Sendable (Int) -> Void
    /// The first chunk that nobody has taken.
    fileprivate var next = 0

    init(chunks: Int, body: @escaping @Sendable (Int) -> Void) {
        self.chunks = chunks
        self.body = body
    }

    fileprivate func take() -> Int? {
        guard next < chunks else { return nil }
        defer { next += 1 }
        return next
    }
}

/// The jobs of a pool, first come first served but for the urgent. At most `SignaturePool.maxJobs` wait.
final class JobQueue: Sendable {
    private struct State {
        var jobs: Deque<Job> = []
        /// Who waits until there is room for a job.
        var waitingAdders = 0
        var isStopping = false
        var threads = 0
    }

    private let state = Monitor(State())

    /// Adds a job; waits while too many are there. An urgent one goes before those that are not, and never waits: there
    /// is at most one for each thread that validates.
    func add(_ job: Job, urgent: Bool) {
        guard !urgent else {
            state.withLockThenWake { $0.jobs.prepend(job) }
            return
        }
        state.withLock { $0.waitingAdders += 1 }
        state.wait { state -> Void? in
            guard state.jobs.count < SignaturePool.maxJobs || state.threads == 0 else { return nil }
            state.waitingAdders -= 1
            state.jobs.append(job)
            return ()
        }
        state.withLockThenWake { _ in }
    }

    /// Takes chunks of `job` on the calling thread until none is left to take.
    func help(_ job: Job) {
        while let chunk = state.withLock({ state in take(from: job, &state) }) {
            if chunk == job.chunks - 1 { tellOfRoom() }
            job.body(chunk)
        }
    }

    /// The last chunk of a job made room for whoever waits to add one. Nobody else is woken for it: a thread that finds nothing to do takes
    /// turns from those that have.
    private func tellOfRoom() {
        if state.withLock({ $0.waitingAdders > 0 }) { state.withLockThenWake { _ in } }
    }

    private func take(from job: Job, _ state: inout State) -> Int? {
        let chunk = job.take()
        if job.next == job.chunks { state.jobs.removeAll { $0 === job } }
        return chunk
    }

    var hasNoThreads: Bool { state.withLock { $0.threads == 0 } }

    /// Says how many threads run `work`.
    func expect(threads: Int) {
        state.withLockThenWake { $0.threads = threads }
    }

    /// Works until the queue stops: the body of each of the pool's threads.
    func work() {
        while case .chunk(let job, let chunk) = next() {
            if chunk == job.chunks - 1 { tellOfRoom() }
            job.body(chunk)
        }
    }

    private enum Next {
        case chunk(Job, Int)
        case stop
    }

    private func next() -> Next {
        state.wait { state -> Next? in
            while let job = state.jobs.first {
                if let chunk = take(from: job, &state) { return .chunk(job, chunk) }
            }
            return state.isStopping ? .stop : nil
        }
    }

    /// Lets the threads finish what is there and end.
    func stop() {
        state.withLockThenWake { $0.isStopping = true }
    }
}
