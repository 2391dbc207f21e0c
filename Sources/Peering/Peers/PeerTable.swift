internal import Framing
internal import OrderedCollections

/// All connections in the order in which they came, which is also the order of every walk: the same events give the
/// same effects, whatever the process's hash seed.
///
/// Bounds: ready peers `maxPeers`, contested ones `maxRivals` for each of them, pending inbound ones
/// `PeeringLimits.maxPendingInbound`, pending outbound ones the dials that may be open. Counts are walks over these
/// few entries, done when a connection comes or goes, never for a message.
struct PeerTable: Sendable {
    private var peers: OrderedDictionary<ConnectionID, PeerInfo> = [:]

    subscript(id: ConnectionID) -> PeerInfo? {
        _read { yield peers[id] }
        _modify { yield &peers[id] }
    }

    var all: some RandomAccessCollection<PeerInfo> { peers.values }
    /// A copy of the ids, to walk while peers are removed.
    var ids: [ConnectionID] { Array(peers.keys) }
    var count: Int { peers.count }

    mutating func insert(_ peer: PeerInfo) {
        peers[peer.id] = peer
    }

    mutating func remove(_ id: ConnectionID) -> PeerInfo? {
        peers.removeValue(forKey: id)
    }

    mutating func updateEach(_ body: (inout PeerInfo) -> Void) {
        for index in peers.values.indices { body(&peers.values[index]) }
    }

    // MARK: Counts

    /// Ready peers that take a slot: a second connection to a node that is being sorted out takes none.
    var slotsTaken: Int { all.count { $0.isReady && !$0.isContested } }
    var inboundSlotsTaken: Int { all.count { $0.isReady && !$0.isContested && $0.direction.isInbound } }
    var outboundSlotsTaken: Int { slotsTaken - inboundSlotsTaken }
    var pendingInbound: Int { all.count { !$0.isReady && $0.direction.isInbound } }
    var pendingOutbound: Int { all.count { !$0.isReady && !$0.direction.isInbound } }

    /// Connections of one address (of one /64 for IPv6), in all states.
    func count(from address: IPAddress) -> Int {
        let key = address.limitKey
        return all.count { $0.remote.address?.limitKey == key }
    }

    /// Outbound connections into one group of addresses, other than `excluded`.
    func outboundCount(in group: NetworkGroup, excluding excluded: ConnectionID? = nil) -> Int {
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
