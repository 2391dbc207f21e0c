internal import NodeClient
internal import PodoruConfiguration
internal import Terminal

/// What the running node says of itself, if its API answers.
enum NodeAnswer: Sendable {
    /// The configuration turns the API off, or gives it a port that nobody knows.
    case unasked(String)
    case answered(StatusSnapshot)
    case failed(APIFailure)
    case late

    var snapshot: StatusSnapshot? {
        if case .answered(let snapshot) = self { return snapshot }
        return nil
    }

    /// Asks, and waits no longer than `timeout`.
    static func ask(_ subject: DoctorSubject, timeout: Duration) async -> NodeAnswer {
        guard subject.configuration.apiEnabled else { return .unasked("the API is off (`api_enabled: false`)") }
        guard subject.configuration.apiPort != 0 else { return .unasked("`api_port: 0` is another port at each start") }
        guard let address = try? APIAddress(configuration: subject.configuration, file: subject.file) else {
            return .unasked("the API has no address")
        }
        let answer = await Deadline.race(timeout) { () -> NodeAnswer in
            var collector = StatusCollector(address, timeout: timeout)
            do throws(APIFailure) { return .answered(try await collector.gather()) } catch { return .failed(error) }
        }
        return answer ?? .late
    }

    /// - Parameters:
    ///   - isRunning: whether some process has the store open; `nil` when that is not known.
    ///   - rulesHash: the one of the genesis file, as 0x hex; `nil` when it cannot be read.
    func findings(isRunning: Bool?, rulesHash: String? = nil) -> [DoctorFinding] {
        switch self {
        case .unasked(let reason):
            return [.skipped(.node, "\(reason): the running node is not asked", do: "Turn the API on at a fixed port to see more.")]
        case .late:
            return [.failure(.node, "the node's API gave no answer in time", do: NodeAnswer.readLog)]
        case .failed(let failure):
            if isRunning == true {
                return [.failure(.node, "the node runs, but \(failure.description)", do: NodeAnswer.readLog)]
            }
            if case .unreachable = failure {
                return [
                    .skipped(.node, "the node does not run", do: "Start it with `systemctl start podoru` or `podoru run --config FILE`.")
                ]
            }
            return [.failure(.node, failure.description, do: "Give the node an `api_port` that no other program uses.")]
        case .answered(let snapshot): return NodeAnswer.findings(snapshot) + NodeAnswer.rulesFinding(snapshot, rulesHash)
        }
    }

    private static let readLog = "Read its log (`journalctl -u podoru -n 50`); restart it if it stays so."

    /// A genesis file that was changed under a running node.
    private static func rulesFinding(_ snapshot: StatusSnapshot, _ ours: String?) -> [DoctorFinding] {
        guard let ours, let theirs = snapshot.info.rulesHash, theirs != ours else { return [] }
        return [
            .failure(
                .node,
                "the running node began with other authorities, fees or token than the genesis file has now: rules "
                    + "\(StatusText.printable(theirs)), the file's \(ours)",
                do: "Put the genesis file back that the node began with: with this one it will not start again.")
        ]
    }

    private static func findings(_ snapshot: StatusSnapshot) -> [DoctorFinding] {
        let warnings = StatusWarning.all(snapshot)
        guard !warnings.isEmpty else {
            let peers = StatusText.count(UInt64(clamping: snapshot.peerCount), "peer")
            let state = snapshot.state == .syncing ? "syncing" : snapshot.state == .alone ? "alone" : "in step"
            return [.ok(.node, "runs, \(state) at height \(StatusText.number(snapshot.height)) with \(peers)")]
        }
        return warnings.map { warning in
            warning.code.isPressing
                ? .failure(.node, warning.text, do: warning.code.remedy) : .warning(.node, warning.text, do: warning.code.remedy)
        }
    }
}

extension StatusWarning.Code {
    /// Where to go on from the sentence of the warning.
    fileprivate var remedy: String {
        switch self {
        case .unhealthy: "Mend what it names; its log has more."
        case .noPeers: "See what is said of the peers and the firewall here."
        case .onlyInbound: "Add `bootstrap_peers` that are run by others."
        case .behind: "Watch it with `podoru status --watch`; its log names peers and blocks that it refused."
        case .noNewBlock: "Ask whoever runs the producers; compare with `podoru status` on another node."
        case .notBegun: "Wait for that time; a genesis with a wrong one must be made anew, and given to all."
        case .missedTurns: "Tell whoever runs that producer."
        case .clockSkew: "Have the clocks set by NTP."
        case .mempoolFull: "See whether blocks are made, and who sends so much."
        case .otherVersion: "Restart the node after an upgrade: `systemctl restart podoru`."
        }
    }
}
