internal import CPosix

/// A thread of the system, for work that blocks.
public enum SystemThread {
    /// Lets a thread run that waits for this core; goes on at once when none does. Half a microsecond.
    public static func yield() { sched_yield() }

    /// Gives the calling thread the name that the system shows, cut to 15 bytes.
    package static func nameCurrent(_ name: String) { podoru_name_thread(name) }

    private final class Body {
        let name: String
        let run: () -> Void
        init(name: String, run: @escaping () -> Void) {
            self.name = name
            self.run = run
        }
    }

    /// Runs `body` on a new detached thread. The name is cut to the 15 bytes that the kernel shows.
    ///
    /// - Returns: false when the system has no thread left; `body` did not run.
    @discardableResult
    public static func start(name: String, _ body: @escaping @Sendable () -> Void) -> Bool {
        // Handed to the thread, which releases it; taken back here when there is none.
        let handed = Unmanaged.passRetained(Body(name: String(name.prefix(15)), run: body))
        var thread = pthread_t()
        let result = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                let body = Unmanaged<Body>.fromOpaque(argument).takeRetainedValue()
                SystemThread.nameCurrent(body.name)
                CrashReport.withStackForFaults { body.run() }
                return nil
            }, handed.toOpaque())
        guard result == 0 else {
            handed.release()
            return false
        }
        pthread_detach(thread)
        return true
    }
}
