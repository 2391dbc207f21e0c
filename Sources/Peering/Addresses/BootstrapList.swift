internal import Framing
internal import Primitives

/// The configured peers that are dialled for ever. At most `PeeringLimits.maxBootstrapPeers`.
struct BootstrapList: Sendable {
    struct Member: Sendable {
        let endpoint: Endpoint
        /// Failures in a row; grows the backoff, never gives up.
        var failures = 0
        var nextDial: Nanoseconds
        /// Whether a connection to it exists, under this endpoint or another.
        var isConnected = false
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

    /// Replaces the list; members that stay keep their state.
    mutating func replace(with endpoints: [Endpoint], at now: Nanoseconds) {
        members = endpoints.map { endpoint in
            members.first { $0.endpoint == endpoint } ?? Member(endpoint: endpoint, nextDial: now)
        }
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
