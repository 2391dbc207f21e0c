public import Network
internal import Primitives

/// What the rest of the node may know of the peers. Nothing here changes anything.
extension PeerManager {
    /// Peers that have shaken hands, in the order in which they connected. For a short while a node may be in it twice
    /// (`PeerInfo.isContested`).
    public var readyPeers: some Collection<PeerInfo> { peers.all.lazy.filter(\.isReady) }

    /// The connection, shaken or not.
    public func peer(_ id: PeerID) -> PeerInfo? { peers[id] }

    /// Slots taken by ready peers, at most `max_peers`.
    public var peerCount: Int { peers.slotsTaken }
    public var inboundCount: Int { peers.inboundSlotsTaken }
    public var outboundCount: Int { peers.outboundSlotsTaken }
    /// Connections that have not shaken hands yet.
    public var pendingCount: Int { peers.pendingInbound + peers.pendingOutbound }
    /// Dials under way, and those begun and those that did not connect since the start.
    public var dialCount: Int { dialling.dials.count }
    public var dialsStarted: UInt64 { dialling.dialsStarted }
    public var dialsFailed: UInt64 { dialling.dialsFailed }
    /// Endpoints at which the node found itself, by a dial that led back.
    public var ownEndpoints: [Endpoint] { dialling.ownEndpoints }

    /// Addresses in the book, and those among them that shook hands when dialled.
    public var knownAddressCount: Int { dialling.book.count }
    public var triedAddressCount: Int { dialling.book.triedCount }

    // MARK: Tests

    /// What is left of a connection that has gone, or nothing.
    package func remnants(of id: PeerID) -> [String] { peers[id] == nil ? [] : ["an entry in the peer table"] }

    /// What contradicts itself in this value, or nothing. O(everything).
    public func checkInvariants() -> [String] {
        var found = dialling.checkInvariants() + offences.checkInvariants()
        func expect(_ holds: Bool, _ text: @autoclosure () -> String) {
            if !holds { found.append(text()) }
        }
        for text in peers.all.checkInvariants() { expect(false, text) }
        expect(peers.census == peers.recount(), "counted \(peers.census), found \(peers.recount())")
        expect(peers.slotsTaken <= configuration.maxPeers, "\(peers.slotsTaken) slots taken of \(configuration.maxPeers)")
        expect(peers.pendingInbound <= PeeringLimits.maxPendingInbound, "\(peers.pendingInbound) pending inbound connections")
        expect(
            peers.pendingOutbound + dialling.dials.count <= mostOutboundInFlight, "\(peers.pendingOutbound) pending outbound connections")
        expect(
            peers.count <= configuration.maxPeers * (1 + PeeringLimits.maxRivals) + PeeringLimits.maxPendingInbound
                + mostOutboundInFlight, "\(peers.count) connections")
        for endpoint in dialling.dials.endpoints { expect(!offences.isShunned(endpoint), "dials \(endpoint), which was removed") }
        expect(phase != .stopped || peers.count == 0 && dialling.dials.count == 0, "stopped, but connected")
        for peer in peers.all {
            expect(peer.isReady || peer.liveness.outstanding == nil, "\(peer.id) is pending and pinged")
            expect(
                (deadline ?? .max) <= lifeDeadline(of: peer),
                "\(peer.id) would be looked at too late")
        }
        return found
    }

    /// Outbound connections on their way: those of the book while peers are missing, and one for each bootstrap peer.
    private var mostOutboundInFlight: Int {
        PeeringLimits.maxBootstrapPeers + PeeringLimits.maxManualPeers
            + max(configuration.minOutboundPeers, PeeringLimits.maxConcurrentDials)
    }
}
