internal import Network
internal import Node
internal import PodoruConfiguration
internal import Primitives
internal import Terminal
internal import Wire

/// The peers that the configuration names: who answers, and whether it is a node of our chain.
struct PeerCheck: Sendable {
    /// What the chain is called in handshakes; `nil` when the genesis cannot be read.
    var chainID: String?
    /// What our genesis fixes beside its block, as a hash; `nil` when the genesis cannot be read.
    var rulesHash: Hash32?
    /// The address of our own identity, where it is known.
    var identity: Address?
    /// Whether the chain can live without anybody else: its only producer.
    var isAlone = false

    struct Asked: Sendable {
        var peer: String
        var answer: PeerAnswer
    }

    /// Asks all at once. The configuration bounds them.
    static func ask(_ configuration: NodeConfiguration, _ probe: PeerProbe) async -> [Asked] {
        var endpoints: [Endpoint] = []
        for endpoint in configuration.bootstrapPeers + configuration.privatePeers where !endpoints.contains(endpoint) {
            endpoints.append(endpoint)
        }
        return await withTaskGroup(of: (Int, Asked).self) { group in
            for (index, endpoint) in endpoints.enumerated() {
                group.addTask { (index, Asked(peer: "\(endpoint)", answer: await probe.ask(endpoint))) }
            }
            var answers: [(Int, Asked)] = []
            for await answer in group { answers.append(answer) }
            return answers.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }

    /// One finding a peer. A peer that is of no use is a warning while another is good, and a failure when none is: then the
    /// node has nobody to begin with.
    func findings(_ asked: [Asked]) -> [DoctorFinding] {
        if asked.isEmpty {
            if isAlone { return [.ok(.peer, "none are configured, and the only producer of a chain needs none")] }
            return [
                .warning(
                    .peer, "no `bootstrap_peers`: the node waits until others dial it",
                    do: "Name three to five nodes of the network that are run apart.")
            ]
        }
        let verdicts = asked.map { verdict($0) }
        let isAnyGood = verdicts.contains { $0.remedy == nil }
        return verdicts.map { verdict in
            guard let remedy = verdict.remedy else { return .ok(.peer, verdict.seen) }
            return isAnyGood ? .warning(.peer, verdict.seen, do: remedy) : .failure(.peer, verdict.seen, do: remedy)
        }
    }

    private struct Verdict {
        var seen: String
        /// `nil` for a good one.
        var remedy: String?
    }

    private func verdict(_ asked: Asked) -> Verdict {
        let peer = asked.peer
        switch asked.answer {
        case .unresolved(let reason):
            return Verdict(
                seen: "\(peer): the name leads to no address: \(reason)", remedy: "Correct the name, or mend this machine's DNS.")
        case .unreachable(let reason):
            return Verdict(
                seen: "\(peer): no connection: \(reason)",
                remedy: "See that the node there runs, that address and port are right, and that its firewall lets you in.")
        case .closed:
            return Verdict(
                seen: "\(peer): closed the connection before its handshake",
                remedy: "Its operator sees why in its log: too many connections from your address, a ban, or no podoru node.")
        case .silent:
            return Verdict(
                seen: "\(peer): took the connection and sent no handshake in time",
                remedy: "It hangs, it is no podoru node, or it is a published Go node, which has no handshake: take another peer.")
        case .violation(.payloadIsObject):
            return Verdict(
                seen: "\(peer): speaks the dialect of the published Go node",
                remedy: "This node cannot use it yet: name a peer that runs this software.")
        case .violation(let violation):
            return Verdict(seen: "\(peer): \(violation.description)", remedy: "It is no podoru node: correct the address or the port.")
        case .stranger(let type):
            return Verdict(
                seen: "\(peer): began with a message of type \(type) instead of a handshake",
                remedy: "It speaks another protocol: correct the address or the port.")
        case .handshake(let handshake, _): return verdict(handshake, of: peer)
        }
    }

    private func verdict(_ handshake: Handshake, of peer: String) -> Verdict {
        if let identity, handshake.nodeID?.lowercased() == identity.checksummed.text.lowercased() {
            return Verdict(seen: "\(peer): is this node itself", remedy: "Remove it from `bootstrap_peers`.")
        }
        guard handshake.majorVersion != nil, handshake.majorVersion == PeerCheck.ownMajorVersion else {
            return Verdict(
                seen: "\(peer): runs version \(handshake.version), which does not speak with \(PodoruVersion.current)",
                remedy: "Upgrade whichever is older: the first numbers must be the same.")
        }
        guard let chainID else {
            return Verdict(
                seen: "\(peer): answers for the chain \(handshake.chainID); our genesis cannot be compared",
                remedy: "Mend the genesis file first.")
        }
        guard handshake.isOfChain(chainID) else {
            return Verdict(
                seen: "\(peer): is on another chain: \(handshake.chainID), and ours is \(chainID)",
                remedy: "Take the genesis file of its network (`genesis_path`), or peers of yours; `chain_id` must be the same too.")
        }
        if let rulesHash, let theirs = handshake.rules, theirs != rulesHash {
            return Verdict(
                seen: "\(peer): has our genesis block and other authorities, fees or token: rules \(theirs.prefixedHex), ours "
                    + rulesHash.prefixedHex,
                remedy: "Compare the genesis files: the order of `authorities` counts too. Take the one of its network, or peers of yours.")
        }
        let height = StatusText.number(handshake.height)
        return Verdict(seen: "\(peer): \(handshake.nodeType.text) at height \(height), version \(handshake.version), same chain")
    }

    private static let ownMajorVersion =
        Handshake(version: PodoruVersion.current, chainID: "", height: 0, nodeType: .full, listenAddress: "").majorVersion
}
