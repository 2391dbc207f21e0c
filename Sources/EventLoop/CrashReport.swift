internal import CCrash
internal import CUV

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// What a process that a fault ends leaves behind: one line on standard error with the signal, where it came from, the thread, the
/// version and a backtrace of addresses. The process ends by the signal all the same, with its exit status and core file.
public enum CrashReport {
    /// From now on this process leaves such a line. For commands, once, before they start threads; a library leaves signals to its host.
    ///
    /// - Parameters:
    ///   - priority: what stands before the line, such as `<2>` where the journal reads it.
    public static func install(program: String, version: String, priority: String = "") {
        // A handler must not allocate: kept for good.
        podoru_crash_install(strdup(program), strdup(version), strdup(priority))
    }

    /// Runs `body` with a stack for the handler beside the thread's own, which a fault may have used up.
    static func withStackForFaults<R>(_ body: () -> R) -> R {
        let stack = podoru_crash_begin_stack()
        defer { podoru_crash_end_stack(stack) }
        return body()
    }
}

extension EventLoop {
    /// Has a crash report tell how long ago this loop last turned, and, where another process such as systemd's watchdog asks for the
    /// end by SIGABRT, what its thread is at. One loop a process; it turns twice a second at least. On the loop only.
    public func watchForCrashReport() {
        preconditionOnLoop()
        isWatched = true
        podoru_crash_loop_turned(turnTime)
        podoru_crash_watch_this_thread()
    }

    func stopWatching() {
        if exchange(&isWatched, with: false) { podoru_crash_stop_watching() }
    }
}
