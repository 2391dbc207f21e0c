internal import CPosix

/// The machine's clocks. The core is handed the time; whoever hands it asks here, and nobody asks elsewhere.
public enum SystemClock {
    /// Nanoseconds of a clock that never jumps (`CLOCK_MONOTONIC`), from some beginning.
    public static var uptime: Int64 { podoru_clock(CLOCK_MONOTONIC) }

    /// What `uptime` will be so long from now.
    package static func uptime(after time: Duration) -> Int64 {
        let (seconds, attoseconds) = time.components
        return uptime + seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    }

    /// Milliseconds of the clock that `uptime` reads.
    public static var uptimeMilliseconds: Int64 { uptime / 1_000_000 }

    /// Seconds of the clock that `uptime` reads.
    public static var uptimeSeconds: Int64 { uptime / 1_000_000_000 }

    /// Microseconds since 1970, and 0 on a clock that is set to before it.
    public static var unixMicroseconds: UInt64 { UInt64(clamping: podoru_clock(CLOCK_REALTIME)) / 1000 }

    /// Milliseconds since 1970.
    public static var unixMilliseconds: Int64 { Int64(unixMicroseconds / 1000) }

    /// Seconds since 1970.
    public static var unixSeconds: Int64 { unixMilliseconds / 1000 }

    /// Seconds since 1970 as of the kernel's last tick, a few milliseconds ago: much cheaper than the exact time.
    package static var coarseUnixSeconds: Int64 { podoru_clock(CLOCK_REALTIME_COARSE) / 1_000_000_000 }

    /// Nanoseconds that the calling thread has had a core.
    package static var threadTime: Int64 { podoru_clock(CLOCK_THREAD_CPUTIME_ID) }

    /// Nanoseconds that all threads of this process have had a core.
    package static var processTime: Int64 { podoru_clock(CLOCK_PROCESS_CPUTIME_ID) }

    /// Whether something keeps the kernel's clock in step (NTP); `nil` when the kernel does not say.
    public static var isSynchronised: Bool? {
        let answer = podoru_clock_is_synchronised()
        return answer < 0 ? nil : answer == 1
    }

    /// Lets the calling thread rest. For the threads of commands; what runs on a loop has timers.
    package static func sleep(milliseconds: Int64) { podoru_sleep(milliseconds) }
}
