public import Network
public import Peering
public import Primitives

/// What the operator asks while the node runs. `PeerManager+Operator` says what each of the peer verbs means.
extension ProtocolCore {
    /// Dials a peer for ever. Returns false when it was in the list already.
    public mutating func addPeer(
        _ endpoint: Endpoint, at now: Moment, into effects: inout [CoreEffect]
    ) throws(OperatorRefusal) -> Bool {
        let isNew = try peers.addPeer(endpoint, at: now, into: &peerEffects.waiting)
        peers.tick(at: now, into: &peerEffects.waiting)
        settle(at: now, into: &effects)
        return isNew
    }

    /// Disconnects a peer and does not dial it again. Returns the number of connections closed.
    public mutating func removePeer(
        _ selector: PeerSelector, at now: Moment, into effects: inout [CoreEffect]
    ) throws(OperatorRefusal) -> Int {
        let count = try peers.removePeer(selector, at: now, into: &peerEffects.waiting)
        settle(at: now, into: &effects)
        return count
    }

    /// Keeps an address out for a while. Returns the number of connections closed.
    public mutating func ban(
        _ address: IPAddress, for duration: Nanoseconds, at now: Moment, into effects: inout [CoreEffect]
    ) throws(OperatorRefusal) -> Int {
        let count = try peers.ban(address, for: duration, at: now, into: &peerEffects.waiting)
        settle(at: now, into: &effects)
        return count
    }

    /// Lifts every ban of an address.
    public mutating func unban(_ address: IPAddress, at now: Moment) throws(OperatorRefusal) {
        try peers.unban(address, at: now)
    }

    /// Orders no more blocks, or does again. A block under way is made.
    public mutating func setProductionPaused(_ isPaused: Bool, at now: Moment) {
        production?.isPaused = isPaused
        reconsiderProduction(at: now)
    }

    /// Whether it orders none because somebody asked for that.
    public var isProductionPaused: Bool { production?.isPaused ?? false }

    /// Whether this node makes blocks when it may.
    public var isProducer: Bool { production != nil }
}
