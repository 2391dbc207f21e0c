internal import EventLoop
internal import Ledger
internal import Network
internal import Node
internal import NodeClient
internal import Platform
internal import PodoruConfiguration
internal import Primitives
internal import Storage

/// Looks at everything, each with its deadline, and judges. Writes nothing but the nameless file of the disk's trial.
package struct DoctorExamination: Sendable {
    let file: String
    /// What a peer and the API are given.
    let timeout: Duration

    package init(file: String, timeout: Duration) {
        self.file = file
        self.timeout = timeout
    }

    package func run() async -> DoctorReport {
        let file = file
        // Two children, one after the other.
        let service =
            await Deadline.blocking(DoctorLimits.childDeadline * 2 + DoctorLimits.slack) {
                ServiceFacts.look(for: DoctorSubject.absolute(file))
            } ?? .unknown("systemctl gave no answer in time")
        let read = await Deadline.blocking(DoctorLimits.filesDeadline) { DoctorSubject.read(file, service) }
        switch read {
        case .success(let subject)?: return await examine(subject, service)
        case .failure(let mistakes)?: return report(mistakes.findings, service)
        case nil:
            let late = DoctorFinding.late(.configuration, "reading \(file)", do: "Mend the disk that it is on.")
            return report([late], service)
        }
    }

    /// Without a configuration there is little to look at.
    private func report(_ findings: [DoctorFinding], _ service: ServiceFacts) -> DoctorReport {
        let others = DoctorFinding.Check.allCases.filter { $0 != .configuration && $0 != .service }
        let skipped = others.map {
            DoctorFinding.skipped($0, "not looked at without a configuration", do: "Correct the configuration and look again.")
        }
        return DoctorReport(file: Redaction.value(file), findings: findings + [service.finding] + skipped)
    }

    // MARK: With a configuration

    private func examine(_ subject: DoctorSubject, _ service: ServiceFacts) async -> DoctorReport {
        var findings = [subject.finding]
        let files = await Deadline.blocking(DoctorLimits.filesDeadline) { FileChecks(subject: subject).run() }
        if let files {
            findings += files.findings
        } else {
            let mend = "Mend the disk that they are on."
            findings += [DoctorFinding.late(.genesis, "reading the genesis, the key and data_dir", do: mend)]
            findings += [.skipped(.key, "not read", do: mend), .skipped(.data, "not looked at", do: mend)]
        }
        let chainID = files?.genesis.map { Preflight.chainID(subject.configuration, $0) }
        let probe = PeerProbe(chainID: chainID ?? "", timeout: timeout)

        async let disk = disk(subject)
        async let firewall = firewall(subject)
        async let asked = PeerCheck.ask(subject.configuration, probe)
        async let ports = ports(subject, files, chainID, probe)

        findings += await disk
        findings.append(LimitCheck.finding(subject))
        let peers = await asked
        findings.append(clock(peers).finding)
        findings.append(service.finding)
        let port = await ports
        findings += [port.p2pFinding, port.apiFinding, port.reachableFinding]
        findings.append(await firewall)
        let identity = files?.address ?? port.node.snapshot?.info.address.flatMap { Address(ByteString($0)) }
        let isAlone = subject.configuration.nodeType == .producer && files?.genesis?.authorities.count == 1
        let rulesHash = files?.genesis?.rulesHash
        findings += PeerCheck(chainID: chainID, rulesHash: rulesHash, identity: identity, isAlone: isAlone).findings(peers)
        findings += port.node.findings(isRunning: port.isRunning, rulesHash: rulesHash?.prefixedHex)
        return DoctorReport(file: Redaction.value(file), findings: findings)
    }

    private func disk(_ subject: DoctorSubject) async -> [DoctorFinding] {
        let folder = subject.configuration.dataDir
        guard let facts = await Deadline.blocking(DoctorLimits.diskDeadline, { DiskFacts.look(at: folder) }) else {
            return [.late(.disk, "a small write to \(folder)", do: "See in `dmesg` whether the disk has errors or is overloaded.")]
        }
        return facts.findings(of: folder)
    }

    private func firewall(_ subject: DoctorSubject) async -> DoctorFinding {
        let port = Int(subject.configuration.p2pPort)
        let isLoopback = PortProbe.isLoopback(subject.configuration.p2pBindAddr)
        let finding = await Deadline.blocking(DoctorLimits.childDeadline + DoctorLimits.slack) {
            FirewallCheck.look(port: port, isLoopback: isLoopback)
        }
        return finding ?? .skipped(.firewall, "ufw gave no answer in time", do: "Run `ufw status` by hand.")
    }

    private func clock(_ peers: [PeerCheck.Asked]) -> ClockCheck {
        let offsets = peers.compactMap { asked -> Double? in
            if case .handshake(_, let offset) = asked.answer { return offset }
            return nil
        }
        return ClockCheck(isSynchronised: SystemClock.isSynchronised, offsets: offsets)
    }

    private func ports(
        _ subject: DoctorSubject, _ files: FileChecks.Outcome?, _ chainID: String?, _ probe: PeerProbe
    ) async -> PortCheck {
        let configuration = subject.configuration
        let holder = await Deadline.blocking(DoctorLimits.filesDeadline) { StoreHolder(of: configuration.dataDir) } ?? .unknown
        let (p2pHost, p2pPort) = (configuration.p2pBindAddr, configuration.p2pPort)
        let p2p = PortProbe.look(host: p2pHost, port: p2pPort)
        let own = p2p == .taken ? PortProbe.reachable(p2pHost, p2pPort) : nil
        let outside = p2p == .taken ? configuration.externalAddress : nil
        async let ownAnswer = ask(own, probe)
        async let externalAnswer = ask(outside, probe)
        async let node = NodeAnswer.ask(subject, timeout: timeout)
        return PortCheck(
            configuration: configuration, chainID: chainID, genesisHash: files?.genesis?.hash.prefixedHex, holder: holder, p2p: p2p,
            p2pAnswer: await ownAnswer, api: PortProbe.look(host: configuration.apiBindAddr, port: configuration.apiPort),
            node: await node, external: await externalAnswer, privilege: PortPrivilege(subject))
    }

    private func ask(_ endpoint: Endpoint?, _ probe: PeerProbe) async -> PeerAnswer? {
        guard let endpoint else { return nil }
        return await probe.ask(endpoint)
    }
}
