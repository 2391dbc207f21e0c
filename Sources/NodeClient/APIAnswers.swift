/// What a node's API answers, as far as the commands read it. Fields that the published Go node does not send are optional.
package enum APIAnswer {
    /// GET /api/v1/node/info
    package struct NodeInfo: Hashable, Sendable {
        package var version: String?
        /// Of the sources that the node was built from; the Go node and builds without git send none.
        package var commit: String?
        package var nodeType: String?
        package var address: String?
        package var chainID: String?
        package var height: UInt64?
        package var bestPeerHeight: UInt64?
        package var isSyncing: Bool?
        package var peerCount: UInt64?
        package var uptimeSeconds: UInt64?
        package var p2pAddress: String?
        /// Commits to what its genesis fixes beside the block.
        package var rulesHash: String?
        /// How far the clocks of authorities were ahead of the node's, in seconds, by address.
        package var clockOffsets: [ClockOffset] = []
    }

    /// An entry of `clock_offsets` in GET /api/v1/node/info
    package struct ClockOffset: Hashable, Sendable {
        package var producer: String
        /// Seconds between −1e9 and 1e9.
        package var ahead: Double

        /// More than these a node of ours does not tell.
        static let maxCount = 256
    }

    /// An entry of GET /api/v1/node/peers
    package struct Peer: Hashable, Sendable {
        package var id: String
        package var address: String
        /// `inbound` or `outbound`.
        package var direction: String?
        package var nodeType: String?
        package var version: String?
        package var height: UInt64?
        package var latencyMilliseconds: Double?
        package var bytesIn: UInt64?
        package var bytesOut: UInt64?
        package var connectedAt: Int64?
    }

    /// GET /api/v1/chain/info
    package struct ChainInfo: Hashable, Sendable {
        package var height: UInt64
        package var hash: String
        package var genesisHash: String
        package var chainID: String?
        package var authorities: [String]
    }

    /// GET /api/v1/block/…
    package struct Block: Hashable, Sendable {
        package var height: UInt64
        /// 0x-hex; the Go node does not send it.
        package var hash: String?
        /// Seconds since 1970.
        package var timestamp: Int64
        package var producer: String
        package var transactionCount: Int
    }

    /// GET /api/v1/account/…
    package struct Account: Hashable, Sendable {
        /// The next one that can be used; `nil` after the highest of all.
        package var nonce: UInt64?
        /// In the smallest unit, decimal.
        package var balance: String?
    }

    /// Where a transaction is.
    package enum TransactionPlace: Hashable, Sendable {
        case unknown
        case pending
        case confirmed(height: UInt64?, blockHash: String?)
    }

    /// GET /api/v1/gas/config
    package struct GasConfig: Hashable, Sendable {
        package var isEnabled: Bool
        package var baseFee: String
        package var perByteFee: String
    }

    /// GET /api/v1/token/info
    package struct TokenInfo: Hashable, Sendable {
        package var symbol: String
        package var decimals: Int
    }

    /// GET /api/v1/node/health
    package struct Health: Hashable, Sendable {
        /// `healthy`, `degraded` or `unhealthy`.
        package var status: String
        /// The parts that are not well, such as `network: no peers`.
        package var troubles: [String]
        /// The node's clock, seconds since 1970.
        package var timestamp: Int64?
    }
}

extension APIAnswer.TransactionPlace {
    /// Of a transaction that the node knows.
    init(found data: JSONValue) {
        // The Go node gives no status: it knows a transaction by its hash once a block has it.
        self =
            data["status"].text == "pending"
            ? .pending : .confirmed(height: data["block_height"].uint, blockHash: data["block_hash"].shortText)
    }
}

extension APIAnswer.NodeInfo {
    init(_ data: JSONValue) {
        version = data["version"].shortText
        // The Go node says its software's name in `type`.
        nodeType = data["node_type"].shortText
        address = data["address"].shortText.flatMap { $0.isEmpty ? nil : $0 }
        chainID = data["chain_id"].shortText
        height = data["height"].uint
        bestPeerHeight = data["best_peer_height"].uint
        isSyncing = data["is_syncing"].bool
        // Ours has an array in `peers`, the Go node a number.
        peerCount = data["peer_count"].uint ?? data["peers"].uint
        uptimeSeconds = data["uptime"].double.map { UInt64(max(0, min($0, 1e15))) }
        p2pAddress = data["p2p_address"].shortText
        commit = data["commit"].shortText
        rulesHash = data["rules_hash"].shortText
        clockOffsets = (data["clock_offsets"].array ?? []).prefix(APIAnswer.ClockOffset.maxCount).compactMap { entry in
            guard let producer = entry["producer"].shortText, let ahead = entry["ahead_seconds"].double, ahead.isFinite else { return nil }
            return APIAnswer.ClockOffset(producer: producer, ahead: min(max(ahead, -1e9), 1e9))
        }
    }
}

extension APIAnswer.Peer {
    init?(_ entry: JSONValue) {
        guard let address = entry["address"].shortText ?? entry["id"].shortText else { return nil }
        self.address = address
        id = entry["id"].shortText ?? address
        direction = entry["direction"].shortText
        nodeType = entry["node_type"].shortText
        version = entry["version"].shortText
        height = entry["height"].uint
        latencyMilliseconds = entry["latency_ms"].double
        bytesIn = entry["bytes_in"].uint
        bytesOut = entry["bytes_out"].uint
        connectedAt = entry["connected_at"].int
    }
}

extension APIAnswer.ChainInfo {
    init?(_ data: JSONValue) {
        guard let height = data["height"].uint, let hash = data["current_hash"].shortText else { return nil }
        self.height = height
        self.hash = hash
        genesisHash = data["genesis_hash"].shortText ?? ""
        chainID = data["chain_id"].shortText
        authorities = data["authorities"].array?.compactMap(\.shortText) ?? []
    }
}

extension APIAnswer.Block {
    init?(_ data: JSONValue) {
        let header = data["header"]
        guard let height = data["height"].uint ?? header["height"].uint, let time = data["timestamp"].int ?? header["timestamp"].int
        else { return nil }
        self.height = height
        timestamp = time
        hash = data["hash"].shortText
        producer = data["producer"].shortText ?? header["producer_addr"].shortText ?? ""
        transactionCount = data["transaction_count"].uint.map { Int(clamping: $0) } ?? data["transactions"].array?.count ?? 0
    }
}

extension APIAnswer.Health {
    init?(_ data: JSONValue) {
        guard let status = data["status"].shortText else { return nil }
        self.status = status
        timestamp = data["timestamp"].int
        troubles = []
        guard case .object(let checks) = data["checks"] else { return }
        for check in checks where troubles.count < APIAnswer.Health.maxTroubles {
            switch check.value {
            case .bool(false): troubles.append("\(check.name.prefix(64))")
            case .string(let text) where !APIAnswer.Health.good.contains(text.lowercased()):
                troubles.append("\(check.name.prefix(64)): \(check.value.shortText ?? "")")
            case .object:
                let text = check.value["status"].shortText ?? ""
                if !APIAnswer.Health.good.contains(text.lowercased()) {
                    troubles.append("\(check.name.prefix(64)): \(check.value["message"].shortText ?? text)")
                }
            default: break
            }
        }
    }

    /// Parts that are told of.
    private static let maxTroubles = 16
    /// The words for a check that found nothing.
    private static let good = ["healthy", "ok", "pass", "true", "up"]
}
