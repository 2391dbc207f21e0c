internal import Consensus
internal import EventLoop
internal import Ledger
internal import Network
internal import Peering
internal import Primitives
internal import ProtocolCore
internal import Sync
internal import Wire

/// What the node says of itself. On the loop.
extension NetworkShell {
    /// Where the node stands, for a supervisor.
    func statusReport() -> NodeReport.Status {
        var status = NodeReport.Status()
        status.height = core.head.height
        status.hash = core.head.hash
        status.committed = core.committedHeight
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
        let now = moment
        let sync = core.sync.status
        let local = core.configuration.peering.local
        let delivered = Dictionary(sync.peers.map { ($0.id, $0.blocksDelivered) }, uniquingKeysWith: { first, _ in first })
        var status = NodeStatus(height: core.head.height, hash: core.head.hash, committedHeight: core.committedHeight)
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
        status.p2pPort = port
        status.nodeType = local.nodeType
        status.address = local.nodeID?.checksummed.text ?? ""
        status.observedAddresses = observedAddresses
        status.clockOffsets = core.clocks.readings(at: now.uptime).map {
            NodeStatus.ClockOffset(producer: $0.producer, ahead: .milliseconds($0.offsetMilliseconds))
        }
        return status
    }

    private var port: UInt16 { listener?.localAddress.port ?? 0 }

    /// Where peers find this node, as far as it knows, the surest first: what the operator announces, where it listens, where
    /// dials led back to it, and on which of its addresses it was reached.
    ///
    /// Bounded by `PeeringLimits.maxOwnEndpoints` and `NetworkOptions.maxReachedAddresses`, and two.
    private var observedAddresses: [Endpoint] {
        let announced = Endpoint(core.configuration.peering.local.listenAddress).map { [$0] } ?? []
        let bound = listener.map { [Endpoint($0.localAddress)] } ?? []
        let reached = reachedAddresses.map { Endpoint(address: $0, port: port) }
        var found: [Endpoint] = []
        for endpoint in announced + bound + core.peers.ownEndpoints + reached where endpoint.isDialable && !found.contains(endpoint) {
            found.append(endpoint)
        }
        return found
    }
}
