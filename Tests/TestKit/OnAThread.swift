import Foundation

/// Runs what computes or blocks for seconds on a thread of its own. The tasks of all tests share as many threads as there are cores: tests
/// that wait for a node would stand still meanwhile.
public func onAThread<R: Sendable>(_ body: @Sendable () throws -> R) async throws -> R {
    // The task is the same one, so that the test is known to whom an expectation fails.
    try await withTaskExecutorPreference(OwnThreads.shared) { try body() }
}

private final class OwnThreads: TaskExecutor {
    static let shared = OwnThreads()

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        Thread.detachNewThread { job.runSynchronously(on: OwnThreads.shared.asUnownedTaskExecutor()) }
    }
}
