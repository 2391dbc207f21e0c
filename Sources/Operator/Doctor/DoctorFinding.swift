internal import Terminal

/// What `podoru doctor` found out about one thing: a plain value, made from what was seen by functions without side effects.
struct DoctorFinding: Hashable, Sendable {
    /// What was looked at. Stable names, for scripts.
    enum Check: String, CaseIterable, Sendable {
        case configuration, genesis, key
        case data, disk, limits, clock, service
        case p2pPort = "p2p_port"
        case apiPort = "api_port"
        case reachable, firewall
        case peer
        case node

        /// As a person reads it.
        var title: String { String(rawValue.map { $0 == "_" ? " " : $0 }) }
    }

    enum Outcome: String, Sendable {
        case ok, warning, failure, skipped
    }

    let check: Check
    let outcome: Outcome
    /// One line of what was seen.
    let seen: String
    /// A sentence that says what to do; none where all is well.
    let remedy: String?

    private init(_ check: Check, _ outcome: Outcome, _ seen: String, _ remedy: String?) {
        self.check = check
        self.outcome = outcome
        self.seen = seen
        self.remedy = remedy
    }

    static func ok(_ check: Check, _ seen: String) -> DoctorFinding { DoctorFinding(check, .ok, seen, nil) }

    static func warning(_ check: Check, _ seen: String, do remedy: String) -> DoctorFinding {
        DoctorFinding(check, .warning, seen, remedy)
    }

    static func failure(_ check: Check, _ seen: String, do remedy: String) -> DoctorFinding {
        DoctorFinding(check, .failure, seen, remedy)
    }

    /// It could not be looked at, or there is nothing to look at.
    static func skipped(_ check: Check, _ seen: String, do remedy: String) -> DoctorFinding {
        DoctorFinding(check, .skipped, seen, remedy)
    }

    /// It took longer than its deadline.
    static func late(_ check: Check, _ what: String, do remedy: String) -> DoctorFinding {
        DoctorFinding(check, .failure, "\(what) took too long", remedy)
    }
}

/// All findings of one examination.
package struct DoctorReport: Hashable, Sendable {
    /// The configuration that was looked at.
    var file: String
    var findings: [DoctorFinding]

    func count(_ outcome: DoctorFinding.Outcome) -> Int { findings.count { $0.outcome == outcome } }

    /// Checks of what the operator wrote, as against what the machine and the network are.
    private static let written: Set<DoctorFinding.Check> = [.configuration, .genesis, .key]

    /// The code that the command ends with: 0 unless something failed; 78 when what failed is the configuration, the genesis or the
    /// key; 69 when it is anything else.
    package var exitCode: Int32 {
        let failed = findings.filter { $0.outcome == .failure }
        if failed.isEmpty { return 0 }
        let isWritten = failed.contains { DoctorReport.written.contains($0.check) }
        return (isWritten ? SystemExit.configuration : SystemExit.unavailable).rawValue
    }
}
