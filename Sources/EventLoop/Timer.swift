internal import CUV

extension EventLoop {
    /// A timer of the loop: one-shot or repeating, set, moved and unset as often as one likes.
    ///
    /// It never runs early: its time is rounded up to libuv's millisecond. Timers run in the order of their milliseconds, and
    /// in the order they were set where those are equal. The loop keeps a timer alive until it is cancelled, also when nobody
    /// else does.
    // Unchecked: touched on the loop's thread only, which every entry point checks.
    public final class Timer: LoopHandle, @unchecked Sendable {
        public let loop: EventLoop
        private var handle: UnsafeMutablePointer<uv_timer_t>?
        private var body: (() -> Void)?
        /// Nanoseconds between two runs, or `nil` for one run.
        private var interval: Int64?
        /// When the next run is due, in nanoseconds of ``EventLoop/now``.
        private var due: Int64 = 0
        private let cancelsAfterRun: Bool

        /// A timer that is not set yet. On the loop only.
        ///
        /// - Throws: when the loop is stopping.
        public convenience init(on loop: EventLoop, _ body: @escaping () -> Void) throws(EventLoopError) {
            try self.init(on: loop, cancelsAfterRun: false, body)
        }

        init(on loop: EventLoop, cancelsAfterRun: Bool, _ body: @escaping () -> Void) throws(EventLoopError) {
            try loop.checkRunning(.timer)
            self.loop = loop
            self.body = body
            self.cancelsAfterRun = cancelsAfterRun
            let handle = UnsafeMutablePointer<uv_timer_t>.allocate(capacity: 1)
            uv_timer_init(loop.uvLoop, handle)
            self.handle = handle
            loop.adopt(handle, owner: self)
        }

        /// Whether it will run.
        public var isSet: Bool { handle.map { uv_is_active(uvHandle($0)) != 0 } ?? false }

        /// Sets it to run once, `delay` from now. Replaces what was set; does nothing after ``cancel()``.
        public func set(after delay: Duration) {
            set(at: loop.now.addingClamped(max(0, delay.wholeNanoseconds)))
        }

        /// Sets it to run once at `uptime`, in nanoseconds of ``EventLoop/now``; soon, if that has passed.
        public func set(at uptime: Int64) {
            interval = nil
            start(at: uptime)
        }

        /// Sets it to run every `interval`, first after one. Runs that were missed while the loop was busy are not made up.
        public func set(every interval: Duration) {
            let nanoseconds = max(1_000_000, interval.wholeNanoseconds)
            self.interval = nanoseconds
            start(at: loop.now.addingClamped(nanoseconds))
        }

        /// Unsets it; it may be set again.
        public func unset() {
            loop.preconditionOnLoop()
            if let handle { uv_timer_stop(handle) }
        }

        /// Ends it for good and lets go of its body.
        public func cancel() {
            loop.preconditionOnLoop()
            body = nil
            guard let handle = exchange(&handle, with: nil) else { return }
            loop.close(handle)
        }

        private func start(at uptime: Int64) {
            loop.preconditionOnLoop()
            guard let handle else { return }
            due = uptime
            // Against the same time that libuv compares with, so that the timer is due when the clock has passed `uptime`.
            let wanted = UInt64(max(0, uptime.addingClamped(999_999)) / 1_000_000)
            let current = uv_now(loop.uvLoop)
            uv_timer_start(handle, Self.didFire, wanted > current ? wanted - current : 0, 0)
        }

        private static let didFire: uv_timer_cb = { handle in
            guard let data = handle?.pointee.data else { return }
            Unmanaged<Timer>.fromOpaque(data).takeUnretainedValue().fire()
        }

        private func fire() {
            let body = body
            if let interval {
                start(at: max(due.addingClamped(interval), loop.now))
            } else if cancelsAfterRun {
                cancel()
            }
            body?()
        }

        func closeForStop() { cancel() }

        func handleDidClose() {}
    }

    /// Runs `body` once, `delay` from now, unless the timer is cancelled before. On the loop only.
    ///
    /// - Throws: when the loop is stopping.
    @discardableResult
    public func schedule(after delay: Duration, _ body: @escaping () -> Void) throws(EventLoopError) -> Timer {
        let timer = try Timer(on: self, cancelsAfterRun: true, body)
        timer.set(after: delay)
        return timer
    }

    /// Runs `body` every `interval`, first after one, until the timer is cancelled. On the loop only.
    ///
    /// - Throws: when the loop is stopping.
    @discardableResult
    public func schedule(every interval: Duration, _ body: @escaping () -> Void) throws(EventLoopError) -> Timer {
        let timer = try Timer(on: self, body)
        timer.set(every: interval)
        return timer
    }
}

extension Int64 {
    /// The sum, at the end of the range where it does not fit.
    func addingClamped(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? (other < 0 ? .min : .max) : sum
    }
}
