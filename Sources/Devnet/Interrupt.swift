#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// What asks the devnet to end: Ctrl-C and Ctrl-\\, kill(1), a terminal that is closed.
enum Interrupt {
    // Written by the signal handler and read by the one thread that polls; a whole word, so no reader sees half of it.
    nonisolated(unsafe) private static var received: sig_atomic_t = 0

    /// How often it was asked. A second time means: now.
    static var count: Int { Int(received) }

    static func install() {
        for number in [SIGINT, SIGTERM, SIGQUIT, SIGHUP] {
            let before = signal(number) { _ in Interrupt.received &+= 1 }
            // nohup(1) has it ignored: that the terminal goes is meant to change nothing then.
            if number == SIGHUP, unsafeBitCast(before, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self) { signal(number, SIG_IGN) }
        }
    }
}
