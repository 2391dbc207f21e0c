internal import Network
internal import Node
internal import NodeClient
internal import PodoruConfiguration
internal import Storage
internal import Terminal
internal import Wire

/// The node's two ports: free, or held by this very node; and whether others can reach the first. Judged from what was seen.
///
/// A port is the node's own when a node of our chain answers there and some process has our store open: two processes cannot
/// have it, so another node on the port would be one with another store.
struct PortCheck: Sendable {
    let configuration: NodeConfiguration
    /// `nil` when the genesis cannot be read.
    var chainID: String?
    var genesisHash: String?
    var holder: StoreHolder
    var p2p: PortProbe
    /// What answers on the P2P port when it is taken.
    var p2pAnswer: PeerAnswer?
    var api: PortProbe
    var node: NodeAnswer
    /// What answers at `external_address`, where that was asked.
    var external: PeerAnswer?
    /// What whoever runs the node may listen on.
    var privilege = PortPrivilege()

    /// Whether the node runs; `nil` when that is not known.
    var isRunning: Bool? {
        switch holder {
        case .nobody: false
        case .process: true
        case .unknown: nil
        }
    }

    private var holderText: String {
        if case .process(let id?) = holder { return "process \(id)" }
        return "another process"
    }

    // MARK: P2P

    var p2pFinding: DoctorFinding {
        let port = configuration.p2pPort
        guard port != 0 else {
            return .warning(
                .p2pPort, "p2p_port is 0, another port at each start: nobody can be told where the node is",
                do: "Set a fixed `p2p_port`, such as 9000.")
        }
        guard p2p == .taken else { return finding(p2p, .p2pPort, port: port, host: configuration.p2pBindAddr, key: "p2p") }
        guard case .handshake(let handshake, _)? = p2pAnswer else {
            return .failure(
                .p2pPort, "port \(port) is taken, and no podoru node answers there",
                do: "Find the program with `ss -ltnp 'sport = :\(port)'` and end it, or set another `p2p_port`.")
        }
        if let chainID, !handshake.isOfChain(chainID) {
            return .failure(
                .p2pPort, "port \(port) is taken by a node of another chain, \(handshake.chainID)",
                do: "Give one of the two another `p2p_port`.")
        }
        return own(.p2pPort, port, key: "p2p")
    }

    /// A node of our chain answers there: ours, or one with another store.
    private func own(_ check: DoctorFinding.Check, _ port: UInt16, key: String) -> DoctorFinding {
        switch holder {
        case .process: .ok(check, "port \(port) is held by this node (\(holderText))")
        case .unknown: .ok(check, "port \(port) is held by a node of this chain")
        case .nobody:
            .failure(
                check, "port \(port) is taken by another node of this chain, with another `data_dir`",
                do: "Give one of the two another `\(key)_port`, or stop the other one.")
        }
    }

    private func finding(_ probe: PortProbe, _ check: DoctorFinding.Check, port: UInt16, host: String, key: String) -> DoctorFinding {
        // This user's own try says nothing of another one's.
        let isAllowed = privilege.allows(port)
        if isAllowed == false, probe == .free || probe == .forbidden {
            return .failure(
                check, "port \(port) is kept for the privileged, and \(privilege.whom) is not",
                do: "\(NodeError.lowPort("\(key)_port").sentence).")
        }
        switch probe {
        case .free:
            guard isRunning == true else { return .ok(check, "port \(port) is free") }
            return .warning(
                check, "nobody listens on port \(port), although \(holderText) has the store open",
                do: "If it does not start just now, it runs with another configuration: restart it.")
        case .taken: return .failure(check, "port \(port) is taken", do: "Set another `\(key)_port`.")
        case .foreignAddress:
            return .failure(
                check, "\(host) is no address of this machine",
                do: "Set `\(key)_bind_addr` to one that `ip address` shows, or to \"0.0.0.0\" for all.")
        case .forbidden where isAllowed == true && port < privilege.firstFree:
            return .skipped(
                check, "\(privilege.whom) may listen on port \(port), and this user may not try", do: "Run the command with sudo.")
        case .forbidden:
            return .failure(
                check, "this user may not listen on port \(port)", do: "\(NodeError.lowPort("\(key)_port").sentence).")
        case .failed(let reason):
            return .failure(
                check, "port \(port) on \(host) cannot be tried: \(reason)", do: "Correct `\(key)_bind_addr` and `\(key)_port`.")
        }
    }

