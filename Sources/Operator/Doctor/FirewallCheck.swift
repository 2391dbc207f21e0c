internal import Platform

/// What `ufw status verbose` says: whether it is active, and its rules in their order.
struct UfwStatus: Hashable, Sendable {
    enum Action: String, Sendable {
        case allow = "ALLOW"
        case limit = "LIMIT"
        case deny = "DENY"
        case reject = "REJECT"
    }

    struct Rule: Hashable, Sendable {
        /// `nil`: every port.
        var ports: [ClosedRange<Int>]?
        var isTCP: Bool
        var action: Action
        /// As ufw writes it; `Anywhere` is everybody.
        var from: String
        /// Whether it holds for one interface or one of our addresses only.
        var isPartial: Bool
    }

    var isActive: Bool
    /// Whether what no rule names is let in.
    var isOpenByDefault = false
    var rules: [Rule] = []

    /// What becomes of a connection from anywhere to a TCP port.
    enum Verdict: Hashable, Sendable {
        case open
        /// Connections that come quickly one after the other are refused.
        case limited
        /// For these senders, interfaces or addresses alone.
        case partly([String])
        case closed
    }

    /// `nil` when the text is no status.
    init?(_ text: String) {
        let lines = text.split(separator: "\n").map(String.init)
        guard let status = lines.first(where: { $0.hasPrefix("Status: ") }) else { return nil }
        isActive = status == "Status: active"
        if let line = lines.first(where: { $0.hasPrefix("Default: ") }) {
            isOpenByDefault = line.contains("allow (incoming)")
        }
        let table = lines.drop { !$0.hasPrefix("--") }.dropFirst()
        rules = table.compactMap { UfwStatus.rule($0) }
    }

    /// `9000/tcp (Podoru P2P)      ALLOW IN    Anywhere                   # a comment`; `nil` for outgoing and forwarded traffic, and for
    /// IPv6, whose rules ufw makes beside those of IPv4.
    private static func rule(_ line: String) -> Rule? {
        let columns = columns(line)
        guard columns.count >= 3 else { return nil }
        let words = columns[1].split(separator: " ")
        guard let action = words.first.flatMap({ Action(rawValue: String($0)) }), words.count == 1 || words[1] == "IN" else { return nil }
        var target = columns[0]
        let from = columns[2]
        if target.contains("(v6)") || from.contains("(v6)") { return nil }
        // The name of the application profile.
        if target.hasSuffix(")"), let start = target.firstRange(of: " (") { target = String(target[..<start.lowerBound]) }
        let onInterface = target.firstRange(of: " on ")
        if let onInterface { target = String(target[..<onInterface.lowerBound]) }
        let parts = target.split(separator: " ").map(String.init)
        guard let last = parts.last else { return nil }
        let isPartial = onInterface != nil || parts.count > 1
        if last == "Anywhere" { return Rule(ports: nil, isTCP: true, action: action, from: from, isPartial: isPartial) }
        let halves = last.split(separator: "/").map(String.init)
        let ports = halves[0].split(separator: ",").compactMap { range(String($0)) }
        // An address of ours without a port.
        if ports.isEmpty { return Rule(ports: nil, isTCP: true, action: action, from: from, isPartial: true) }
        return Rule(ports: ports, isTCP: halves.count < 2 || halves[1] == "tcp", action: action, from: from, isPartial: isPartial)
    }

    /// Pieces between two blanks or more, without the comment.
    private static func columns(_ line: String) -> [String] {
        let text = line.firstRange(of: " #").map { String(line[..<$0.lowerBound]) } ?? line
        var columns: [String] = []
        var word = ""
        for part in text.split(separator: " ", omittingEmptySubsequences: false) {
            if part.isEmpty {
                if !word.isEmpty { columns.append(word) }
                word = ""
            } else {
                word += word.isEmpty ? String(part) : " " + part
            }
        }
        return word.isEmpty ? columns : columns + [word]
    }

    private static func range(_ text: String) -> ClosedRange<Int>? {
        let bounds = text.split(separator: ":").map { Int($0) }
        guard let first = bounds.first ?? nil, let last = bounds.last ?? nil, bounds.count <= 2, first <= last else { return nil }
        return first...last
    }

    /// The first rule that is for everybody decides; those before it let some in.
    func verdict(port: Int) -> Verdict {
        guard isActive else { return .open }
        var some: [String] = []
        for rule in rules where rule.isTCP && (rule.ports?.contains { $0.contains(port) } ?? true) {
            let isForAll = rule.from == "Anywhere" && !rule.isPartial
            switch rule.action {
            case .allow: if isForAll { return .open } else { some.append(rule.from) }
            case .limit: if isForAll { return .limited } else { some.append(rule.from) }
            case .deny, .reject: if isForAll { return some.isEmpty ? .closed : .partly(some) }
            }
        }
        if isOpenByDefault { return .open }
        return some.isEmpty ? .closed : .partly(some)
    }
}

/// The machine's firewall, as far as it is ufw.
enum FirewallCheck {
    /// Asks ufw. Blocks, at most for the child's deadline.
    static func look(port: Int, isLoopback: Bool) -> DoctorFinding {
        if isLoopback {
            return .ok(.firewall, "p2p_bind_addr takes connections of this machine only: no rule is needed")
        }
        guard port != 0 else {
            return .skipped(.firewall, "p2p_port is 0, so there is no port to look for", do: "Set a fixed `p2p_port`.")
        }
        // ufw asks for root before anything else.
        let isRoot = ThisProcess.userID == 0
        guard isRoot || !FileSystem.exists("/usr/sbin/ufw") else {
            return .skipped(.firewall, "ufw tells its rules to root only", do: "Run the command with sudo.")
        }
        return finding(ChildCommand.run("ufw", ["status", "verbose"], within: DoctorLimits.childDeadline), port: port)
    }

    static func finding(_ outcome: ChildCommand.Outcome, port: Int) -> DoctorFinding {
        let other = "See that the firewall, if there is one, lets TCP port \(port) in."
        switch outcome {
        case .missing: return .skipped(.firewall, "no ufw: another firewall is not looked at", do: other)
        case .late: return .skipped(.firewall, "ufw gave no answer in time", do: "Run `ufw status` by hand.")
        case .failed(let reason): return .skipped(.firewall, reason, do: other)
        case .answered(let answer):
            guard answer.code == 0, let status = UfwStatus(answer.output) else {
                let line = answer.output.split(separator: "\n").first.map(String.init) ?? "nothing"
                return .skipped(.firewall, "ufw says: \(line)", do: "Run `ufw status` by hand.")
            }
            return finding(status, port: port)
        }
    }

    static func finding(_ status: UfwStatus, port: Int) -> DoctorFinding {
        guard status.isActive else { return .ok(.firewall, "ufw is installed and not active: it blocks nothing") }
        let open = "Run `podoru-open` to let other nodes in (`podoru-open --dry-run` shows the rules)."
        switch status.verdict(port: port) {
        case .open: return .ok(.firewall, "ufw is active and lets port \(port) in")
        case .limited:
            return .warning(
                .firewall, "ufw limits port \(port): who connects often is refused for a while",
                do: "Delete the limit (`ufw delete limit \(port)/tcp`). " + open)
        case .partly(let senders):
            return .warning(
                .firewall, "ufw lets port \(port) in for some only: \(senders.joined(separator: ", "))",
                do: "Leave it if these are all your peers. " + open)
        case .closed: return .failure(.firewall, "ufw is active and blocks port \(port): other nodes cannot connect", do: open)
        }
    }
}
