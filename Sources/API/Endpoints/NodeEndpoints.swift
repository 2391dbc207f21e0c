internal import ChainService
internal import Ledger
internal import NIOHTTP1
internal import Network
internal import Node
internal import PodoruConfiguration
internal import Primitives
internal import Wire

/// `node/info`, `node/peers`, `node/health`, `node/live`, `node/ready`.
enum NodeEndpoints {
    static func routes(_ context: APIContext) -> [Route] {
        let cache = NodeStatusCache(context.node) { status, peers in info(status, peers, context) }
        let health = HealthCheck(context, cache)
        let readiness = ReadinessCheck(context, cache)
        return [
            Route(.GET, "/api/v1/node/info") { _ in try await cache.current().infoAnswer },
            Route(.GET, "/api/v1/node/peers") { request in
                let snapshot = try await cache.current()
                return request.isJSON ? snapshot.bareAnswer : snapshot.wrappedAnswer
            },
            Route(.GET, "/api/v1/node/health") { _ in await health.response() },
            Route(.GET, "/api/v1/node/live") { _ in ReadinessCheck.alive },
            Route(.GET, "/api/v1/node/ready") { _ in await readiness.response() },
        ]
    }

    /// Where peers reach the node, as far as they have told, or else what it listens on.
    private static func listening(_ status: NodeStatus, _ context: APIContext) -> String {
        let host = context.configuration.p2pBindAddr
        let bound = Endpoint(host: host, port: status.p2pPort)?.description
        return status.observedAddresses.first?.description ?? bound ?? "\(host):\(status.p2pPort)"
    }

    /// Made once for each status, not for each request: its two dozen fields cost several times what an answer costs otherwise.
    ///
    /// - Parameter peers: the array of peers, as JSON.
    private static func info(_ status: NodeStatus, _ peers: [UInt8], _ context: APIContext) -> APIResponse {
        APIResponse.success(capacity: 1024 + peers.count) { writer in
            writer.raw("{\"version\":")
            writer.string(PodoruVersion.current)
            if let commit = context.node.commit {
                writer.raw(",\"commit\":")
                writer.string(commit)
            }
            writer.raw(",\"node_type\":")
            writer.string(status.nodeType.text)
            // What the Go node says of itself, whatever its role.
            writer.raw(",\"type\":\"podoru-chain\",\"address\":")
            writer.string(identity(status.address, context.node.chain.genesis.rules))
            writer.raw(",\"p2p_address\":")
            writer.string(listening(status, context))
            writer.raw(",\"p2p_port\":")
            writer.integer(status.p2pPort)
            writer.raw(",\"api_port\":")
            writer.integer(context.port)
            writer.raw(",\"chain_id\":")
            writer.string(context.node.chain.chainID)
            writer.raw(",\"rules_hash\":")
            writer.string(context.node.chain.genesis.rulesHash.prefixedHex)
            appendProgress(of: status, to: &writer)
            writer.raw(",\"peer_count\":")
            writer.integer(status.peers.count)
            writer.raw(",\"peers\":")
            writer.raw(peers)
            writer.raw(",\"uptime\":")
            writer.integer(max(0, status.uptime / .seconds(1)))
            writer.raw(",\"observed_addresses\":")
            writer.array(status.observedAddresses) { writer, address in writer.string(address.description) }
            writer.raw(",\"clock_offsets\":")
            writer.array(status.clockOffsets) { writer, offset in writer.clockOffset(offset) }
            writer.raw("}")
        }
    }

    /// An authority's address as the genesis spells it and its blocks carry it, because clients look for it among the authorities.
    private static func identity(_ address: String, _ rules: ChainRules) -> ByteString {
        Address(ByteString(address)).flatMap { rules.producerName(of: $0) } ?? ByteString(address)
    }

    private static func appendProgress(of status: NodeStatus, to writer: inout JSONWriter) {
        writer.raw(",\"height\":")
        writer.integer(status.height)
        writer.raw(",\"best_peer_height\":")
        writer.integer(status.target)
        writer.raw(",\"is_syncing\":")
        writer.bool(status.isSyncing)
        writer.raw(",\"sync_progress\":")
        writer.thousandths(syncProgress(height: status.height, target: status.target))
    }

    /// Thousandths of a per cent; 100 per cent only when nothing is missing.
    static func syncProgress(height: UInt64, target: UInt64) -> UInt64 {
        guard height < target else { return 100_000 }
        let (high, low) = height.multipliedFullWidth(by: 100_000)
        return target.dividingFullWidth((high, low)).quotient
    }
}

extension JSONWriter {
    /// What one authority's last block showed of its clock.
    fileprivate mutating func clockOffset(_ offset: NodeStatus.ClockOffset) {
        raw("{\"producer\":")
        string(offset.producer)
        raw(offset.ahead < 0 ? ",\"ahead_seconds\":-" : ",\"ahead_seconds\":")
        thousandths(offset.ahead.magnitude / 1_000_000)
        raw("}")
    }

    /// One peer, as `node/peers` and `node/info` show it.
    mutating func peer(_ peer: NodeStatus.Peer) {
        raw("{\"id\":")
        string(peer.id)
        raw(",\"address\":")
        string(peer.endpoint.description)
        raw(peer.isInbound ? ",\"direction\":\"inbound\",\"node_type\":" : ",\"direction\":\"outbound\",\"node_type\":")
        string(peer.nodeType.text)
        raw(",\"version\":")
        string(peer.version)
        raw(",\"height\":")
        integer(peer.height)
        raw(",\"connected_at\":")
        integer(peer.connectedAt)
        raw(",\"last_seen\":")
        integer(peer.lastSeen)
        raw(",\"latency_ms\":")
        if let latency = peer.latency {
            thousandths(UInt64(clamping: max(0, latency) / 1000))
        } else {
            raw("null")
        }
        raw(",\"bytes_in\":")
        integer(peer.bytesIn)
        raw(",\"bytes_out\":")
        integer(peer.bytesOut)
        raw(",\"messages_in\":")
        integer(peer.messagesIn)
        raw(",\"messages_out\":")
        integer(peer.messagesOut)
        raw(",\"capabilities\":")
        array(peer.capabilities) { writer, capability in writer.string(capability) }
        raw(",\"dialect\":")
        string(peer.dialect)
        raw("}")
    }
}
