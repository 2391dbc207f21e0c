internal import EventLoop
internal import Network
internal import Peering
internal import Primitives
internal import ProtocolCore
internal import Synchronization

/// The operator's verbs. On the loop.
extension NetworkShell {
    func addPeer(_ endpoint: Endpoint) throws(OperatorRefusal) -> Bool {
        // Where we listen is known here only, with the port that the system chose.
        if let listener, Endpoint(listener.localAddress) == endpoint { throw .ownEndpoint(endpoint) }
        return try tell { core, now, effects throws(OperatorRefusal) in try core.addPeer(endpoint, at: now, into: &effects) }
    }

    func removePeer(_ selector: PeerSelector) throws(OperatorRefusal) -> Int {
        try tell { core, now, effects throws(OperatorRefusal) in try core.removePeer(selector, at: now, into: &effects) }
    }

    func ban(_ address: IPAddress, for duration: Nanoseconds) throws(OperatorRefusal) -> Int {
        try tell { core, now, effects throws(OperatorRefusal) in try core.ban(address, for: duration, at: now, into: &effects) }
    }

    func unban(_ address: IPAddress) throws(OperatorRefusal) {
        try tell { core, now, _ throws(OperatorRefusal) in try core.unban(address, at: now) }
    }

    func bans() -> [NodeBan] {
        let now = moment
        return swarm.core.peers.bans(at: now).map { ban in
            NodeBan(address: "\(ban.address)", until: now.unixSeconds(atUptime: ban.until), isOperators: ban.isOperators)
        }
    }

    /// Returns whether this node makes blocks at all.
    func setProductionPaused(_ isPaused: Bool) -> Bool {
        guard swarm.core.isProducer else { return false }
        tell { core, now, _ in core.setProductionPaused(isPaused, at: now) }
        return true
    }
}

/// Brings a supervisor's orders to the shell, which is made after the channel that they come by.
final class LateShell: Sendable {
    private struct State {
        var shell: NetworkShell?
        var isPaused = false
    }

    private let state = Mutex(State())

    /// From now on orders go to `shell`; one that came before goes there now. From any thread.
    func arrived(_ shell: NetworkShell) {
        let isPaused = state.withLock { state in
            state.shell = shell
            return state.isPaused
        }
        if isPaused { pauseProduction() }
    }

    /// Has no more blocks ordered, for good. From any thread.
    func pauseProduction() {
        let shell = state.withLock { state in
            state.isPaused = true
            return state.shell
        }
        guard let shell else { return }
        shell.loop.execute { _ = shell.setProductionPaused(true) }
    }
}
