internal import Network
internal import Primitives

/// All connections in the order in which they came, which is also the order of every walk: the same events give the
/// same effects, whatever the process's hash seed.
///
/// Bounds: ready peers `maxPeers`, contested ones `maxRivals` for each of them, pending inbound ones
/// `PeeringLimits.maxPendingInbound`, pending outbound ones the dials that may be open. Counts are walks over these
/// few entries, done when a connection comes or goes, never for a message.
struct PeerTable: Sendable {
    private(set) var all = PeerArray<PeerInfo>()
    /// How many connections stand where; kept with each change, because every decision asks for it.
    private(set) var census = Census()

    subscript(id: PeerID) -> PeerInfo? { all[id] }

    /// A copy of the ids, to walk while peers are removed.
    var ids: [PeerID] { all.map(\.id) }
    var count: Int { all.count }

    mutating func insert(_ peer: PeerInfo) {
        if let displaced = all.insert(peer) { census[displaced.standing] -= 1 }
        census[peer.standing] += 1
    }

    /// Changes what is known of a connection, in place. Returns what `body` does; `nil` when nobody has that id.
    @discardableResult
    mutating func update<Result>(_ id: PeerID, _ body: (inout PeerInfo) -> Result) -> Result? {
        guard let position = all.position(of: id) else { return nil }
        let before = all[position].standing
        defer {
            let after = all[position].standing
            if before != after {
                census[before] -= 1
                census[after] += 1
            }
        }
        return body(&all[position])
    }

    mutating func remove(_ id: PeerID) -> PeerInfo? {
        guard let peer = all.remove(id) else { return nil }
        census[peer.standing] -= 1
        return peer
    }

    /// Notes that bytes of a peer came, in place: the one thing that happens for every message. Returns whether the
    /// peer is ready; `nil` when nobody has that id.
    mutating func heard(_ id: PeerID, at now: Nanoseconds) -> Bool? {
        guard let position = all.position(of: id) else { return nil }
        all[position].lastHeard = now
        return all[position].isReady
    }

    /// `body` must not make a peer ready or contested.
    mutating func updateEach(_ body: (inout PeerInfo) -> Void) {
        for position in all.indices { body(&all[position]) }
    }

    // MARK: Counts

    /// Ready peers that take a slot: a second connection to a node that is being sorted out takes none.
    var slotsTaken: Int { census[.inbound] + census[.outbound] }
    var inboundSlotsTaken: Int { census[.inbound] }
    var outboundSlotsTaken: Int { census[.outbound] }
    var pendingInbound: Int { census[.pendingInbound] }
    var pendingOutbound: Int { census[.pendingOutbound] }

    /// The census, counted afresh.
    func recount() -> Census {
        var fresh = Census()
        for peer in all { fresh[peer.standing] += 1 }
        return fresh
    }

    /// Connections of one address (of one /64 for IPv6), in all states.
    func count(from address: IPAddress) -> Int {
        let key = address.limitKey
        return all.count { $0.remote.address?.limitKey == key }
    }

    /// Outbound connections into one group of addresses, other than `excluded`.
    func outboundCount(in group: NetworkGroup, excluding excluded: PeerID? = nil) -> Int {
        all.count { !$0.direction.isInbound && $0.id != excluded && NetworkGroup($0.remote) == group }
    }

    /// Ready connections to the same node, the oldest first.
    func siblings(of peer: PeerInfo) -> [PeerInfo] {
        all.filter { $0.id != peer.id && $0.isReady && $0.isSameNode(as: peer) }
    }

    /// Endpoints that need no dial, because they are connected.
    var connectedEndpoints: Set<Endpoint> {
        var endpoints: Set<Endpoint> = []
        for peer in all {
            if let dialled = peer.direction.dialled { endpoints.insert(dialled) }
            if peer.isListenEndpointConfirmed, let listen = peer.listenEndpoint { endpoints.insert(listen) }
        }
        return endpoints
    }
}

/// Where a connection stands.
enum Standing: Int, CaseIterable {
    case pendingInbound
    case pendingOutbound
    /// Ready, one of several connections to its node, without a slot of its own.
    case contested
    /// Ready, with a slot.
    case inbound
    case outbound
}

/// How many connections stand where.
struct Census: Equatable, Sendable {
    private var counts = [Int](repeating: 0, count: Standing.allCases.count)

    subscript(standing: Standing) -> Int {
        get { counts[standing.rawValue] }
        set { counts[standing.rawValue] = newValue }
    }
}

extension PeerInfo {
    var standing: Standing {
        if !isReady { return direction.isInbound ? .pendingInbound : .pendingOutbound }
        if isContested { return .contested }
        return direction.isInbound ? .inbound : .outbound
    }
}
