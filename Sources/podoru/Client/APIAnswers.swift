/// What a node's API answers, as far as the commands read it. Fields that the published Go node does not send are optional.
enum APIAnswer {
    /// GET /api/v1/node/info
    struct NodeInfo: Hashable, Sendable {
        var version: String?
        /// Of the sources that the node was built from; the Go node and builds without git send none.
        var commit: String?
        var nodeType: String?
        var address: String?
        var chainID: String?
        var height: UInt64?
        var bestPeerHeight: UInt64?
        var isSyncing: Bool?
        var peerCount: UInt64?
        var uptimeSeconds: UInt64?
        var p2pAddress: String?
        /// Commits to what its genesis fixes beside the block.
        var rulesHash: String?
        /// How far the clocks of authorities were ahead of the node's, in seconds, by address.
        var clockOffsets: [ClockOffset] = []
    }

    /// An entry of `clock_offsets` in GET /api/v1/node/info
    struct ClockOffset: Hashable, Sendable {
        var producer: String
        /// Seconds between −1e9 and 1e9.
        var ahead: Double

        /// More than these a node of ours does not tell.
        static let maxCount = 256
    }

    /// An entry of GET /api/v1/node/peers
    struct Peer: Hashable, Sendable {
        var id: String
        var address: String
        /// `inbound` or `outbound`.
        var direction: String?
        var nodeType: String?
        var version: String?
        var height: UInt64?
        var latencyMilliseconds: Double?
        var bytesIn: UInt64?
        var bytesOut: UInt64?
        var connectedAt: Int64?
    }

    /// GET /api/v1/chain/info
    struct ChainInfo: Hashable, Sendable {
        var height: UInt64
        var hash: String
        var genesisHash: String
        var chainID: String?
        var authorities: [String]
    }

    /// GET /api/v1/block/…
    struct Block: Hashable, Sendable {
        var height: UInt64
        /// 0x-hex; the Go node does not send it.
        var hash: String?
        /// Seconds since 1970.
        var timestamp: Int64
        var producer: String
        var transactionCount: Int
    }

    /// GET /api/v1/account/…
    struct Account: Hashable, Sendable {
        /// The next one that can be used; `nil` after the highest of all.
        var nonce: UInt64?
        /// In the smallest unit, decimal.
        var balance: String?
    }

    /// Where a transaction is.
    enum TransactionPlace: Hashable, Sendable {
        case unknown
        case pending
        case confirmed(height: UInt64?, blockHash: String?)
    }

    /// GET /api/v1/gas/config
    struct GasConfig: Hashable, Sendable {
        var isEnabled: Bool
        var baseFee: String
        var perByteFee: String
    }

    /// GET /api/v1/token/info
    struct TokenInfo: Hashable, Sendable {
        var symbol: String
        var decimals: Int
    }

    /// GET /api/v1/node/health
    struct Health: Hashable, Sendable {
        /// `healthy`, `degraded` or `unhealthy`.
        var status: String
        /// The parts that are not well, such as `network: no peers`.
        var troubles: [String]
        /// The node's clock, seconds since 1970.
        var timestamp: Int64?
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
