internal import EventLoop
internal import Network
internal import Peering
internal import Primitives
internal import ProtocolCore
internal import Wire

/// The operator's verbs. On the loop.
extension NetworkShell {
    func addPeer(_ endpoint: Endpoint) throws(OperatorRefusal) -> Bool {
        // Where we listen is known here only, with the port that the system chose.
        if let listener, Endpoint(listener.localAddress) == endpoint { throw .ownEndpoint(endpoint) }
        defer { carryOut() }
        return try core.addPeer(endpoint, at: moment, into: &effects)
    }

    func removePeer(_ selector: PeerSelector) throws(OperatorRefusal) -> Int {
        defer { carryOut() }
        return try core.removePeer(selector, at: moment, into: &effects)
    }

    func ban(_ address: IPAddress, for duration: Nanoseconds) throws(OperatorRefusal) -> Int {
        defer { carryOut() }
        return try core.ban(address, for: duration, at: moment, into: &effects)
    }

    func unban(_ address: IPAddress) throws(OperatorRefusal) {
        defer { carryOut() }
        try core.unban(address, at: moment)
    }

    func bans() -> [NodeBan] {
        let now = moment
        return core.peers.bans(at: now).map { ban in
            NodeBan(address: "\(ban.address)", until: now.unixSeconds(atUptime: ban.until), isOperators: ban.isOperators)
        }
    }

    /// Returns whether this node makes blocks at all.
    func setProductionPaused(_ isPaused: Bool) -> Bool {
        guard core.isProducer else { return false }
        chain.setProductionPaused(isPaused)
        core.setProductionPaused(isPaused, at: moment)
        carryOut()
        return true
    }
}
