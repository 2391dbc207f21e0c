#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// The machine's clocks, for the shell. The core is handed the time.
package enum SystemClock {
    /// Microseconds since 1970.
    package static var unixMicroseconds: UInt64 {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        // A clock may be set to before 1970.
        return UInt64(clamping: now.tv_sec) * 1_000_000 + UInt64(clamping: now.tv_nsec) / 1000
    }

    /// Seconds since 1970.
    package static var unixSeconds: Int64 { unixMilliseconds / 1000 }

    /// Milliseconds since 1970.
    package static var unixMilliseconds: Int64 { Int64(unixMicroseconds / 1000) }

    /// Microseconds of the clock that `uptime` reads, as systemd wants them.
    package static var monotonicMicroseconds: Int64 { uptime / 1000 }

    /// Nanoseconds of a clock that never jumps.
    package static var uptime: Int64 {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        return Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec)
    }
}
