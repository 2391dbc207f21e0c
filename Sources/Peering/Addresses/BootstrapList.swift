internal import Network
internal import Primitives
internal import Wire

/// The peers that are dialled for ever: configured ones, at most `PeeringLimits.maxBootstrapPeers`, and those that the operator
/// added, at most `PeeringLimits.maxManualPeers`.
struct BootstrapList: Sendable {
    struct Member: Sendable {
        let endpoint: Endpoint
        /// Failures in a row; grows the backoff, never gives up.
        var failures = 0
        /// What became of the newest dial.
        var trouble: DialTrouble?
        var nextDial: Nanoseconds
        /// Whether a connection to it exists, under this endpoint or another.
        var isConnected = false
        /// Whether the operator added it: it stays when the configuration is read again.
        var isManual = false
        /// Who answered there last: the same node may be connected under another address.
        var node: Node?
    }

    /// What tells a node from others, from its handshake.
    struct Node: Hashable, Sendable {
        var nodeID: Address?
        var nonce: UInt64?

        func isSame(as peer: PeerInfo) -> Bool {
            if let nodeID, let other = peer.nodeID { return nodeID == other }
            guard let nonce else { return false }
            return nonce == peer.handshake?.nonce
        }
    }

    private(set) var members: [Member] = []

    /// Replaces the configured ones; members that stay keep their state.
    mutating func replace(with endpoints: [Endpoint], at now: Nanoseconds) {
        let others = members.filter { $0.isManual && !endpoints.contains($0.endpoint) }
        members =
            endpoints.map { endpoint in
                members.first { $0.endpoint == endpoint } ?? Member(endpoint: endpoint, nextDial: now)
            } + others
    }

    // MARK: The operator's

    var manualCount: Int { members.count(where: \.isManual) }

    /// Puts an endpoint into the list, as the operator's unless it stands there, and makes it due.
    mutating func add(_ endpoint: Endpoint, at now: Nanoseconds) {
        if !contains(endpoint) {
            var member = Member(endpoint: endpoint, nextDial: now)
            member.isManual = true
            members.append(member)
        }
        update(endpoint) { $0.nextDial = now }
    }

    /// Takes an endpoint that the operator added out of the list, unless the configuration names it too.
    mutating func dropManual(_ endpoint: Endpoint, unless isConfigured: Bool) {
        update(endpoint) { $0.isManual = false }
        if !isConfigured { members.removeAll { $0.endpoint == endpoint } }
    }

    mutating func markConnected(by peers: PeerTable) {
        for index in members.indices {
            let member = members[index]
            members[index].isConnected = peers.all.contains { member.isConnected(by: $0) }
        }
    }

    func contains(_ endpoint: Endpoint) -> Bool { members.contains { $0.endpoint == endpoint } }

    /// Whether `peer` is one of the members, by the place where it was dialled or accepts connections, or by who it is.
    func isMember(_ peer: PeerInfo) -> Bool {
        members.contains { $0.isConnected(by: peer) }
    }

    mutating func update(_ endpoint: Endpoint, _ body: (inout Member) -> Void) {
        for index in members.indices where members[index].endpoint == endpoint { body(&members[index]) }
    }
}

extension BootstrapList.Member {
    /// Whether a connection to `peer` makes a dial to this member needless.
    func isConnected(by peer: PeerInfo) -> Bool {
        if peer.direction.dialled == endpoint { return true }
        guard peer.isReady else { return false }
        if peer.isListenEndpointConfirmed, peer.listenEndpoint == endpoint { return true }
        // An inbound peer that signed nothing could claim to be anybody, and so keep us from dialling the real one.
        guard peer.isSigned || !peer.direction.isInbound else { return false }
        return node?.isSame(as: peer) ?? false
    }
}

/// Waiting times between dials.
enum Backoff {
    /// `least`, doubled for each failure, at most `most`; then a random share of up to a quarter off, so that nodes
    /// which lost a peer together do not come back together.
    static func wait(
        failures: Int, least: Nanoseconds, most: Nanoseconds, using generator: inout SplitMix64
    ) -> Nanoseconds {
        let doubled = least << Nanoseconds(min(max(failures - 1, 0), 30))
        let full = min(doubled, most)
        return full - Nanoseconds.random(in: 0...(full / 4), using: &generator)
    }
}