    // MARK: API

    var apiFinding: DoctorFinding {
        let port = configuration.apiPort
        guard configuration.apiEnabled else { return .ok(.apiPort, "the API is off") }
        guard port != 0 else {
            return .warning(
                .apiPort, "api_port is 0, another port at each start: `podoru status` and monitoring do not find it",
                do: "Set a fixed `api_port`, such as 8545.")
        }
        guard api == .taken else { return finding(api, .apiPort, port: port, host: configuration.apiBindAddr, key: "api") }
        guard let snapshot = node.snapshot else {
            return .failure(
                .apiPort, "port \(port) is taken, and no node's API answers there",
                do: "Find the program with `ss -ltnp 'sport = :\(port)'` and end it, or set another `api_port`.")
        }
        if let genesisHash, snapshot.chain.genesisHash.lowercased() != genesisHash.lowercased() {
            return .failure(
                .apiPort, "port \(port) is taken by a node of another chain, \(snapshot.chain.genesisHash)",
                do: "Give one of the two another `api_port`.")
        }
        return own(.apiPort, port, key: "api")
    }

    // MARK: From outside

    var reachableFinding: DoctorFinding {
        let outside = configuration.externalAddress
        if PortProbe.isLoopback(configuration.p2pBindAddr) { return loopbackFinding(outside) }
        guard let outside else { return inboundFinding }
        let fromOutside = "Try it from a machine outside: `nc -zv \(outside.host) \(outside.port)`."
        switch external {
        case nil:
            return .skipped(
                .reachable, "external_address is \(outside); the node does not run, so nobody can answer there",
                do: "Run the command again when the node runs.")
        case .handshake(let handshake, _)?:
            if let chainID, !handshake.isOfChain(chainID) {
                return .failure(
                    .reachable, "at external_address \(outside) a node of another chain answers, \(handshake.chainID)",
                    do: "Correct `external_address`, or where the router forwards the port to.")
            }
            return .ok(.reachable, "a node of this chain answers at external_address \(outside)")
        case .unresolved(let reason)?:
            return .failure(
                .reachable, "external_address \(outside) leads to no address: \(reason)", do: "Correct the name or its DNS entry.")
        case .unreachable(let reason)?:
            return .warning(
                .reachable, "external_address \(outside) cannot be reached from here: \(reason)",
                do: "Many routers do not lead back inside (NAT hairpin), so this may mean nothing. \(fromOutside)")
        default:
            return .warning(.reachable, "who answers at external_address \(outside) is no node of this chain", do: fromOutside)
        }
    }

    private func loopbackFinding(_ outside: Endpoint?) -> DoctorFinding {
        let host = configuration.p2pBindAddr
        if let outside {
            return .failure(
                .reachable, "external_address is \(outside), but p2p_bind_addr \(host) takes connections of this machine only",
                do: "Set `p2p_bind_addr: \"0.0.0.0\"`, or remove `external_address`.")
        }
        let hasPeersOutside = configuration.bootstrapPeers.contains { !PortProbe.isLoopback($0.host) }
        guard hasPeersOutside else { return .ok(.reachable, "from this machine only (p2p_bind_addr \(host)), as its peers are") }
        return .warning(
            .reachable, "p2p_bind_addr \(host) takes connections of this machine only: no other node can connect",
            do: "Set `p2p_bind_addr: \"0.0.0.0\"` unless that is meant; the node then lives by the peers that it dials.")
    }

    /// Without an address of our own to try, inbound peers are the proof.
    private var inboundFinding: DoctorFinding {
        let inbound = node.snapshot?.peers.count { peer in
            peer.direction == "inbound" && !peer.address.hasPrefix("127.") && !peer.address.hasPrefix("[::1]")
        }
        if let inbound, inbound > 0 {
            return .ok(.reachable, "\(StatusText.count(UInt64(inbound), "peer")) of other machines connected to this node")
        }
        let port = configuration.p2pPort
        return .skipped(
            .reachable, "no peer of another machine is connected to this node, which may mean nothing",
            do: "Try it from a machine outside: `nc -zv ADDRESS \(port)`; behind a router, forward the port and set `external_address`.")
    }
}
