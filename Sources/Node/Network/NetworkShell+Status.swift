internal import Consensus
internal import EventLoop
internal import Ledger
internal import Network
internal import Peering
internal import Primitives
internal import ProtocolCore
internal import Supervisor
internal import Sync

/// What the node says of itself. On the loop.
extension NetworkShell {
    /// Where the node stands, for a supervisor.
    func statusReport() -> NodeReport.Status {
        let core = swarm.core
        var status = NodeReport.Status()
        status.height = core.head.height
        status.hash = core.head.hash
        status.committed = core.committedHead.height
        for peer in core.peers.readyPeers {
            if peer.direction.isInbound { status.inbound += 1 } else { status.outbound += 1 }
        }
        status.isSyncing = core.sync.isSyncing
        status.target = core.sync.target
        status.decisyncRate = UInt64(max(0, core.sync.progress.blocksPerSecond * 10))
        return status
    }

    /// Where the node stands, without its mempool; `nil` once it stops. Linear in the peers.
    func status() -> NodeStatus? {
        guard !isStopping else { return nil }
        let (now, core) = (moment, swarm.core)
        let sync = core.sync.status
        let local = core.configuration.peering.local
        let delivered = Dictionary(sync.peers.map { ($0.id, $0.blocksDelivered) }, uniquingKeysWith: { first, _ in first })
        var status = NodeStatus(height: core.head.height, hash: core.head.hash, committedHeight: core.committedHead.height)
        status.headTimestamp = core.head.timestamp
        status.peers = core.peers.readyPeers.map { info in
            NodeStatus.Peer(info, traffic: core.traffic(of: info.id) ?? Traffic(), blocksDelivered: delivered[info.id] ?? 0, now: now)
        }
        status.isSyncing = sync.isSyncing
        status.target = sync.progress.target
        status.blocksPerSecond = sync.progress.blocksPerSecond
        status.remaining = sync.isSyncing ? sync.progress.remaining : nil
        status.startedAt = startedAt.unixSeconds
        status.uptime = now.uptime - startedAt.uptime
        status.p2pPort = listener?.localAddress.port ?? 0
        status.nodeType = local.nodeType
        status.address = local.nodeID?.checksummed.text ?? ""
        status.observedAddresses = swarm.observedEndpoints(listeningAt: listener.map { Endpoint($0.localAddress) })
        status.isProductionPaused = core.isProductionPaused
        status.clockOffsets = core.clocks.readings(at: now.uptime).map {
            NodeStatus.ClockOffset(producer: $0.producer, ahead: .milliseconds($0.offsetMilliseconds))
        }
        return status
    }
}
