internal import Platform

extension EventLoop {
    /// Has a crash report tell how long ago this loop last turned, and, where another process such as systemd's watchdog asks for the
    /// end by SIGABRT, what its thread is at. One loop a process; it turns twice a second at least. On the loop only.
    public func watchForCrashReport() {
        preconditionOnLoop()
        isWatched = true
        CrashReport.loopTurned(at: turnTime)
        CrashReport.watchThisThread()
    }

    func stopWatching() {
        if exchange(&isWatched, with: false) { CrashReport.stopWatching() }
    }
}
