internal import CPosix

/// A signal, by its number.
package struct Signal: RawRepresentable, Hashable, Sendable {
    package let rawValue: Int32
    package init(rawValue: Int32) { self.rawValue = rawValue }

    package static let hangup = Signal(rawValue: SIGHUP)
    package static let interrupt = Signal(rawValue: SIGINT)
    package static let quit = Signal(rawValue: SIGQUIT)
    package static let kill = Signal(rawValue: SIGKILL)
    package static let pipe = Signal(rawValue: SIGPIPE)
    package static let terminate = Signal(rawValue: SIGTERM)
    package static let stop = Signal(rawValue: SIGSTOP)
    package static let `continue` = Signal(rawValue: SIGCONT)

    private static let names: [Int32: String] = [
        SIGKILL: "SIGKILL", SIGTERM: "SIGTERM", SIGINT: "SIGINT", SIGHUP: "SIGHUP", SIGQUIT: "SIGQUIT", SIGSEGV: "SIGSEGV",
        SIGBUS: "SIGBUS", SIGABRT: "SIGABRT", SIGILL: "SIGILL", SIGTRAP: "SIGTRAP", SIGFPE: "SIGFPE", SIGSYS: "SIGSYS",
    ]

    /// Such as `SIGTERM`, of those that end processes; `nil` for others.
    package var name: String? { Signal.names[rawValue] }

    /// From now on this process takes no notice of it. Children that are started inherit that.
    package func ignore() { _ = podoru_ignore_signal(rawValue) }

    /// From now on it does what it does to a program that knows nothing of it.
    package func restore() { _ = podoru_default_signal(rawValue) }

    // Unsafe: added to by the signal handler, read elsewhere; whole words that are made before a handler can run and never freed.
    nonisolated(unsafe) private static let came = {
        let counts = UnsafeMutablePointer<sig_atomic_t>.allocate(capacity: 65)
        counts.initialize(repeating: 0, count: 65)
        return counts
    }()

    /// From now on it is counted and does nothing else, until somebody else takes it over.
    package func count() {
        Signal.came[Int(rawValue)] = 0
        _ = podoru_catch_signal(rawValue) { Signal.came[Int($0)] &+= 1 }
    }

    /// Whether it came since `count`.
    package var hasCome: Bool { Signal.came[Int(rawValue)] > 0 }

    /// Sends it to this process.
    package func raise() { _ = CPosix.raise(rawValue) }
}

/// What asks a command to end: Ctrl-C and Ctrl-\\, kill(1), a terminal that is closed.
package enum Interrupt {
    // Unsafe: written by the signal handler and read by the one thread that polls; a whole word, so no reader sees half of it.
    nonisolated(unsafe) private static var received: sig_atomic_t = 0

    /// How often it was asked. A second time means: now.
    package static var count: Int { Int(received) }

    /// From now on such signals are counted and do nothing else.
    package static func install() {
        for signal in [Signal.interrupt, .terminate, .quit, .hangup] {
            let wasIgnored = podoru_catch_signal(signal.rawValue) { _ in Interrupt.received &+= 1 }
            // nohup(1) has it ignored: that the terminal goes is meant to change nothing then.
            if signal == .hangup, wasIgnored != 0 { signal.ignore() }
        }
    }
}
