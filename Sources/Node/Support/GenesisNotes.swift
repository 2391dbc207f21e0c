internal import EventLoop
internal import Ledger
internal import Logging
internal import Platform
internal import PodoruConfiguration
internal import Primitives
internal import WholeFiles

/// What the operator of a running node should know of its genesis.
struct GenesisNotes {
    let keyFaults: [GenesisKeyFault]
    let timeFault: GenesisTimeFault?

    /// - Throws: `NodeError` where the genesis' time is a reason not to start.
    init(of file: GenesisFile, path: String) throws(NodeError) {
        timeFault = try GenesisNotes.timeFault(of: file.outline, file.ruleSet, path: path)
        keyFaults = file.keyFaults
    }

    /// What is odd about a genesis' time and no reason to stay away: the reference takes any time, so a chain of its rules with an early
    /// one may exist, and a node that follows it only warns.
    ///
    /// - Throws: `NodeError` for a time on which no chain can exist, or that strict rules would not have let into being.
    static func timeFault(
        of genesis: GenesisConfiguration, _ ruleSet: RuleSet, path: String
    ) throws(NodeError) -> GenesisTimeFault? {
        guard let fault = genesis.timeFault(now: SystemClock.unixSeconds) else { return nil }
        if case .tooEarly = fault, !ruleSet.isStrict { return fault }
        throw NodeError(
            .genesis, "the genesis file \(path) is wrong: \(fault)",
            remedy: "make the genesis anew with a time that is right (`podoru genesis` takes now), or set this machine's clock",
            \.genesisPath)
    }

    /// Tells the log, and when the chain begins, where its first block cannot be made yet.
    func tell(_ log: Logger, of genesis: Genesis, path: String, now: Int64) {
        for fault in keyFaults {
            let place: Logger.Metadata = ["file": "\(path):\(fault.line):\(fault.column)", "key": "\(fault.path)"]
            switch fault.kind {
            case .unknown: log.warning("the genesis has a key that nobody reads", metadata: place)
            case .repeated: log.warning("the genesis gives a key twice, and the last one counts", metadata: place)
            }
        }
        if let timeFault { log.warning("the time of the genesis is odd: \(timeFault)", metadata: ["file": "\(path)"]) }
        let begin = genesis.configuration.timestamp
        if begin > now {
            log.notice(
                "the chain has not begun: no block can be made before its genesis' time",
                metadata: ["begins": "\(CalendarTime.text(unixSeconds: begin))", "in_s": "\(begin.subtracting(clamping: now))"])
        }
    }
}
