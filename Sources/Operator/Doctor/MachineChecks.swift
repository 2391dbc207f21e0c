internal import API
internal import EventLoop
internal import PodoruConfiguration
internal import Terminal

/// Open files that the node may have against what its connections need.
enum LimitCheck {
    static func finding(limit: UInt64, of whom: String, needed: Int) -> DoctorFinding {
        if limit == .max { return .ok(.limits, "\(whom) may have any number of files open, \(needed) are needed") }
        guard limit < UInt64(needed) else { return .ok(.limits, "\(whom) may have \(limit) files open, \(needed) are needed") }
        return .warning(
            .limits, "\(whom) may have \(limit) files open, and its peers and API clients may need \(needed)",
            do: "Raise the limit (LimitNOFILE= of its systemd unit, or `ulimit -Hn`), or lower `max_peers` and `api_max_connections`.")
    }

    /// The node asks for as many as it may have, so the hard limit counts: the service's, else that of this shell.
    static func finding(_ subject: DoctorSubject) -> DoctorFinding {
        let needed = OpenFiles.needed(subject.configuration)
        if let unit = subject.unit, let limit = unit.openFiles { return finding(limit: limit, of: unit.name, needed: needed) }
        guard let limit = OpenFiles.hardLimit else {
            return .skipped(.limits, "the system does not tell the limit of open files", do: "Look with `ulimit -Hn`.")
        }
        return finding(limit: limit, of: "a node started from here", needed: needed)
    }
}

/// The machine's clock against those of the peers.
struct ClockCheck: Hashable, Sendable {
    /// Whether the kernel's clock is kept in step; `nil` when it does not say.
    var isSynchronised: Bool?
    /// How far the clock of each peer that answered is ahead of ours, in seconds; good to half a second and the way of a message.
    var offsets: [Double] = []

    /// The middle one: a peer whose clock is wrong does not make ours so.
    var offset: Double? {
        let sorted = offsets.sorted()
        if sorted.isEmpty { return nil }
        return sorted.count % 2 == 1 ? sorted[sorted.count / 2] : (sorted[sorted.count / 2 - 1] + sorted[sorted.count / 2]) / 2
    }

    var finding: DoctorFinding {
        let remedy =
            "Have the clock set by NTP: `timedatectl set-ntp true`, or install chrony; compare with a clock that you trust."
        if let offset, abs(offset) >= DoctorLimits.doubtfulOffset {
            let direction = offset > 0 ? "behind" : "ahead of"
            let whose = offsets.count == 1 ? "that of the one peer that answered" : "the clocks of \(offsets.count) peers"
            let seen = "this machine's clock is \(StatusText.decimal(abs(offset))) s \(direction) \(whose)"
            return abs(offset) >= DoctorLimits.badOffset ? .failure(.clock, seen, do: remedy) : .warning(.clock, seen, do: remedy)
        }
        let compared = StatusText.count(UInt64(offsets.count), "peer")
        let peers = offset.map { _ in "within \(StatusText.decimal(DoctorLimits.doubtfulOffset)) s of \(compared)" }
        switch isSynchronised {
        case true?: return .ok(.clock, "kept in step by NTP" + (peers.map { ", \($0)" } ?? ""))
        case false?:
            return .warning(.clock, "not kept in step by NTP, says the kernel" + (peers.map { "; \($0) now" } ?? ""), do: remedy)
        case nil:
            if let peers { return .ok(.clock, "\(peers); the kernel does not say whether NTP keeps it in step") }
            return .skipped(.clock, "the kernel does not say whether NTP keeps it in step, and no peer told its time", do: remedy)
        }
    }
}
