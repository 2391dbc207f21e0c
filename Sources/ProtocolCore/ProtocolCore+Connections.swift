public import Network
public import Peering
public import Primitives
internal import RateLimiter
internal import Sync
public import Wire

extension ProtocolCore {
    /// A connection came in.
    public mutating func accepted(_ id: PeerID, from remote: Endpoint, at now: Moment, into effects: inout [CoreEffect]) {
        open(id, remote, at: now)
        peers.accepted(id, from: remote, at: now, into: &peerEffects.waiting)
        settle(at: now, into: &effects)
    }

    /// A dial came through; `remote` is the address that the name led to.
    public mutating func dialSucceeded(
        _ endpoint: Endpoint, as id: PeerID, remote: Endpoint, at now: Moment, into effects: inout [CoreEffect]
    ) {
        open(id, remote, at: now)
        peers.dialSucceeded(endpoint, as: id, remote: remote, at: now, into: &peerEffects.waiting)
        settle(at: now, into: &effects)
    }

    /// A dial came to nothing, because of `failure`.
    public mutating func dialFailed(_ endpoint: Endpoint, _ failure: DialFailure, at now: Moment, into effects: inout [CoreEffect]) {
        peers.dialFailed(endpoint, failure, at: now, into: &peerEffects.waiting)
        settle(at: now, into: &effects)
    }

    /// A connection ended on the other side or in the network.
    public mutating func closed(_ id: PeerID, _ reason: DisconnectReason, at now: Moment, into effects: inout [CoreEffect]) {
        guard let link = links[id] else { return }
        if !link.isReady { counters.rejections.count(reason) }
        links.forget(id, at: now)
        peers.closed(id, reason: reason, at: now, into: &peerEffects.waiting)
        settle(at: now, into: &effects)
    }

    /// The framing found that a peer broke the protocol.
    public mutating func violated(_ id: PeerID, _ violation: Violation, at now: Moment, into effects: inout [CoreEffect]) {
        guard links.contains(id) else { return }
        effects.append(.fact(.violated(id, violation)))
        peers.penalize(id, .violation(violation), at: now, into: &peerEffects.waiting)
        settle(at: now, into: &effects)
    }

    /// Bytes of a frame came that is not whole yet: a sign of life, and of progress for a large answer.
    public mutating func bytesReceived(_ id: PeerID, count: Int, at now: Moment) {
        peers.bytesReceived(id, at: now)
        sync.bytesReceived(id, count: count, at: now)
    }

    /// Takes a reloaded configuration.
    public mutating func reconfigure(_ new: CoreConfiguration, at now: Moment, into effects: inout [CoreEffect]) {
        configuration.peering = new.peering
        configuration.messagesPerSecond = new.messagesPerSecond
        configuration.messageBurst = new.messageBurst
        configuration.rateLimitPatience = new.rateLimitPatience
        links.reconfigure(rate: new.messagesPerSecond, burst: new.messageBurst, at: now)
        peers.reconfigure(new.peering, at: now, into: &peerEffects.waiting)
        settle(at: now, into: &effects)
    }

    private mutating func open(_ id: PeerID, _ remote: Endpoint, at now: Moment) {
        links.open(id, remote: remote, rate: configuration.messagesPerSecond, burst: configuration.messageBurst, at: now)
    }
}
