internal import CCrash

/// What a process that a fault ends leaves behind: one line on standard error with the signal, where it came from, the thread, the
/// version and a backtrace of addresses. The process ends by the signal all the same, with its exit status and core file.
public enum CrashReport {
    /// From now on this process leaves such a line. For commands, once, before they start threads; a library leaves signals to its host.
    ///
    /// - Parameters:
    ///   - priority: what stands before the line, such as `<2>` where the journal reads it.
    public static func install(program: String, version: String, priority: String = "") {
        // A handler must not allocate: kept for good.
        podoru_crash_install(program.keptCString, version.keptCString, priority.keptCString)
    }

    /// Runs `body` with a stack for the handler beside the thread's own, which a fault may have used up.
    package static func withStackForFaults<R>(_ body: () -> R) -> R {
        let stack = podoru_crash_begin_stack()
        defer { podoru_crash_end_stack(stack) }
        return body()
    }

    /// From now on the line tells of the loop that runs on the calling thread: how long ago it last turned, and, where another process asks
    /// for the end by SIGABRT, what this thread is at. One a process.
    package static func watchThisThread() { podoru_crash_watch_this_thread() }

    package static func stopWatching() { podoru_crash_stop_watching() }

    /// - Parameter uptime: of `SystemClock`.
    package static func loopTurned(at uptime: Int64) { podoru_crash_loop_turned(uptime) }
}

extension String {
    /// A C string that is never given back: for what a signal handler says, which must not allocate.
    package var keptCString: UnsafePointer<CChar> {
        let bytes = utf8CString
        let kept = UnsafeMutableBufferPointer<CChar>.allocate(capacity: bytes.count)
        _ = kept.initialize(from: bytes)
        return UnsafePointer(kept.baseAddress ?? UnsafeMutablePointer.allocate(capacity: 1))
    }
}
