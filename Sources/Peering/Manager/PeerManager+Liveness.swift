public import Network
public import Primitives
public import Wire

/// Signs of life, latency and heights.
///
/// A peer with the `ping` capability gets a Ping each `pingInterval`, which also measures the round trip and tells
/// heights. A peer without is asked for its peer list after as long a silence. Whoever is silent for `idleTimeout` is
/// dead, also when the connection looks well: with a probe at most 10 s after the last sign and 25 s in all, half-open
/// connections are found within the 30 s of the seed's operators. Bytes of an unfinished frame are a sign of life
/// too, or a large frame on a thin line would cost the peer.
extension PeerManager {
    // MARK: Events

    /// Bytes of the peer came, a whole message or not.
    public mutating func bytesReceived(_ id: PeerID, at moment: Moment) {
        // Before the handshake only the handshake counts: its deadline cannot be drawn out by single bytes.
        _ = peers.heard(id, at: moment.uptime)
    }

    /// A Ping came: it is answered, and its height is news.
    public mutating func pingReceived(_ id: PeerID, _ ping: Ping, at moment: Moment, into effects: inout [PeerEffect]) {
        guard peers[id]?.isReady == true else { return }
        heightLearned(id, ping.height, at: moment)
        effects.append(.sendPong(id, nonce: ping.nonce))
    }

    /// A Pong came. One that answers no outstanding ping tells its height and nothing more.
    public mutating func pongReceived(_ id: PeerID, _ pong: Ping, at moment: Moment) {
        guard let peer = peers[id], peer.isReady else { return }
        heightLearned(id, pong.height, at: moment)
        guard let ping = peer.liveness.outstanding, ping.nonce == pong.nonce else { return }
        peers.update(id) {
            $0.liveness.outstanding = nil
            $0.latency.add(moment.uptime - ping.sentAt)
        }
        wake(at: peer.liveness.nextProbe)
    }

    /// The peer showed that it has the chain up to `height`, by whatever message.
    public mutating func heightLearned(_ id: PeerID, _ height: UInt64, at moment: Moment) {
        peers.update(id) {
            if height > $0.height { $0.heightRoseAt = moment.uptime }
            $0.height = height
        }
    }

    /// What made a message worth having.
    public enum UsefulMessage: Sendable {
        case block
        case transaction
    }

    /// The peer brought a valid block or transaction that was new.
    public mutating func usefulMessageReceived(_ id: PeerID, _ kind: UsefulMessage, at moment: Moment) {
        peers.update(id) {
            switch kind {
            case .block: $0.lastUsefulBlock = moment.uptime
            case .transaction: $0.lastUsefulTransaction = moment.uptime
            }
        }
    }

    // MARK: Probes

    mutating func checkLiveness(_ due: [PeerID], at now: Nanoseconds, into effects: inout [PeerEffect]) {
        for id in due {
            guard let peer = peers[id], peer.isReady else { continue }
            if now - peer.lastHeard >= configuration.idleTimeout {
                close(id, .livenessTimeout, at: now, into: &effects)
            } else if let ping = peer.liveness.outstanding, ping.deadline <= now {
                close(id, .pingTimeout, at: now, into: &effects)
            } else if nextProbe(of: peer) <= now {
                probe(id, at: now, into: &effects)
            }
        }
    }

    /// When the peer must be asked for a sign of life.
    func nextProbe(of peer: PeerInfo) -> Nanoseconds {
        if peer.supports(Capability.ping) {
            // One ping at a time: on a stream the second could not be answered before the first.
            return peer.liveness.outstanding == nil ? peer.liveness.nextProbe : .max
        }
        return max(peer.liveness.nextProbe, peer.lastHeard + configuration.pingInterval)
    }

    /// Asks for a sign of life now.
    mutating func probe(_ id: PeerID, at now: Nanoseconds, into effects: inout [PeerEffect]) {
        guard let peer = peers[id], peer.isReady else { return }
        peers.update(id) { $0.liveness.nextProbe = now + configuration.pingInterval }
        if peer.supports(Capability.ping) {
            guard peer.liveness.outstanding == nil else { return }
            let nonce = chance.pingNonce()
            let ping = Liveness.Ping(nonce: nonce, sentAt: now, deadline: now + PeeringLimits.pingAnswerTimeout)
            peers.update(id) { $0.liveness.outstanding = ping }
            effects.append(.sendPing(id, nonce: nonce))
        } else {
            sendRequest(id, at: now, into: &effects)
        }
        wake(at: min(now + configuration.pingInterval, now + PeeringLimits.pingAnswerTimeout))
    }

    /// Sends a request for a peer list, for addresses or for a sign of life.
    mutating func sendRequest(_ id: PeerID, at now: Nanoseconds, into effects: inout [PeerEffect]) {
        peers.update(id) { $0.liveness.requestSentAt = $0.liveness.requestSentAt ?? now }
        effects.append(.sendPeerListRequest(id))
    }
}
