internal import Primitives

/// What is odd about the time of a genesis.
public enum GenesisTimeFault: Hashable, Sendable {
    /// Before 2000: mostly a zero that nobody set, or another unit.
    case tooEarly(Int64)
    /// More than ten years ahead: mostly milliseconds. No block can be made on it before that time.
    case tooLate(Int64)

    /// The seconds since 1970 that the genesis names.
    public var timestamp: Int64 {
        switch self {
        case .tooEarly(let timestamp), .tooLate(let timestamp): timestamp
        }
    }
}

extension GenesisTimeFault: CustomStringConvertible {
    public var description: String {
        switch self {
        case .tooEarly(let timestamp): "its timestamp \(timestamp) lies before the year 2000\(hint)"
        case .tooLate(let timestamp): "its timestamp \(timestamp) lies more than ten years ahead of this machine's clock\(hint)"
        }
    }

    /// What the number looks like in another unit.
    private var hint: String {
        switch timestamp {
        case Self.plausible(times: 1000): "; it looks like milliseconds, and seconds since 1970 are meant"
        case Self.plausible(times: 1_000_000): "; it looks like microseconds, and seconds since 1970 are meant"
        case Self.plausible(times: 1_000_000_000): "; it looks like nanoseconds, and seconds since 1970 are meant"
        default: ""
        }
    }

    /// From 2000 to 2100 in a smaller unit.
    private static func plausible(times factor: Int64) -> ClosedRange<Int64> {
        Limits.earliestGenesisTimestamp.multiplied(clampingBy: factor)...Int64(4_102_444_800).multiplied(clampingBy: factor)
    }
}

extension GenesisConfiguration {
    /// What is wrong with the time of this genesis, seen from `now`, in seconds since 1970; nil when nothing is.
    ///
    /// The reference takes any time, so a chain of its rules that is older than it should be may exist, and whoever follows it should
    /// only be warned of `tooEarly`. On a genesis that is `tooLate` no chain can exist.
    public func timeFault(now: Int64) -> GenesisTimeFault? {
        if timestamp < Limits.earliestGenesisTimestamp { return .tooEarly(timestamp) }
        // A clock that nobody has set yet says nothing of what lies ahead.
        let latest = max(now, Limits.clockFloor).adding(clamping: Limits.maxGenesisFutureSeconds)
        return timestamp > latest ? .tooLate(timestamp) : nil
    }
}
