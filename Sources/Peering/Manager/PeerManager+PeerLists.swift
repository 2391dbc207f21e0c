public import Network
public import Primitives
internal import Wire

/// Peer lists asked, told and learned (`networking.md`, "Peer discovery").
///
/// * Each new peer is asked, then every minute while outbound peers are missing, else every quarter of an hour.
/// * Told are the listen addresses of ready peers that are theirs beyond doubt, and addresses that shook hands when
///   dialled lately; never `private_peers`, never an address that cannot mean the same to the asker.
/// * Taken are as many addresses as the question allows, each one only if it can mean the same to us.
extension PeerManager {
    // MARK: Events

    /// An empty PeerList came: a request. It is always answered; a full answer is given once in
    /// `PeeringLimits.peerListAnswerInterval`, an empty one in between.
    public mutating func peerListRequested(_ id: PeerID, at moment: Moment, into effects: inout [PeerEffect]) {
        let now = moment.uptime
        guard let peer = peers[id], peer.isReady else { return }
        if let last = peer.exchange.lastFullAnswer, now - last < PeeringLimits.peerListAnswerInterval {
            effects.append(.sendPeerList(id, []))
            return
        }
        peers.update(id) { $0.exchange.lastFullAnswer = now }
        effects.append(.sendPeerList(id, addressesToTell(to: peer, at: now)))
    }

    /// A PeerList with addresses, or an empty array, came.
    public mutating func peerListReceived(
        _ id: PeerID, _ endpoints: [Endpoint], at moment: Moment, into effects: inout [PeerEffect]
    ) {
        let now = moment.uptime
        guard let peer = peers[id], peer.isReady else { return }
        if let sentAt = peer.liveness.requestSentAt {
            peers.update(id) {
                $0.liveness.requestSentAt = nil
                if !$0.supports(Capability.ping) { $0.latency.add(now - sentAt) }
            }
        }
        let allowed = peers.update(id) { $0.exchange.take(min(endpoints.count, NetworkLimits.maxPeerListCount), at: now) } ?? 0
        var learned = 0
        for endpoint in endpoints.prefix(allowed) where learn(endpoint, from: peer, at: now) { learned += 1 }
        guard learned > 0 else { return }
        effects.append(.fact(.addressesLearned(from: id, count: learned, ignored: endpoints.count - learned)))
        hastenBookDial(at: now)
    }

    // MARK: Learning

    /// Whether an endpoint can mean to us what it means to a teller of that scope.
    func isAllowed(_ endpoint: Endpoint, toldFrom teller: AddressScope) -> Bool {
        guard endpoint.isDialable, endpoint.scope != .unroutable else { return false }
        return endpoint.scope >= teller || configuration.sharesLocalAddresses && endpoint.scope >= .local
    }

    private mutating func learn(_ endpoint: Endpoint, from peer: PeerInfo, at now: Nanoseconds) -> Bool {
        guard isAllowed(endpoint, toldFrom: peer.remote.scope), !dialling.isOwn(endpoint), !offences.isShunned(endpoint) else {
            return false
        }
        if let address = endpoint.address, offences.isBanned(address, at: now) { return false }
        return dialling.learn(endpoint, from: peer.remote, at: now)
    }

    /// Where a new peer says that it can be dialled.
    mutating func learnListenEndpoint(of peer: PeerInfo, at now: Nanoseconds) {
        guard let endpoint = peer.listenEndpoint, learn(endpoint, from: peer, at: now) else { return }
        hastenBookDial(at: now)
    }

    // MARK: Telling

    /// At most `NetworkLimits.maxPeerListCount` addresses for `asker`, in random order.
    private mutating func addressesToTell(to asker: PeerInfo, at now: Nanoseconds) -> [Endpoint] {
        let hidden = Set(configuration.privatePeers)
        var endpoints: [Endpoint] = []
        for peer in peers.all where peer.isReady && !peer.isContested && peer.id != asker.id && peer.isListenEndpointConfirmed {
            if let dialled = peer.direction.dialled, hidden.contains(dialled) { continue }
            if let listen = peer.listenEndpoint { endpoints.append(listen) }
        }
        endpoints += dialling.book.tried(since: now - PeeringLimits.gossipHorizon)
        let told = endpoints.uniqued().filter { endpoint in
            !hidden.contains(endpoint) && endpoint != asker.listenEndpoint && endpoint != asker.direction.dialled
                && !dialling.isOwn(endpoint) && isAllowed(endpoint, toldFrom: asker.remote.scope)
        }
        return Array(told.shuffled(using: &chance.generator).prefix(NetworkLimits.maxPeerListCount))
    }

    /// A peer for which there is no slot learns where else to go.
    mutating func sendFarewellList(to peer: PeerInfo, at now: Nanoseconds, into effects: inout [PeerEffect]) {
        let endpoints = addressesToTell(to: peer, at: now)
        if !endpoints.isEmpty { effects.append(.sendPeerList(peer.id, endpoints)) }
    }

    // MARK: Asking

    /// Asks one peer for addresses.
    mutating func ask(_ id: PeerID, at now: Nanoseconds, into effects: inout [PeerEffect]) {
        peers.update(id) { $0.exchange.asked(at: now) }
        sendRequest(id, at: now, into: &effects)
    }

    mutating func askForAddresses(_ due: [PeerID], at now: Nanoseconds, into effects: inout [PeerEffect]) {
        for id in due {
            guard let peer = peers[id], peer.isReady, nextQuestion(to: peer) <= now else { continue }
            ask(id, at: now, into: &effects)
        }
    }

    /// When a ready peer is asked again.
    func nextQuestion(to peer: PeerInfo) -> Nanoseconds {
        let interval = hasEnoughOutbound ? PeeringLimits.peerListRequestIdleInterval : PeeringLimits.peerListRequestInterval
        return (peer.exchange.lastAsked ?? peer.readyAt) + interval
    }
}
