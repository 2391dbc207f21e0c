public import Network
public import Primitives

/// Which peer an operator means.
public enum PeerSelector: Hashable, Sendable {
    /// By where it is dialled, says that it listens, or is seen.
    case endpoint(Endpoint)
    /// By the address of its identity key.
    case node(Address)
}

/// Why an operator's wish is not carried out.
public enum OperatorRefusal: Error, Hashable, Sendable {
    /// Port 0, a wildcard, or an address that nobody can dial.
    case notDialable(Endpoint)
    /// The endpoint is this node.
    case ownEndpoint(Endpoint)
    case banned(IPAddress)
    /// As many were added as may be.
    case tooManyPeers(limit: Int)
    /// Nobody is connected, listed or known under that.
    case unknownPeer
    case tooManyBans(limit: Int)
    case notBanned(IPAddress)
    case durationOutOfRange(least: Nanoseconds, most: Nanoseconds)
}

extension OperatorRefusal: CustomStringConvertible {
    public var description: String {
        switch self {
        case .notDialable(let endpoint): "\(endpoint) cannot be dialled: name a host and the port on which it listens"
        case .ownEndpoint(let endpoint): "\(endpoint) is this node itself"
        case .banned(let address): "\(address) is banned: lift the ban first"
        case .tooManyPeers(let limit): "\(limit) peers were added already, which is the most: remove one first"
        case .unknownPeer: "no peer is connected, listed or known under that name"
        case .tooManyBans(let limit): "\(limit) addresses are banned already, which is the most: lift a ban first"
        case .notBanned(let address): "\(address) is not banned"
        case .durationOutOfRange(let least, let most):
            "a ban lasts between \(least / .seconds(1)) and \(most / .seconds(1)) seconds"
        }
    }
}

/// One banned address.
public struct PeerBan: Hashable, Sendable {
    /// For IPv6 the first of the /64 that is banned.
    public var address: IPAddress
    /// The uptime at which it is free again.
    public var until: Nanoseconds
    /// Whether the operator asked for it; else its peers' faults did.
    public var isOperators: Bool
}

/// What an operator may ask of the peer table while it runs. None of it outlives the process.
extension PeerManager {
    /// Dials `endpoint` now, and again for ever, like a configured bootstrap peer. Ends an earlier removal, and the ban that faults
    /// of its address brought. Returns false when it was in the list already; it is dialled at once then too.
    public mutating func addPeer(
        _ endpoint: Endpoint, at moment: Moment, into effects: inout [PeerEffect]
    ) throws(OperatorRefusal) -> Bool {
        guard endpoint.isDialable, endpoint.scope != .unroutable else { throw .notDialable(endpoint) }
        guard !dialling.isOwn(endpoint) else { throw .ownEndpoint(endpoint) }
        if let address = endpoint.address {
            guard !offences.isBannedByOperator(address, at: moment.uptime) else { throw .banned(address) }
            offences.pardon(address)
        }
        let wasRemoved = offences.unshun(endpoint)
        let isListed = dialling.bootstrap.contains(endpoint)
        guard isListed || dialling.bootstrap.manualCount < PeeringLimits.maxManualPeers else {
            throw .tooManyPeers(limit: PeeringLimits.maxManualPeers)
        }
        dialling.add(endpoint, at: moment.uptime)
        markBootstrapPeers()
        wake(at: moment.uptime)
        return !isListed || wasRemoved
    }

    /// Closes the connections to a peer and does not dial it again, until it is added or the process starts anew. It may come back
    /// by itself: a ban keeps it out. Returns the number of connections closed.
    public mutating func removePeer(
        _ selector: PeerSelector, at moment: Moment, into effects: inout [PeerEffect]
    ) throws(OperatorRefusal) -> Int {
        let matching = peers.all.filter { $0.isMeant(by: selector) }
        let endpoints = endpoints(of: matching, selector)
        guard !matching.isEmpty || !endpoints.isEmpty else { throw .unknownPeer }
        for endpoint in endpoints {
            offences.shun(endpoint)
            let isConfigured = configuration.bootstrapPeers.contains(endpoint)
            if dialling.remove(endpoint, isConfigured: isConfigured) { effects.append(.cancelDial(endpoint)) }
        }
        for peer in matching { close(peer.id, .requested, at: moment.uptime, into: &effects) }
        markBootstrapPeers()
        hastenBookDial(at: moment.uptime)
        return matching.count
    }

    /// Where a peer that is to be removed would be dialled: what is sure of its connections, and what the lists know.
    private func endpoints(of matching: [PeerInfo], _ selector: PeerSelector) -> [Endpoint] {
        var found: [Endpoint] = matching.flatMap { peer in
            [peer.direction.dialled, peer.isListenEndpointConfirmed ? peer.listenEndpoint : nil].compactMap { $0 }
        }
        switch selector {
        case .endpoint(let endpoint):
            if dialling.knows(endpoint) { found.append(endpoint) }
        case .node(let address):
            found += dialling.bootstrap.members.filter { $0.node?.nodeID == address }.map(\.endpoint)
        }
        return found.uniqued()
    }

    // MARK: Bans

    /// Closes all connections of an address (the /64 for IPv6) and lets none come about for `duration`, whoever opens it.
    /// Returns the number of connections closed.
    public mutating func ban(
        _ address: IPAddress, for duration: Nanoseconds, at moment: Moment, into effects: inout [PeerEffect]
    ) throws(OperatorRefusal) -> Int {
        let now = moment.uptime
        guard (PeeringLimits.operatorBanMin...PeeringLimits.operatorBanMax).contains(duration) else {
            throw .durationOutOfRange(least: PeeringLimits.operatorBanMin, most: PeeringLimits.operatorBanMax)
        }
        offences.expire(at: now)
        guard offences.ban(address, until: now + duration) else { throw .tooManyBans(limit: PeeringLimits.maxOperatorBans) }
        let key = address.limitKey
        for endpoint in dialling.dials.endpoints where endpoint.address?.limitKey == key {
            _ = dialling.end(endpoint)
            effects.append(.cancelDial(endpoint))
        }
        let concerned = peers.all.filter { $0.remote.address?.limitKey == key }.map(\.id)
        for id in concerned { close(id, .banned, at: now, into: &effects) }
        wake(at: now)
        return concerned.count
    }

    /// Lifts the operator's ban of an address and the one for its faults, and forgets its score.
    public mutating func unban(_ address: IPAddress, at moment: Moment) throws(OperatorRefusal) {
        guard offences.lift(address, at: moment.uptime) else { throw .notBanned(address) }
        hastenBookDial(at: moment.uptime)
    }

    /// All bans, the operator's first. At most `PeeringLimits.maxOperatorBans` and `PeeringLimits.maxOffenders`.
    public func bans(at moment: Moment) -> [PeerBan] { offences.bans(at: moment.uptime) }
}

extension PeerInfo {
    fileprivate func isMeant(by selector: PeerSelector) -> Bool {
        switch selector {
        case .endpoint(let endpoint): remote == endpoint || direction.dialled == endpoint || listenEndpoint == endpoint
        case .node(let address): nodeID == address
        }
    }
}
