internal import CUV
internal import Synchronization

/// The loop's own libuv handles, beside those of its users. `data` stays `nil` in them: their callbacks find the loop
/// through the handle.
struct Housekeeping {
    /// Woken from other threads when the inbox has something.
    let wake = UnsafeMutablePointer<uv_async_t>.allocate(capacity: 1)
    /// Runs before every poll.
    let beforePoll = UnsafeMutablePointer<uv_prepare_t>.allocate(capacity: 1)
    /// While active, polling does not block: there is local work left.
    let keepTurning = UnsafeMutablePointer<uv_idle_t>.allocate(capacity: 1)
    /// Measures how late the loop is.
    let lagTimer = UnsafeMutablePointer<uv_timer_t>.allocate(capacity: 1)

    /// Initialises the handles. Only the first can fail (it makes a descriptor); the others fill in memory.
    func open(on loop: UnsafeMutablePointer<uv_loop_t>) -> CInt {
        let code = uv_async_init(loop, wake) { handle in EventLoop.of(handle?.pointee.loop)?.takeInbox() }
        guard code == 0 else {
            deallocate()
            return code
        }
        wake.pointee.data = nil
        uv_prepare_init(loop, beforePoll)
        beforePoll.pointee.data = nil
        uv_prepare_start(beforePoll) { handle in EventLoop.of(handle?.pointee.loop)?.turn() }
        uv_idle_init(loop, keepTurning)
        keepTurning.pointee.data = nil
        uv_timer_init(loop, lagTimer)
        lagTimer.pointee.data = nil
        return 0
    }

    /// Closes the handles; each is freed in its close callback.
    func close() {
        for handle in [uvHandle(wake), uvHandle(beforePoll), uvHandle(keepTurning), uvHandle(lagTimer)] {
            uv_close(handle) { handle in UnsafeMutableRawPointer(handle)?.deallocate() }
        }
    }

    private func deallocate() {
        wake.deallocate()
        beforePoll.deallocate()
        keepTurning.deallocate()
        lagTimer.deallocate()
    }
}

/// How late the loop runs its timers.
final class LoopLag: Sendable {
    private let latest = Atomic<Int64>(0)
    private let worst = Atomic<Int64>(0)

    func note(_ nanoseconds: Int64) {
        latest.store(nanoseconds, ordering: .relaxed)
        worst.max(nanoseconds, ordering: .relaxed)
    }

    var current: Int64 { latest.load(ordering: .relaxed) }

    func takeWorst() -> Int64 { worst.exchange(0, ordering: .relaxed) }
}

extension EventLoop {
    /// How late the last measured timer ran, in nanoseconds: the time that callbacks kept the loop from its sockets.
    /// Measured every ``EventLoopLimits/lagInterval``, to a millisecond. From any thread.
    public var loopLag: Int64 { lag.current }

    /// The largest lag since the last call, in nanoseconds. From any thread.
    public func takeWorstLoopLag() -> Int64 { lag.takeWorst() }

    /// Sets the timer for the next measurement.
    func scheduleLagMeasurement() {
        let delay = EventLoopLimits.lagInterval.wholeMilliseconds
        lagDue = Int64(uv_now(uvLoop) + delay) * 1_000_000
        uv_timer_start(
            housekeeping.lagTimer,
            { handle in
                guard let loop = EventLoop.of(handle?.pointee.loop) else { return }
                loop.lag.note(max(0, loop.now - loop.lagDue))
                loop.scheduleLagMeasurement()
            }, delay, 0)
    }
}
