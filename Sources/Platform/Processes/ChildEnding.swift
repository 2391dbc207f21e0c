internal import CPosix

/// How a process ended.
package enum ChildEnding: Hashable, Sendable, CustomStringConvertible {
    case code(Int32)
    case signal(Int32)

    /// From the status that waitpid(2) gives.
    package init(waitStatus status: Int32) {
        let signal = status & 0x7f
        self = signal == 0 ? .code((status >> 8) & 0xff) : .signal(signal)
    }

    package var description: String {
        switch self {
        case .code(let code): "exit code \(code)"
        case .signal(let number): Signal(rawValue: number).name ?? "signal \(number)"
        }
    }

    /// As a shell tells it: the exit code, or 128 and the signal.
    package var shellStatus: Int32 {
        switch self {
        case .code(let code): code
        case .signal(let number): 128 + number
        }
    }
}
