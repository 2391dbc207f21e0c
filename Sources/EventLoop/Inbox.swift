/// Something to run on the loop.
enum Work {
    case job(UnownedJob)
    case body(@Sendable () -> Void)
}

/// What other threads have left for a loop, behind its mutex.
///
/// The list has no bound: an executor may not refuse a job. Whoever posts bounds what it has under way.
struct Inbox {
    enum Phase {
        /// The thread runs the loop and is woken for work.
        case running
        /// The handles are being closed; work waits until they are.
        case ending
        /// The loop is closed. Work that still comes runs on short-lived threads, one at a time.
        case ended(isServed: Bool)
    }

    var phase = Phase.running
    var work: [Work] = []
    /// Whether the loop has been woken for what is in `work`: one wake-up serves all.
    var isWoken = false
    var isStopRequested = false
    /// Who wants to know when it has stopped.
    var stopWaiters: [@Sendable () -> Void] = []
}
