internal import Node
internal import WholeFiles

/// What a look at systemd led to.
enum ServiceFacts: Hashable, Sendable {
    /// Why systemd says nothing.
    case unknown(String)
    case unit(ServiceUnit)

    /// Asks systemd for the service that runs the node of a configuration, else for the standard one. `file` is absolute. Blocks, at
    /// most for the deadlines of two children.
    static func look(for file: String) -> ServiceFacts {
        switch ChildCommand.run("systemctl", ServiceUnit.command(for: file), within: DoctorLimits.childDeadline) {
        case .missing: return .unknown("there is no systemd")
        case .late: return .unknown("systemctl gave no answer in time")
        case .failed(let reason): return .unknown(reason)
        case .answered(let answer):
            let units = ServiceUnit.all(in: answer.output)
            if let unit = units.first(where: { $0.runs(file) }) ?? units.first { return .unit(completed(unit)) }
            let line = answer.output.split(separator: "\n").first.map(String.init) ?? "systemctl ended with \(answer.code)"
            return .unknown(line)
        }
    }

    /// With what `systemctl show` does not say.
    private static func completed(_ unit: ServiceUnit) -> ServiceUnit {
        var unit = unit
        if unit.isInstalled, unit.credentials.isEmpty,
            case .answered(let files) = ChildCommand.run("systemctl", ["cat", "--no-pager", unit.name], within: DoctorLimits.childDeadline)
        {
            unit.readCredentials(inFiles: files.output)
        }
        for path in unit.environmentFiles {
            let bytes = try? Files.read(path, as: "environment file", maxBytes: DoctorLimits.childOutputBytes)
            unit.readVariables(inFile: String(decoding: bytes ?? [], as: UTF8.self))
        }
        return unit
    }

    var unit: ServiceUnit? {
        if case .unit(let unit) = self { return unit }
        return nil
    }

    /// What the service is at.
    var finding: DoctorFinding {
        switch self {
        case .unknown(let reason):
            return .skipped(.service, reason, do: "Look at the process that runs the node by other means.")
        case .unit(let unit):
            let log = "`journalctl -u \(unit.shortName) -n 50` tells why"
            guard unit.isInstalled else {
                let seen = unit.loadState == "not-found" ? "\(unit.name) is not installed" : "\(unit.name) is \(unit.loadState)"
                return .skipped(.service, seen, do: "`make install` sets the service up, if the node is to run as one.")
            }
            switch unit.activeState {
            case "active", "reloading":
                guard unit.restarts >= DoctorLimits.manyRestarts else { return .ok(.service, "\(unit.name) is active") }
                return .warning(
                    .service, "\(unit.name) is active, and systemd has started it again \(unit.restarts) times",
                    do: "See why it ended: \(log).")
            case "failed":
                return .failure(
                    .service, "\(unit.name) has failed (\(unit.result))",
                    do: "\(log); then mend it and run `systemctl restart \(unit.shortName)`.")
            case "activating", "deactivating":
                return .warning(
                    .service, "\(unit.name) is \(unit.activeState)",
                    do: "Wait and look again; if it stays so, \(log).")
            default:
                guard unit.isEnabled else { return .ok(.service, "\(unit.name) is installed, stopped and not enabled") }
                return .warning(
                    .service, "\(unit.name) is enabled and does not run", do: "Start it: `systemctl start \(unit.shortName)`.")
            }
        }
    }
}
