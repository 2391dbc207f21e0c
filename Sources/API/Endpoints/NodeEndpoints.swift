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
        APIResponse.object(capacity: 1024 + peers.count) { json in
            json.member("version", PodoruVersion.current)
            if let commit = context.node.commit {
                json.member("commit", commit)
            }
            json.member("node_type", status.nodeType.text)
            // What the Go node says of itself, whatever its role.
            json.member("type", "podoru-chain")
            json.member("address", identity(status.address, context.node.chain.genesis.rules))
            json.member("p2p_address", listening(status, context))
            json.member("p2p_port", status.p2pPort)
            json.member("api_port", context.port)
            json.member("chain_id", context.node.chain.chainID)
            json.member("rules_hash", context.node.chain.genesis.rulesHash.prefixedHex)
            appendProgress(of: status, to: &json)
            json.member("peer_count", status.peers.count)
            json.member("peers") { $0.raw(peers) }
            json.member("uptime", max(0, status.uptime / .seconds(1)))
            json.member("observed_addresses") { $0.array(status.observedAddresses) { $0.string($1.description) } }
            json.member("clock_offsets") { $0.array(status.clockOffsets) { $0.clockOffset($1) } }
        }
    }

    /// An authority's address as the genesis spells it and its blocks carry it, because clients look for it among the authorities.
    private static func identity(_ address: String, _ rules: ChainRules) -> ByteString {
        Address(ByteString(address)).flatMap { rules.producerName(of: $0) } ?? ByteString(address)
    }

    private static func appendProgress(of status: NodeStatus, to json: inout JSONWriter) {
        json.member("height", status.height)
        json.member("best_peer_height", status.target)
        json.member("is_syncing", status.isSyncing)
        json.member("sync_progress") { $0.thousandths(syncProgress(height: status.height, target: status.target)) }
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
        object { json in
            json.member("producer", offset.producer)
            json.member("ahead_seconds") { json in
                if offset.ahead < 0 { json.raw("-") }
                json.thousandths(offset.ahead.magnitude / 1_000_000)
            }
        }
    }

    /// One peer, as `node/peers` and `node/info` show it.
    mutating func peer(_ peer: NodeStatus.Peer) {
        object { json in
            json.member("id", peer.id)
            json.member("address", peer.endpoint.description)
            json.member("direction", peer.isInbound ? "inbound" : "outbound")
            json.member("node_type", peer.nodeType.text)
            json.member("version", peer.version)
            json.member("height", peer.height)
            json.member("connected_at", peer.connectedAt)
            json.member("last_seen", peer.lastSeen)
            json.member("latency_ms") { json in
                guard let latency = peer.latency else { return json.null() }
                json.thousandths(UInt64(clamping: max(0, latency) / 1000))
            }
            json.member("bytes_in", peer.bytesIn)
            json.member("bytes_out", peer.bytesOut)
            json.member("messages_in", peer.messagesIn)
            json.member("messages_out", peer.messagesOut)
            json.member("capabilities") { $0.array(peer.capabilities) { $0.string($1) } }
            json.member("dialect", peer.dialect)
        }
    }
}
